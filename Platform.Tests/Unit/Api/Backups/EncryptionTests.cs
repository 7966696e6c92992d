using System.Security.Cryptography;
using FsCheck.Xunit;
using Platform.Api.Backups;
using Platform.Api.Backups.Archive;

namespace Platform.Tests.Unit.Api.Backups;

/// <summary>The encryption of archives: what was written comes back, and nothing that was changed does.</summary>
public sealed class EncryptionTests
{
    private const string Secret = "a-secret-of-at-least-32-characters";
    private const int Sealed = SegmentCipher.SegmentSize + SegmentCipher.TagSize;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(SegmentCipher.SegmentSize - 1)]
    [InlineData(SegmentCipher.SegmentSize)]
    [InlineData(SegmentCipher.SegmentSize + 1)]
    [InlineData(3 * SegmentCipher.SegmentSize)]
    public async Task Every_length_comes_back_and_is_as_long_as_its_segments(int length)
    {
        var content = RandomNumberGenerator.GetBytes(length);

        var encrypted = await EncryptAsync(content);

        var segments = Math.Max(1, (length + SegmentCipher.SegmentSize - 1) / SegmentCipher.SegmentSize);
        Assert.Equal(SegmentCipher.HeaderSize + length + (segments * SegmentCipher.TagSize), encrypted.Length);
        Assert.Equal(content, await DecryptAsync(encrypted));
    }

    [Property(MaxTest = 50)]
    public async Task However_it_is_written_and_read_it_comes_back(int seed)
    {
        var random = new Random(seed);
        var content = new byte[random.Next(200_000)];
        random.NextBytes(content);

        var encrypted = await EncryptAsync(content, () => random.Next(1, 100_000));

        Assert.Equal(content, await DecryptAsync(encrypted, () => random.Next(1, 100_000)));
    }

    [Property(MaxTest = 200)]
    public async Task One_bit_that_is_not_as_it_was_is_found(int seed)
    {
        var random = new Random(seed);
        var content = new byte[random.Next(150_000)];
        random.NextBytes(content);
        var encrypted = await EncryptAsync(content);

        encrypted[random.Next(encrypted.Length)] ^= (byte)(1 << random.Next(8));

        await Assert.ThrowsAnyAsync<BackupException>(() => DecryptAsync(encrypted));
    }

    [Property(MaxTest = 100)]
    public async Task An_end_that_is_missing_is_found(int seed)
    {
        var random = new Random(seed);
        var content = new byte[random.Next(200_000)];
        random.NextBytes(content);
        var encrypted = await EncryptAsync(content);

        await Assert.ThrowsAsync<DamagedArchiveException>(() => DecryptAsync(encrypted[..random.Next(encrypted.Length)]));
    }

    [Fact]
    public async Task Segments_that_are_left_out_at_the_end_moved_repeated_or_of_another_archive_are_found()
    {
        var content = RandomNumberGenerator.GetBytes(4 * SegmentCipher.SegmentSize);
        var (encrypted, other) = (await EncryptAsync(content), await EncryptAsync(content));
        var header = encrypted[..SegmentCipher.HeaderSize];
        byte[][] segments = [.. encrypted.Skip(header.Length).Chunk(Sealed)];
        byte[][] others = [.. other.Skip(header.Length).Chunk(Sealed)];
        byte[][][] changed =
        [
            segments[..3], segments[1..], [segments[1], segments[0], .. segments[2..]], [segments[0], .. segments], [.. segments, segments[3]],
            [others[0], .. segments[1..]], [.. segments[..3], others[3]], [],
        ];

        Assert.Equal(content, await DecryptAsync([.. header, .. segments.SelectMany(segment => segment)]));
        foreach (var wrong in changed)
        {
            await Assert.ThrowsAsync<DamagedArchiveException>(() => DecryptAsync([.. header, .. wrong.SelectMany(segment => segment)]));
        }
    }

    [Fact]
    public async Task Another_secret_is_told_from_damage_and_equal_contents_look_different()
    {
        var encrypted = await EncryptAsync(new byte[100]);

        var refused = await Assert.ThrowsAsync<BackupException>(() => DecryptAsync(encrypted, secret: Secret + "!"));

        Assert.Contains("another key", refused.Message, StringComparison.Ordinal);
        Assert.NotEqual(encrypted, await EncryptAsync(new byte[100]));
        Assert.DoesNotContain(Convert.ToHexString(new byte[16]), Convert.ToHexString(encrypted), StringComparison.Ordinal);
    }

    private static async Task<byte[]> EncryptAsync(byte[] content, Func<int>? size = null)
    {
        using var output = new MemoryStream();
        await using (var encryption = new EncryptingStream(output, Secret))
        {
            for (var at = 0; at < content.Length;)
            {
                var count = Math.Min(size?.Invoke() ?? content.Length, content.Length - at);
                await encryption.WriteAsync(content.AsMemory(at, count));
                at += count;
            }
        }
        return output.ToArray();
    }

    private static async Task<byte[]> DecryptAsync(byte[] encrypted, Func<int>? size = null, string secret = Secret)
    {
        using var input = new MemoryStream(encrypted);
        await using var decryption = new DecryptingStream(input, secret);
        using var content = new MemoryStream();
        var buffer = new byte[size?.Invoke() ?? 81_920];
        while (await decryption.ReadAsync(buffer) is > 0 and var read)
        {
            content.Write(buffer, 0, read);
            buffer = new byte[size?.Invoke() ?? 81_920];
        }
        return content.ToArray();
    }
}
