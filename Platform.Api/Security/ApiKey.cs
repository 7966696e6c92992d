using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace Platform.Api.Security;

/// <summary>A key that is known here. The key itself is not kept, only its SHA-256.</summary>
/// <param name="Id">Null for the bootstrap key, which is no row of api_keys.</param>
internal sealed record ApiKey(Guid? Id, byte[] Hash, ClaimsPrincipal Principal)
{
    public const string HeaderName = "X-API-Key";

    /// <summary>The name of the bootstrap key, which no other has.</summary>
    public const string BootstrapName = "bootstrap";

    /// <summary>The longest key that is worth hashing, in bytes.</summary>
    public const int MaxLength = 256;

    public static ApiKey Create(Guid? id, string name, byte[] hash, IEnumerable<string> scopes) => new(
        id,
        hash,
        new ClaimsPrincipal(new ClaimsIdentity(
            [
                new(ClaimTypes.Name, name),
                new(ClaimTypes.NameIdentifier, id?.ToString() ?? BootstrapName),
                .. scopes.Select(scope => new Claim(Scopes.ClaimType, scope)),
            ],
            ApiKeyAuthentication.SchemeName)));

    /// <summary>A new random key of 256 bits in 43 characters of base64url, and what is stored of it.</summary>
    public static (string Key, byte[] Hash) Generate()
    {
        var key = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        return (key, HashOf(key)!);
    }

    /// <summary>SHA-256 of the key; null when no key looks like this. A random key needs no slow hash.</summary>
    public static byte[]? HashOf(string? key) =>
        !string.IsNullOrWhiteSpace(key) && Encoding.UTF8.GetByteCount(key) <= MaxLength
            ? SHA256.HashData(Encoding.UTF8.GetBytes(key))
            : null;

    public bool Matches(ReadOnlySpan<byte> hash) => CryptographicOperations.FixedTimeEquals(Hash, hash);
}
