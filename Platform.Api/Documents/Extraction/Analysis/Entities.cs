using System.Buffers;
using System.Text.RegularExpressions;
using Platform.Api.Contacts;

namespace Platform.Api.Documents.Extraction.Analysis;

/// <summary>
/// E-mail addresses, telephone numbers, web addresses, dates and amounts in a text, as they are written there. Every pattern is bounded, so
/// that the work is proportional to the text, whatever is in it.
/// </summary>
internal static partial class Entities
{
    /// <summary>Distinct ones of each kind.</summary>
    private const int Max = 50;

    private const int MaxUrlLength = 2000;
    private const int MaxLocalPart = 64;
    private const int MaxDomain = 255;

    private static readonly SearchValues<char> UrlEnds = SearchValues.Create(" \t\n<>\"«»“”„`{}|\\^\u00A0\u3000。、）");
    private static readonly SearchValues<char> PhoneSeparators = SearchValues.Create(" ()-./\u00A0");

    public static DocumentEntities In(string text) => new(
        Distinct(Emails(text)),
        Distinct(Phones(text)),
        Distinct(Urls(text)),
        Distinct(Dates(text)),
        Distinct(Amounts(text)));

    private static List<string> Distinct(IEnumerable<string> found) => [.. found.Distinct().Take(Max)];

    private static IEnumerable<string> Emails(string text)
    {
        for (var at = text.IndexOf('@'); at >= 0; at = text.IndexOf('@', at + 1))
        {
            var start = at;
            while (start > 0 && at - start <= MaxLocalPart && IsOfLocalPart(text[start - 1]))
            {
                start--;
            }

            var end = at + 1;
            while (end < text.Length && end - at <= MaxDomain && (char.IsLetterOrDigit(text[end]) || text[end] is '.' or '-'))
            {
                end++;
            }

            var address = text.AsSpan(start, end - start).Trim(".-'/*").ToString();
            if (EmailAddress.IsValid(address))
            {
                yield return address;
            }
        }
    }

    private static bool IsOfLocalPart(char c) => char.IsLetterOrDigit(c) || c is '.' or '_' or '%' or '+' or '-' or '\'' or '&' or '/' or '*' or '=' or '~';

    private static IEnumerable<string> Urls(string text)
    {
        // An address within an address is a part of it.
        var length = 0;
        for (var match = UrlStart().Match(text); match.Success; match = UrlStart().Match(text, match.Index + Math.Max(match.Length, length)))
        {
            var rest = text.AsSpan(match.Index, Math.Min(MaxUrlLength, text.Length - match.Index));
            var end = rest.IndexOfAny(UrlEnds);
            length = end < 0 ? rest.Length : end;
            var url = rest[..length].TrimEnd(".,;:!?'*_").ToString();
            // A bracket at the end belongs to the sentence, unless it was opened within the address.
            while (url is [.. var inner, ')' or ']'] && url.Count('(') + url.Count('[') < url.Count(')') + url.Count(']'))
            {
                url = inner.TrimEnd('.', ',');
            }

            if (Uri.TryCreate(url.StartsWith("www.", StringComparison.OrdinalIgnoreCase) ? $"http://{url}" : url, UriKind.Absolute, out var parsed)
                && parsed.Host.Contains('.'))
            {
                yield return url;
            }
        }
    }

    private static IEnumerable<string> Phones(string text)
    {
        for (var match = PhoneCandidate().Match(text); match.Success; match = match.NextMatch())
        {
            var number = match.Value;
            var before = match.Index == 0 ? ' ' : text[match.Index - 1];
            var after = match.Index + match.Length == text.Length ? ' ' : text[match.Index + match.Length];
            if (!IsOfWord(before) && before is not ('.' or ',' or '/' or '-' or '#' or '$' or '€' or '£')
                && !IsOfWord(after) && IsPhone(number) && !DateWithNumbers().IsMatch(number))
            {
                yield return number;
            }
        }
    }

    private static bool IsOfWord(char c) => char.IsLetterOrDigit(c) || c is '_' or '@' or '%' or '=';

    /// <summary>A number is one of a telephone when it begins like one: with a country code, with a zero, or grouped as in North America.</summary>
    private static bool IsPhone(string number)
    {
        var digits = number.Count(char.IsAsciiDigit);
        var isGrouped = number.AsSpan().ContainsAny(PhoneSeparators);
        return digits is >= 7 and <= 15 && number switch
        {
            ['+', not '0', ..] => true,
            ['0', '0', not '0', ..] => digits >= 9,
            ['0', ..] or ['(', '0', ..] => isGrouped && digits is >= 8 and <= 12,
            _ => NorthAmerican().IsMatch(number),
        };
    }

