using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Platform.Api.Contacts;

/// <summary>
/// A place in the list of contacts: the keyset of the last one that was seen. Clients see base64url and pass it back as it is.
/// </summary>
internal sealed record ContactCursor(DateTime Timestamp, string Id)
{
    private const char Separator = ' ';
    private const int MaxLength = 512;

    public override string ToString() => Base64Url.EncodeToString(
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Timestamp.Ticks}{Separator}{Id}")));

    /// <summary>
    /// False for anything that <see cref="ToString"/> cannot have made. A cursor that was made up reads nothing that its key may not read.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ContactCursor? cursor)
    {
        cursor = null;
        if (text.Length > MaxLength || !Base64Url.IsValid(text))
        {
            return false;
        }
        var decoded = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text));
        var separator = decoded.IndexOf(Separator, StringComparison.Ordinal);
        if (separator < 0
            || !long.TryParse(decoded.AsSpan(0, separator), NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            || ticks > DateTime.MaxValue.Ticks
            || decoded[(separator + 1)..] is var id && !ContactId.IsPossible(id))
        {
            return false;
        }
        var read = new ContactCursor(new(ticks, DateTimeKind.Utc), id);
        cursor = read.ToString() == text ? read : null;
        return cursor is not null;
    }
}
