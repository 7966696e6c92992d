using System.Data.Common;
using System.Text;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Backups;

/// <summary>
/// Where archives are: a folder, or a bucket of a server that speaks S3. Beside each lies its checksum in the format of sha256sum. When it is
/// away, every method throws <see cref="ServiceUnavailableException"/>.
/// </summary>
internal sealed class BackupDestination(IObjectStore store, string description) : IDisposable
{
    /// <summary>What the name of a checksum's file ends with.</summary>
    public const string ChecksumSuffix = ".sha256";

    private const int MaxChecksumBytes = 1024;

    // A part of 8 MB goes over a slow line, too, and whoever asks does not wait for long.
    private const int RequestTimeoutSeconds = 30;

    /// <summary>The folder, or server and bucket; no secret.</summary>
    public string Description { get; } = description;

    /// <summary>Whether <see cref="Create"/> can read it.</summary>
    public static bool IsUrl(string url) => Path.IsPathFullyQualified(url) || TryParse(url, out _, out _, out _);

    /// <param name="url">As <see cref="BackupOptions.Url"/> has it.</param>
    public static BackupDestination Create(string url)
    {
        if (Path.IsPathFullyQualified(url))
        {
            return new(new FileObjectStore(url), Path.GetFullPath(url));
        }
        return TryParse(url, out var settings, out var connection, out var description)
            ? new(new S3ObjectStore(settings, connection.ConnectionString), description)
            : throw new ArgumentException("Not the address of a destination.", nameof(url));
    }

    /// <summary>
    /// The address of a bucket of the server that has the objects, with the keys of that server where it has none of its own. Other addresses stay
    /// as they are: no other server is shown these keys.
    /// </summary>
    /// <param name="url">As <see cref="BackupOptions.Url"/> has it.</param>
    /// <param name="objects">The connection string of the server that has the objects; null when they are files.</param>
    public static string WithKeys(string url, string? objects)
    {
        var connection = new DbConnectionStringBuilder { ConnectionString = objects };
        return Uri.TryCreate(url, UriKind.Absolute, out var bucket) && bucket is { Scheme: "s3" or "s3+http", UserInfo: "" }
            && connection.TryGetValue("Endpoint", out var endpoint) && connection.TryGetValue("AccessKey", out var key)
            && connection.TryGetValue("SecretKey", out var secret)
            && Uri.TryCreate((string)endpoint, UriKind.Absolute, out var server) && server.Authority == bucket.Authority
                ? $"{bucket.Scheme}://{Uri.EscapeDataString((string)key)}:{Uri.EscapeDataString((string)secret)}"
                    + $"@{bucket.Authority}{bucket.PathAndQuery}"
                : url;
    }

    public void Dispose() => (store as IDisposable)?.Dispose();

    /// <summary>Creates the folder or the bucket, unless it is there.</summary>
    public Task PrepareAsync(CancellationToken cancellationToken) => AskAsync(() => store.PrepareAsync(cancellationToken));

    /// <summary>The archives with their sizes in bytes, the newest first. Other files are none of ours.</summary>
    public Task<List<(ArchiveName Name, long Size)>> ListAsync(CancellationToken cancellationToken) => AskAsync(async () =>
    {
        var archives = new List<(ArchiveName Name, long Size)>();
        // Before the first backup there may be neither a folder nor a bucket, which is no failure.
        await store.PrepareAsync(cancellationToken);
        await foreach (var found in store.ListAsync("platform-", cancellationToken))
        {
            if (ArchiveName.TryParse(found.Key, out var name))
            {
                archives.Add((name, found.Size));
            }
        }
        archives.Sort((one, other) => other.Name.CreatedAt.CompareTo(one.Name.CreatedAt));
        return archives;
    });

    /// <summary>Stores an archive. It is there under its name when all of it is.</summary>
    public Task PutAsync(ArchiveName name, Stream content, CancellationToken cancellationToken) =>
        AskAsync(() => store.PutAsync(name.ToString(), content, "application/octet-stream", cancellationToken));

    /// <exception cref="ObjectNotFoundException">There is no such archive.</exception>
    public Task<Stream> OpenAsync(ArchiveName name, CancellationToken cancellationToken) =>
        AskAsync(() => store.OpenAsync(name.ToString(), cancellationToken));

    /// <param name="sha256">Of the archive, in hex.</param>
    public Task PutChecksumAsync(ArchiveName name, string sha256, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        using var line = new MemoryStream(Encoding.ASCII.GetBytes($"{sha256}  {name}\n"));
        await store.PutAsync(name + ChecksumSuffix, line, "text/plain", cancellationToken);
    });

    /// <summary>The checksum that lies beside the archive; null when there is none.</summary>
    public Task<string?> ReadChecksumAsync(ArchiveName name, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        try
        {
            await using var file = await store.OpenAsync(name + ChecksumSuffix, cancellationToken);
            return await ReadChecksumAsync(file, cancellationToken);
        }
        catch (ObjectNotFoundException)
        {
            return null;
        }
    });

    /// <summary>The first word of what sha256sum writes.</summary>
    public static async Task<string?> ReadChecksumAsync(Stream file, CancellationToken cancellationToken)
    {
        var bytes = new byte[MaxChecksumBytes];
        var read = await file.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.ASCII.GetString(bytes, 0, read).Split(' ', 2)[0].Trim();
    }

    /// <summary>Deletes the archive with its checksum, and what an interrupted backup left of it.</summary>
    public Task DeleteAsync(ArchiveName name, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        await store.DeleteAsync(name.ToString(), cancellationToken);
        await store.DeleteAsync(name + ChecksumSuffix, cancellationToken);
    });

    private static Task<bool> AskAsync(Func<Task> request) => AskAsync(async () =>
    {
        await request();
        return true;
    });

    /// <summary>The store's failure, under the name that people know it by.</summary>
    private static async Task<T> AskAsync<T>(Func<Task<T>> request)
    {
        try
        {
            return await request();
        }
        catch (ServiceUnavailableException away)
        {
            throw new ServiceUnavailableException("destination of the backups", away.RetryAfter, away.InnerException);
        }
    }

    private static bool TryParse(string url, out S3Options settings, out DbConnectionStringBuilder connection, out string description)
    {
        (settings, connection, description) = (new() { TimeoutSeconds = RequestTimeoutSeconds }, [], "");
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("s3" or "s3+http") || uri.Fragment.Length > 0
            || uri.UserInfo.Split(':') is not [{ Length: > 0 } user, { Length: > 0 } secret]
            || uri.AbsolutePath.Trim('/') is not { Length: > 0 } bucket || bucket.Contains('/', StringComparison.Ordinal))
        {
            return false;
        }
        foreach (var (name, value) in Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(uri.Query))
        {
            if (name != "region")
            {
                return false;
            }
            settings.Region = value.ToString();
        }
        settings.Bucket = bucket;
        connection["Endpoint"] = $"{(uri.Scheme == "s3" ? "https" : "http")}://{uri.Authority}";
        connection["AccessKey"] = Uri.UnescapeDataString(user);
        connection["SecretKey"] = Uri.UnescapeDataString(secret);
        description = $"{uri.Scheme}://{uri.Authority}/{bucket}";
        return true;
    }
}
