using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Platform.Api.Documents;

/// <summary>
/// Tokens that open one document until their time has passed: version, id, expiry, and HMAC-SHA256 over the three, in base64url. They are
/// stored nowhere.
/// </summary>
internal sealed class LinkToken(IOptions<LinkOptions> options)
{
    private const byte Version = 1;
    private const int IdSize = 16;
    private const int SignedSize = 1 + IdSize + sizeof(long);

    // A multiple of 3: no bit of the text is left over that could be changed.
    private const int Size = SignedSize + HMACSHA256.HashSizeInBytes;

    private readonly byte[]? _key = options.Value.SigningKey is { Length: >= LinkOptions.MinKeyLength } key ? Encoding.UTF8.GetBytes(key) : null;

    /// <summary>Whether there is a key to sign with.</summary>
    public bool IsEnabled => _key is not null;

    public string Create(Guid id, DateTimeOffset expires)
    {
        Span<byte> token = stackalloc byte[Size];
        token[0] = Version;
        id.TryWriteBytes(token[1..]);
        BinaryPrimitives.WriteInt64BigEndian(token[(1 + IdSize)..], expires.ToUnixTimeSeconds());
        HMACSHA256.HashData(_key ?? throw new InvalidOperationException("There is no key."), token[..SignedSize], token[SignedSize..]);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>False for everything that <see cref="Create"/> has not made with this key.</summary>
    /// <param name="expires">In whole seconds; whether it has passed is for the caller to see.</param>
    public bool TryRead(string text, out Guid id, out DateTimeOffset expires)
    {
        (id, expires) = (default, default);
        Span<byte> token = stackalloc byte[Size];
        if (_key is null || text.Length != Base64Url.GetEncodedLength(Size) || !Base64Url.IsValid(text)
            || !Base64Url.TryDecodeFromChars(text, token, out var decoded) || decoded != Size)
        {
            return false;
        }
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, token[..SignedSize], signature);
        if (!CryptographicOperations.FixedTimeEquals(signature, token[SignedSize..]) || token[0] != Version)
        {
            return false;
        }
        id = new(token.Slice(1, IdSize));
        expires = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(token[(1 + IdSize)..]));
        return true;
    }
}
