using System.Globalization;

namespace Platform.Api.Requests;

/// <summary>A text that a client sends: its name on the wire and its limits. The value is trimmed before it is checked.</summary>
/// <param name="MaxLength">In Unicode code points, as PostgreSQL's char_length counts.</param>
/// <param name="IsMultiLine">Line breaks and tabs are allowed; no other control character ever is.</param>
/// <param name="Default">Stands for a value that is missing or blank.</param>
internal sealed record TextField(string Name, int MaxLength, bool IsRequired = false, bool IsMultiLine = false, string Default = "")
{
    /// <summary>The cleaned value, or what is wrong with it.</summary>
    public (string Value, string? Error) Check(string? sent)
    {
        var value = sent.AsSpan().Trim();
        if (IsBlank(value))
        {
            return IsRequired ? ("", "is required") : (Default, null);
        }
        if (value.Length > MaxLength && CountCodePoints(value) > MaxLength)
        {
            return ("", $"must be at most {MaxLength} characters long");
        }
        foreach (var c in value)
        {
            if (char.IsControl(c) || c is '\u2028' or '\u2029')
            {
                if (!IsMultiLine)
                {
                    return ("", "must be one line without control characters");
                }
                if (c is not ('\n' or '\r' or '\t' or '\u0085' or '\u2028' or '\u2029'))
                {
                    return ("", "must not contain control characters");
                }
            }
        }
        return (value.Length == sent!.Length ? sent : value.ToString(), null);
    }

    /// <summary>Nothing of it can be seen: white space, and zero-width characters.</summary>
    private static bool IsBlank(ReadOnlySpan<char> value)
    {
        foreach (var c in value)
        {
            if (!char.IsWhiteSpace(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format)
            {
                return false;
            }
        }
        return true;
    }

    private static int CountCodePoints(ReadOnlySpan<char> value)
    {
        var count = 0;
        foreach (var _ in value.EnumerateRunes())
        {
            count++;
        }
        return count;
    }
}
