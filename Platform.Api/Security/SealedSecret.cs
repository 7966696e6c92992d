using System.Security.Cryptography;
using System.Text;

namespace Platform.Api.Security;

/// <summary>
/// Keeps a secret in the database for who asked for it: AES-256-GCM under a key that is derived from what only they hold, and that is not
/// in the database.
/// </summary>
internal static class SealedSecret
{
    /// <param name="holder">What who asked for it sends with every request: their API key.</param>
    /// <param name="purpose">What this is about; it opens for nothing else.</param>
    public static string Seal(string secret, string holder, string purpose)
    {
        var text = Encoding.UTF8.GetBytes(secret);
        var nonce = RandomNumberGenerator.GetBytes(AesGcm.NonceByteSizes.MaxSize);
        var encrypted = new byte[text.Length];
        var tag = new byte[AesGcm.TagByteSizes.MaxSize];
        using var cipher = Cipher(holder, purpose);
        cipher.Encrypt(nonce, text, encrypted, tag);
        return Convert.ToBase64String([.. nonce, .. tag, .. encrypted]);
    }

    /// <exception cref="CryptographicException">It was sealed for somebody or something else.</exception>
    public static string Open(string sealedSecret, string holder, string purpose)
    {
        ReadOnlySpan<byte> bytes = Convert.FromBase64String(sealedSecret);
        var (nonce, tag) = (AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize);
        var text = new byte[bytes.Length - nonce - tag];
        using var cipher = Cipher(holder, purpose);
        cipher.Decrypt(bytes[..nonce], bytes[(nonce + tag)..], bytes[nonce..(nonce + tag)], text);
        return Encoding.UTF8.GetString(text);
    }

    private static AesGcm Cipher(string holder, string purpose) => new(
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(holder), outputLength: 32, info: Encoding.UTF8.GetBytes(purpose)),
        AesGcm.TagByteSizes.MaxSize);
}