    private static IEnumerable<string> Dates(string text)
    {
        foreach (var pattern in (Regex[])[DateWithNumbers(), DateWithMonth(), DateWithMonthFirst()])
        {
            for (var match = pattern.Match(text); match.Success; match = match.NextMatch())
            {
                yield return match.Value.Replace('\n', ' ');
            }
        }
    }

    private static IEnumerable<string> Amounts(string text)
    {
        for (var match = Amount().Match(text); match.Success; match = match.NextMatch())
        {
            yield return match.Value.Replace('\n', ' ');
        }
    }

    private const string Number = "[0-9]{1,3}(?:(?:[.,'’ \u00A0\u202F][0-9]{3}){1,5}(?![0-9])|[0-9]{0,12})(?:[.,][0-9]{1,2}(?![0-9]))?";
    private const string Currency = "(?:USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|RUB|UAH|TRY|BRL|MXN|SGD|HKD|KRW|ZAR|ILS|AED|SAR)";
    private const string Month =
        "(?:jan(?:uary|uar|vier|v)?|january|enero|ene|feb(?:ruary|ruar|rero)?|février|fevrier|févr|mar(?:ch|s|zo)?|märz|maerz|apr(?:il)?|avr(?:il)?|abril|abr"
        + "|may|mai|mayo|jun(?:e|i|io)?|juin|jul(?:y|i|io)?|juil(?:let)?|aug(?:ust)?|août|aout|agosto|ago|sep(?:t|tember|tembre|tiembre)?|setiembre"
        + "|o[ck]t(?:ober|obre|ubre)?|nov(?:ember|embre|iembre)?|de[cz](?:ember)?|décembre|decembre|déc|diciembre|dic)\\.?";

    [GeneratedRegex(@"(?<![\p{L}0-9])(?:https?://|www\.)(?=[\p{L}0-9\[])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex UrlStart();

    [GeneratedRegex(@"(?:\+|\()?[0-9(][0-9]{0,6}\)?(?:[ \u00A0./-]{0,2}\(?[0-9]{1,8}\)?){1,7}")]
    private static partial Regex PhoneCandidate();

    [GeneratedRegex(@"^(?:1[ .-])?\(?[2-9][0-9]{2}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}$")]
    private static partial Regex NorthAmerican();

    /// <summary>2026-12-31, 31.12.2026, 12/31/2026.</summary>
    [GeneratedRegex("""
        (?<![0-9./-])(?:
            (?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])
            |(?:0?[1-9]|[12][0-9]|3[01])\.[ ]?(?:0?[1-9]|1[0-2])\.[ ]?(?:19|20)[0-9]{2}
            |(?:0?[1-9]|[12][0-9]|3[01])/(?:0?[1-9]|1[0-2])/(?:19|20)[0-9]{2}
            |(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01])/(?:19|20)[0-9]{2}
        )(?![0-9]|[/-][0-9])
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex DateWithNumbers();

    /// <summary>31 December 2026, 31. Dezember 2026, 1er mai 2026, 31 de diciembre de 2026.</summary>
    [GeneratedRegex(@"(?<![\p{L}0-9.])(?:0?[1-9]|[12][0-9]|3[01])(?:\.|st|nd|rd|th|er)?[ \n](?:de |of )?" + Month + @",?[ \n](?:de |del )?(?:19|20)[0-9]{2}(?![0-9])",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex DateWithMonth();

    /// <summary>December 31, 2026.</summary>
    [GeneratedRegex(@"(?<!\p{L})" + Month + @"[ \n](?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?,?[ \n](?:19|20)[0-9]{2}(?![0-9])",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex DateWithMonthFirst();

    /// <summary>$1,234.50, 1.234,50 €, EUR 99, 99 CHF.</summary>
    [GeneratedRegex(
        @"(?<![\p{L}0-9])(?:(?:US|A|C|NZ|HK|S)?\$|[€£¥₹₽₴₺]|" + Currency + @")[ \u00A0\n]?" + Number + @"(?![0-9])"
        + @"|(?<![\p{L}0-9.,])" + Number + @"[ \u00A0\n]?(?:[$€£¥₹₽₴₺元円](?![0-9])|" + Currency + @"(?![\p{L}0-9]))")]
    private static partial Regex Amount();
}
