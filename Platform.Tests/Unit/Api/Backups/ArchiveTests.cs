using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using FsCheck.Xunit;
using Platform.Api.Backups;
using Platform.Api.Backups.Archive;
using Platform.Tests.Api.Backups;

namespace Platform.Tests.Unit.Api.Backups;

/// <summary>The archive: it is read as it was written, and every change of it is found.</summary>
public sealed class ArchiveTests
{
    private const string Object = "objects/documents/0123456789abcdef0123456789abcdef";
    private const string Table = "database/notes/00000000.copy";

    private static readonly DateTime CreatedAt = new(2026, 11, 26, 4, 30, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(null)]
    [InlineData("a-secret-of-at-least-32-characters")]
    public async Task It_is_read_as_it_was_written(string? secret)
    {
        var bytes = await WriteAsync(secret);
        var seen = new Dictionary<string, byte[]>();

        var archive = await ReadAsync(bytes, secret, handle: async (name, size, content, cancellationToken) =>
        {
            var read = new byte[size];
            await content.ReadExactlyAsync(read, cancellationToken);
            seen.Add(name, read);
        });

        Assert.Equal([Table, Object], seen.Keys);
        Assert.Equal("1\tone\n2\ttwo\n", Encoding.UTF8.GetString(seen[Table]));
        Assert.Equal(300_000, seen[Object].Length);
        Assert.Equal(2, archive.Manifest.RowsOf("notes"));
        Assert.Equal(CreatedAt, archive.Manifest.CreatedAt);
        Assert.Equal(bytes.Length, archive.Size);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), archive.Sha256);
    }

    [Property(MaxTest = 150)]
    public async Task One_bit_that_is_not_as_it_was_is_found(int seed)
    {
        var random = new Random(seed);
        var bytes = await WriteAsync(secret: null);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));

        await Assert.ThrowsAnyAsync<BackupException>(() => ReadAsync(bytes, secret: null, sha256));
    }

    [Property(MaxTest = 60)]
    public async Task An_end_that_is_missing_is_found_without_a_checksum_beside_it(int seed)
    {
        var bytes = await WriteAsync(secret: null);

        await Assert.ThrowsAsync<DamagedArchiveException>(
            () => ReadAsync(bytes[..new Random(seed).Next(bytes.Length - 1000)], secret: null));
    }

    [Property(MaxTest = 100)]
    public async Task What_is_no_archive_is_refused(byte[] bytes) =>
        await Assert.ThrowsAnyAsync<BackupException>(() => ReadAsync(bytes, secret: null));

    public static TheoryData<string> Changes =>
    [
        "content", "entry left out", "entry added", "entry twice", "order", "path that leads out", "absolute path", "link", "folder",
        "no manifest entry", "bomb",
    ];

    [Theory, MemberData(nameof(Changes))]
    public async Task Whatever_else_is_written_into_it_is_found(string change)
    {
        var archive = await UnpackedAsync();
        var entries = archive.Entries;
        Action apply = change switch
        {
            "content" => () => entries[0] = entries[0] with { Content = "1\tone\n2\tTWO\n"u8.ToArray() },
            "entry left out" => () => entries.RemoveAt(1),
            "entry added" => () => entries.Add((TarEntryType.RegularFile, Object.Replace('0', '1'), [1])),
            "entry twice" => () => entries.Add(entries[1]),
            "order" => () => entries.Reverse(),
            "path that leads out" => () => Add(TarEntryType.RegularFile, "objects/documents/../../../etc/passwd"),
            "absolute path" => () => Add(TarEntryType.RegularFile, "/etc/cron.d/root"),
            "link" => () => Add(TarEntryType.SymbolicLink, Object.Replace('0', '1')),
            "folder" => () => Add(TarEntryType.Directory, "objects/documents"),
            "no manifest entry" => () => archive.Manifest["entries"]!.AsArray().RemoveAt(0),
            // 100 MB that are 100 KB; what is not in the manifest is not kept.
            "bomb" => () => entries.Add((TarEntryType.RegularFile, Object.Replace('0', '1'), new byte[100_000_000])),
            _ => throw new InvalidOperationException(change),
        };
        apply();

        await Assert.ThrowsAsync<DamagedArchiveException>(() => ReadAsync(archive.ToArray(), secret: null));

        void Add(TarEntryType type, string name)
        {
            entries.Add((type, name, []));
            archive.Describe(name, []);
        }
    }

    [Fact]
    public async Task One_of_a_newer_format_says_so()
    {
        var archive = await UnpackedAsync();
        archive.Manifest["format"] = 2;
        archive.Manifest["version"] = "9.8.7";

        var refused = await Assert.ThrowsAsync<BackupException>(() => ReadAsync(archive.ToArray(), secret: null));

        Assert.Contains("newer version of Platform (9.8.7)", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tables")]
    [InlineData("name")]
    [InlineData("entries")]
    public async Task A_manifest_that_lacks_something_is_damaged(string property)
    {
        var archive = await UnpackedAsync();
        archive.Manifest.AsObject().Remove(property);

        await Assert.ThrowsAsync<DamagedArchiveException>(() => ReadAsync(archive.ToArray(), secret: null));
    }

    private static async Task<ArchiveFile> UnpackedAsync()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, await WriteAsync(secret: null));
            return ArchiveFile.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task<byte[]> WriteAsync(string? secret)
    {
        using var output = new MemoryStream();
        await using (var archive = new ArchiveWriter(output, secret, CreatedAt))
        {
            await AddAsync(Table, "1\tone\n2\ttwo\n"u8.ToArray());
            await AddAsync(Object, RandomNumberGenerator.GetBytes(300_000));
            await archive.CompleteAsync(
                new(
                    ArchiveManifest.CurrentFormat, "platform-20261126T043000Z.tar.gz", "1.0.0", 5, CreatedAt, [new("notes", ["id", "text"], 2)],
                    new Dictionary<string, long> { ["notes_id_seq"] = 2 }, [.. archive.Entries]),
                CancellationToken.None);

            async Task AddAsync(string name, byte[] bytes)
            {
                using var content = new MemoryStream(bytes);
                await archive.AddAsync(name, content, bytes.Length, CancellationToken.None);
            }
        }
        return output.ToArray();
    }

    private static async Task<VerifiedArchive> ReadAsync(
        byte[] bytes, string? secret, string? sha256 = null, ArchiveReader.EntryHandler? handle = null)
    {
        using var input = new MemoryStream(bytes);
        return await ArchiveReader.ReadAsync(input, secret, sha256, handle, CancellationToken.None);
    }
}
