using System.Globalization;

namespace Platform.Api.Backups;

/// <summary>The name of an archive, <c>platform-20261126T043000Z.tar.gz</c>, or <c>.tar.gz.aes</c> of one that is encrypted.</summary>
/// <param name="CreatedAt">UTC, in whole seconds: when the backup was begun.</param>
internal sealed record ArchiveName(DateTime CreatedAt, bool IsEncrypted)
{
    public const string EncryptedSuffix = ".aes";

    private const string Format = "'platform-'yyyyMMdd'T'HHmmss'Z.tar.gz'";

    public static bool TryParse(string text, out ArchiveName name)
    {
        var isEncrypted = text.EndsWith(EncryptedSuffix, StringComparison.Ordinal);
        var isName = DateTime.TryParseExact(
            isEncrypted ? text[..^EncryptedSuffix.Length] : text, Format, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var createdAt);
        name = new(createdAt, isEncrypted);
        return isName;
    }

    public override string ToString() => CreatedAt.ToString(Format, CultureInfo.InvariantCulture) + (IsEncrypted ? EncryptedSuffix : "");
}
