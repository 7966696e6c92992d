using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace Platform.Api.Backups.Archive;

/// <summary>Writes an archive: a tar (PAX) of files, the manifest last, compressed and, with a secret, encrypted. The output stays open.</summary>
internal sealed class ArchiveWriter : IAsyncDisposable
{
    private readonly EncryptingStream? _encryption;
    private readonly GZipStream _compression;
    private readonly TarWriter _tar;
    private readonly DateTimeOffset _createdAt;
    private readonly List<ArchiveEntry> _entries = [];

    /// <param name="createdAt">The time of all entries.</param>
    public ArchiveWriter(Stream output, string? secret, DateTimeOffset createdAt)
    {
        _encryption = secret is null ? null : new(output, secret);
        // Fastest: documents are mostly compressed already, and a machine that is backed up has other things to do.
        _compression = new(_encryption ?? output, CompressionLevel.Fastest, leaveOpen: true);
        _tar = new(_compression, TarEntryFormat.Pax, leaveOpen: true);
        _createdAt = createdAt;
    }

    /// <summary>What was written so far.</summary>
    public IReadOnlyList<ArchiveEntry> Entries => _entries;

    /// <summary>Adds a file.</summary>
    /// <param name="content">Exactly so many bytes.</param>
    public async Task<ArchiveEntry> AddAsync(string name, Stream content, long length, CancellationToken cancellationToken)
    {
        await using var hashed = new HashedContent(content, length);
        await _tar.WriteEntryAsync(
            new PaxTarEntry(TarEntryType.RegularFile, name)
            {
                DataStream = hashed,
                ModificationTime = _createdAt,
                Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            },
            cancellationToken);
        if (hashed.Size != length)
        {
            throw new BackupException($"{name} ended after {hashed.Size} of {length} bytes.");
        }
        var entry = new ArchiveEntry(name, length, hashed.GetHash());
        _entries.Add(entry);
        return entry;
    }

    /// <summary>Adds the manifest. Nothing may be added afterwards.</summary>
    public async Task CompleteAsync(ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        using var json = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(manifest, ArchiveJson.Default.ArchiveManifest));
        await AddAsync(ArchiveManifest.EntryName, json, json.Length, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _tar.DisposeAsync();
        await _compression.DisposeAsync();
        if (_encryption is not null)
        {
            await _encryption.DisposeAsync();
        }
    }
}
