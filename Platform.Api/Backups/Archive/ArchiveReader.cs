using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Platform.Api.Backups.Archive;

/// <summary>Reads an archive from its beginning to its end, and checks everything that can be checked. It holds no entry in memory.</summary>
internal static partial class ArchiveReader
{
    private const int MaxManifestBytes = 1 << 30;

    /// <summary>Does something with the content of an entry; what is not read of it is read afterwards.</summary>
    public delegate Task EntryHandler(string name, long size, Stream content, CancellationToken cancellationToken);

    /// <summary>Reads the archive. What the handler was given is known to be right only when this has returned.</summary>
    /// <param name="archive">As it is stored; it stays open.</param>
    /// <param name="secret">Of an encrypted archive; null for one that is not.</param>
    /// <param name="sha256">What the checksum of the stored archive has to be, where that is known.</param>
    /// <param name="handle">Called for each entry but the manifest, in their order; null to check only.</param>
    /// <exception cref="DamagedArchiveException">The archive is not what was written.</exception>
    /// <exception cref="BackupException">It is of a newer version, or was encrypted with another secret.</exception>
    public static async Task<VerifiedArchive> ReadAsync(
        Stream archive, string? secret, string? sha256, EntryHandler? handle, CancellationToken cancellationToken)
    {
        await using var stored = new HashedContent(archive);
        await using var decrypted = secret is null ? null : new DecryptingStream(stored, secret);
        var plain = decrypted ?? (Stream)stored;
        ArchiveManifest manifest;
        try
        {
            await using var compression = new GZipStream(plain, CompressionMode.Decompress, leaveOpen: true);
            manifest = await ReadEntriesAsync(compression, handle, cancellationToken);
            await compression.CopyToAsync(Stream.Null, cancellationToken);
            await plain.CopyToAsync(Stream.Null, cancellationToken);
        }
        catch (Exception damaged) when (damaged is InvalidDataException or EndOfStreamException)
        {
            throw new DamagedArchiveException("It is damaged, or was cut short.", damaged);
        }
        return sha256 is null || string.Equals(sha256, stored.GetHash(), StringComparison.OrdinalIgnoreCase)
            ? new(manifest, stored.Size, stored.GetHash())
            : throw new DamagedArchiveException("Its checksum is not the one that was stored beside it.");
    }

    private static async Task<ArchiveManifest> ReadEntriesAsync(Stream tar, EntryHandler? handle, CancellationToken cancellationToken)
    {
        await using var reader = new TarReader(tar, leaveOpen: true);
        var seen = new List<ArchiveEntry>();
        while (await NextAsync(reader, cancellationToken) is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || !Name().IsMatch(entry.Name))
            {
                throw new DamagedArchiveException("It has entries that are not Platform's: it is damaged, or of a newer version.");
            }
            await using var content = new HashedContent(entry.DataStream ?? Stream.Null);
            if (entry.Name == ArchiveManifest.EntryName)
            {
                var manifest = await ReadManifestAsync(entry.Length, content, cancellationToken);
                if (!manifest.Entries.SequenceEqual(seen) || await NextAsync(reader, cancellationToken) is not null)
                {
                    throw new DamagedArchiveException("Its entries are not those of its manifest.");
                }
                return manifest;
            }
            if (handle is not null)
            {
                await handle(entry.Name, entry.Length, content, cancellationToken);
            }
            await content.CopyToAsync(Stream.Null, cancellationToken);
            seen.Add(new(entry.Name, content.Size, content.GetHash()));
        }
        throw new DamagedArchiveException("It was cut short: it has no manifest.");
    }

    private static async Task<ArchiveManifest> ReadManifestAsync(long size, Stream content, CancellationToken cancellationToken)
    {
        if (size > MaxManifestBytes)
        {
            throw new DamagedArchiveException("Its manifest is too large.");
        }
        try
        {
            var manifest = await JsonSerializer.DeserializeAsync(content, ArchiveJson.Default.ArchiveManifest, cancellationToken)
                ?? throw new DamagedArchiveException("Its manifest is empty.");
            return manifest.Format == ArchiveManifest.CurrentFormat
                ? manifest
                : throw new BackupException(
                    $"It is of a newer version of Platform ({manifest.Version}): format {manifest.Format}, "
                    + $"and this one reads {ArchiveManifest.CurrentFormat}.");
        }
        catch (JsonException damaged)
        {
            throw new DamagedArchiveException("It is damaged, or was cut short: its manifest cannot be read.", damaged);
        }
    }

    private static async Task<TarEntry?> NextAsync(TarReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.GetNextEntryAsync(copyData: false, cancellationToken);
        }
        // What is no tar ends in any of these, too.
        catch (Exception damaged) when (damaged is FormatException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            throw new DamagedArchiveException("It is damaged, or was cut short.", damaged);
        }
    }

    // Nothing that could lead out of a folder.
    [GeneratedRegex(@"\A(manifest\.json|database/[a-z_][a-z0-9_]{0,62}/[0-9]{8}\.copy|objects/documents/[0-9a-f]{32})\z")]
    private static partial Regex Name();
}

/// <summary>An archive that was read from its beginning to its end, and is whole.</summary>
/// <param name="Size">As it is stored, in bytes.</param>
/// <param name="Sha256">As it is stored, in lower-case hex.</param>
internal sealed record VerifiedArchive(ArchiveManifest Manifest, long Size, string Sha256)
{
    public long Contacts => Manifest.RowsOf("contact_submissions");

    /// <summary>Those in the trash included.</summary>
    public long Documents => Manifest.RowsOf("documents");
}
