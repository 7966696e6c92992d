using System.Globalization;
using System.Text;

namespace Platform.Api.Contacts;

/// <summary>
/// The shape of an address that mail can be sent to over the internet: RFC 5321's dot-atom mailbox with RFC 6531's letters beyond ASCII.
/// Quoted local parts and address literals are legal there but nobody's address here.
/// </summary>
internal static class EmailAddress
{
    private const string AtomSymbols = "!#$%&'*+-/=?^_`{|}~";

    public static bool IsValid(string value)
    {
        var at = value.IndexOf('@');
        return at > 0 && IsLocalPart(value.AsSpan(0, at)) && IsDomain(value.AsSpan(at + 1));
    }

    private static bool IsLocalPart(ReadOnlySpan<char> local)
    {
        // RFC 5321, 4.5.3.1.1: 64 octets.
        if (Encoding.UTF8.GetByteCount(local) > 64)
        {
            return false;
        }
        foreach (var atom in local.Split('.'))
        {
            var text = local[atom];
            if (text.IsEmpty)
            {
                return false;
            }
            foreach (var rune in text.EnumerateRunes())
            {
                if (!IsLetterOrDigit(rune) && !(rune.IsAscii && AtomSymbols.Contains((char)rune.Value, StringComparison.Ordinal)))
                {
                    return false;
                }
            }
        }
        return true;
    }

    private static bool IsDomain(ReadOnlySpan<char> domain)
    {
        var labels = 0;
        var last = default(ReadOnlySpan<char>);
        foreach (var range in domain.Split('.'))
        {
            last = domain[range];
            labels++;
            // RFC 1035, 2.3.4: 63 octets a label; a hyphen neither first nor last.
            if (last.Length is 0 or > 63 || last[0] == '-' || last[^1] == '-')
            {
                return false;
            }
            foreach (var rune in last.EnumerateRunes())
            {
                if (!IsLetterOrDigit(rune) && rune.Value != '-')
                {
                    return false;
                }
            }
        }
        // A host of the internet has a top-level domain, and no such domain is a number (RFC 3696, 2).
        return labels >= 2 && domain.Length <= 253 && last.ContainsAnyExceptInRange('0', '9');
    }

    /// <summary>Letters, digits and the marks that some scripts write letters with; the replacement for broken text is none.</summary>
    private static bool IsLetterOrDigit(Rune rune) =>
        Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
