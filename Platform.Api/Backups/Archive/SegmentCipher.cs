using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Platform.Api.Backups.Archive;

/// <summary>
/// AES-256-GCM in segments, in the STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its
/// Nonce-Reuse Misuse-Resistance", 2015): the nonce of a segment is its number and whether it is the last one, so that none can be changed,
/// left out, moved or cut off. Every archive has a key of its own, HKDF-SHA256 (RFC 5869) of the secret with a random salt.
/// </summary>
/// <remarks>
/// An archive is a header, which is a mark of 8 bytes, the salt of 32 and a check of the key of 32, and then segments of
/// <see cref="SegmentSize"/> bytes, the last one shorter or as long, each followed by its tag.
/// </remarks>
internal sealed class SegmentCipher : IDisposable
{
    /// <summary>Bytes of a segment before it is encrypted.</summary>
    public const int SegmentSize = 64 * 1024;

    public const int TagSize = 16;
    public const int HeaderSize = 8 + SaltSize + CheckSize;

    private const int SaltSize = 32;
    private const int CheckSize = 32;
    private const int KeySize = 32;
    private const int NonceSize = 12;

    private readonly AesGcm _aes;
    private readonly byte[] _nonce = new byte[NonceSize];
    private long _number;

    private SegmentCipher(string secret, ReadOnlySpan<byte> salt)
    {
        var derived = new byte[KeySize + CheckSize];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), derived, salt, "platform backup"u8);
        _aes = new(derived.AsSpan(0, KeySize), TagSize);
        Header = [.. Mark, .. salt, .. derived.AsSpan(KeySize)];
        CryptographicOperations.ZeroMemory(derived);
    }

    /// <summary>What the archive begins with.</summary>
    public byte[] Header { get; }

    private static ReadOnlySpan<byte> Mark => "PLATBAK1"u8;

    /// <summary>Of a new archive.</summary>
    public static SegmentCipher Create(string secret) => new(secret, RandomNumberGenerator.GetBytes(SaltSize));

    /// <summary>Of the archive that begins so.</summary>
    /// <exception cref="DamagedArchiveException">That is no header.</exception>
    /// <exception cref="BackupException">The secret is not the one that the archive was encrypted with.</exception>
    public static SegmentCipher Open(string secret, ReadOnlySpan<byte> header)
    {
        if (header.Length != HeaderSize || !header.StartsWith(Mark))
        {
            throw new DamagedArchiveException("It is not an encrypted archive of Platform.");
        }
        var cipher = new SegmentCipher(secret, header.Slice(Mark.Length, SaltSize));
        if (!CryptographicOperations.FixedTimeEquals(cipher.Header, header))
        {
            cipher.Dispose();
            throw new BackupException("It was encrypted with another key than Backups:EncryptionKey, or its beginning is damaged.");
        }
        return cipher;
    }

    /// <summary>Encrypts the next segment; behind it comes its tag.</summary>
    public void Encrypt(ReadOnlySpan<byte> segment, Span<byte> output, bool isLast) =>
        _aes.Encrypt(NextNonce(isLast), segment, output[..segment.Length], output.Slice(segment.Length, TagSize));

    /// <summary>Decrypts the next segment with its tag.</summary>
    /// <exception cref="DamagedArchiveException">It is not the one that was written there.</exception>
    public void Decrypt(ReadOnlySpan<byte> input, Span<byte> segment, bool isLast)
    {
        var size = input.Length - TagSize;
        try
        {
            _aes.Decrypt(NextNonce(isLast), input[..size], input[size..], segment[..size]);
        }
        catch (AuthenticationTagMismatchException changed)
        {
            throw new DamagedArchiveException("It is damaged, or was cut short.", changed);
        }
    }

    public void Dispose() => _aes.Dispose();

    private byte[] NextNonce(bool isLast)
    {
        BinaryPrimitives.WriteInt64BigEndian(_nonce.AsSpan(NonceSize - 1 - sizeof(long)), _number++);
        _nonce[NonceSize - 1] = isLast ? (byte)1 : (byte)0;
        return _nonce;
    }
}
