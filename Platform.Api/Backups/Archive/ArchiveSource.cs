namespace Platform.Api.Backups.Archive;

/// <summary>An archive that can be read, more than once.</summary>
/// <param name="Secret">Of one that is encrypted.</param>
/// <param name="Sha256">What its checksum has to be, where that is known.</param>
/// <param name="IsUnderItsName">Whether its name has to be the one that it was written under.</param>
internal sealed record ArchiveSource(
    string Name, string? Secret, string? Sha256, Func<CancellationToken, Task<Stream>> OpenAsync, bool IsUnderItsName)
{
    private const int BufferSize = 128 * 1024;

    /// <summary>A file, under whatever name, with the checksum that lies beside it, if one does.</summary>
    public static async Task<ArchiveSource> OfFileAsync(string path, string? secret, CancellationToken cancellationToken)
    {
        var checksum = path + BackupDestination.ChecksumSuffix;
        string? sha256 = null;
        if (File.Exists(checksum))
        {
            await using var file = Open(checksum);
            sha256 = await BackupDestination.ReadChecksumAsync(file, cancellationToken);
        }
        return new(Path.GetFileName(path), secret, sha256, _ => Task.FromResult<Stream>(Open(path)), IsUnderItsName: false);

        static FileStream Open(string path) =>
            new(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize, FileOptions.Asynchronous | FileOptions.SequentialScan);
    }

    /// <inheritdoc cref="ArchiveReader.ReadAsync"/>
    public async Task<VerifiedArchive> ReadAsync(ArchiveReader.EntryHandler? handle, CancellationToken cancellationToken)
    {
        await using var content = await OpenAsync(cancellationToken);
        var archive = await ArchiveReader.ReadAsync(content, Secret, Sha256, handle, cancellationToken);
        return !IsUnderItsName || archive.Manifest.Name == Name
            ? archive
            : throw new DamagedArchiveException($"It is {archive.Manifest.Name} under another name.");
    }
}
