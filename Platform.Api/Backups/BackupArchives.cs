using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Backups.Archive;
using Platform.Api.Storage;

namespace Platform.Api.Backups;

/// <summary>The archives at the destination, with what is known of them.</summary>
/// <param name="destination">Null when there are no backups.</param>
internal sealed partial class BackupArchives(
    BackupStore store, IOptions<BackupOptions> options, ILogger<BackupArchives> logger, BackupDestination? destination = null)
{
    /// <summary>The newest archive.</summary>
    public const string Latest = "latest";

    public bool IsEnabled => destination is not null;

    /// <exception cref="InvalidOperationException">There are no backups.</exception>
    public BackupDestination Destination => destination ?? throw new InvalidOperationException("Backups:Url is not set.");

    /// <summary>How the audit log names an archive.</summary>
    public static string Subject(ArchiveName name) => $"backup:{name}";

    /// <summary>Those that are whole, the newest first.</summary>
    public async Task<List<Backup>> ListAsync(BackupHistory history, CancellationToken cancellationToken)
    {
        var backups = new List<Backup>();
        foreach (var (name, size) in await Destination.ListAsync(cancellationToken))
        {
            var record = history.Find(name.ToString());
            if (record is null or { State: "completed" })
            {
                backups.Add(Backup.Of(name, size, record, record?.Sha256 ?? await Destination.ReadChecksumAsync(name, cancellationToken)));
            }
        }
        return backups;
    }

    /// <summary>Reads an archive from its beginning to its end, and compares everything in it with its checksums.</summary>
    /// <param name="sha256">What its own checksum has to be; null for the one that lies beside it.</param>
    /// <exception cref="ObjectNotFoundException">There is no such archive.</exception>
    /// <exception cref="DamagedArchiveException">It is not what was written.</exception>
    /// <exception cref="BackupException">It was encrypted with another key, or is of a newer version.</exception>
    public async Task<VerifiedArchive> ReadAsync(ArchiveName name, string? sha256, CancellationToken cancellationToken) =>
        await (await SourceAsync(name, sha256, cancellationToken)).ReadAsync(handle: null, cancellationToken);

    /// <summary>Finds an archive to be restored.</summary>
    /// <param name="archive">The path of a file, the name of an archive at the destination, or <c>latest</c> for the newest one there.</param>
    /// <exception cref="BackupException">There is none.</exception>
    public async Task<ArchiveSource> FindAsync(string archive, CancellationToken cancellationToken)
    {
        if (File.Exists(archive))
        {
            return await ArchiveSource.OfFileAsync(archive, SecretFor(archive), cancellationToken);
        }
        if (destination is null)
        {
            throw new BackupException($"There is no file {archive}, and Backups:Url, which says where archives are, is not set.");
        }
        var found = await destination.ListAsync(cancellationToken);
        var (name, _) = archive == Latest ? found.FirstOrDefault() : found.Find(candidate => candidate.Name.ToString() == archive);
        return name is not null
            ? await SourceAsync(name, sha256: null, cancellationToken)
            : throw new BackupException(
                found.Count == 0
                    ? $"There is no backup in {destination.Description}."
                    : $"There is no backup {archive} in {destination.Description}. The newest is {found[0].Name}.");
    }

    /// <summary>Reads an archive, and notes whether it is damaged.</summary>
    /// <exception cref="ObjectNotFoundException">There is no such archive.</exception>
    public async Task VerifyAsync(
        ArchiveName name, Func<IReadOnlyDictionary<string, string>, NpgsqlBatchCommand> audit, CancellationToken cancellationToken)
    {
        VerifiedArchive? archive = null;
        try
        {
            archive = await ReadAsync(name, (await store.ReadAsync(cancellationToken)).Find(name.ToString())?.Sha256, cancellationToken);
            LogVerified(name, "whole");
        }
        catch (DamagedArchiveException damaged)
        {
            LogVerified(name, $"damaged: {damaged.Message}");
        }
        await using var content = await Destination.OpenAsync(name, cancellationToken);
        var details = new Dictionary<string, string> { ["damaged"] = archive is null ? "true" : "false" };
        await store.SaveVerificationAsync(name, content.Length, archive, audit(details), cancellationToken);
    }

    public async Task DeleteAsync(ArchiveName name, NpgsqlBatchCommand audit, CancellationToken cancellationToken)
    {
        await Destination.DeleteAsync(name, cancellationToken);
        await store.DeleteAsync(name, audit, cancellationToken);
        LogDeleted(name);
    }

    /// <summary>
    /// Deletes this system's archives whose time has passed. Damaged ones are no reason to delete others, and stay for a person to look at.
    /// </summary>
    public async Task ApplyRetentionAsync(CancellationToken cancellationToken)
    {
        var found = await Destination.ListAsync(cancellationToken);
        await store.ReconcileAsync(found, cancellationToken);
        var ours = (await store.ReadAsync(cancellationToken)).Records
            .Where(record => record is { IsOurs: true, IsDamaged: false }).Select(record => record.Name).ToHashSet();
        // Checked at the start.
        var retention = BackupRetention.Parse(options.Value.Keep)!;
        var whole = found.Select(archive => archive.Name).Where(name => ours.Contains(name.ToString())).ToList();
        foreach (var name in whole.Except(retention.Select(whole)))
        {
            await DeleteAsync(name, AuditLog.Entry(AuditLog.System, correlationId: null, "backup.deleted", Subject(name)), cancellationToken);
        }
    }

    private async Task<ArchiveSource> SourceAsync(ArchiveName name, string? sha256, CancellationToken cancellationToken) => new(
        name.ToString(),
        SecretFor(name.ToString()),
        sha256 ?? await Destination.ReadChecksumAsync(name, cancellationToken),
        token => Destination.OpenAsync(name, token),
        IsUnderItsName: true);

    /// <summary>What an archive of this name has to be decrypted with.</summary>
    private string? SecretFor(string name) => !name.EndsWith(ArchiveName.EncryptedSuffix, StringComparison.Ordinal) ? null
        : options.Value is { IsEncrypted: true, EncryptionKey: var secret } ? secret
        : throw new BackupException($"{Path.GetFileName(name)} is encrypted, and Backups:EncryptionKey is not set.");

    [LoggerMessage(LogLevel.Information, "The backup {Name} was read and is {Outcome}", EventName = "BackupVerified")]
    private partial void LogVerified(ArchiveName name, string outcome);

    [LoggerMessage(LogLevel.Information, "The backup {Name} was deleted", EventName = "BackupDeleted")]
    private partial void LogDeleted(ArchiveName name);
}
