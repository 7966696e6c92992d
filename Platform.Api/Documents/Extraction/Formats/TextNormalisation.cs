using System.Text;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>
/// Text as it is kept and searched: composed letters, no control characters but line breaks and tabs, no lone surrogates (PostgreSQL stores
/// neither those nor NUL), no byte order marks, no white space at the end of lines, at most one blank line in a row.
/// </summary>
internal static class TextNormalisation
{
    public static string Of(string text)
    {
        var clean = new StringBuilder(text.Length);
        // Line breaks, and white space after them, that are written when something follows.
        var breaks = 0;
        var spaces = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is '\n' or '\r' or '\f' or '\v' or '\u0085' or '\u2028' or '\u2029')
            {
                breaks += c == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 0 : 1;
                spaces.Clear();
            }
            else if (c is ' ' or '\t' or '\u00A0' or '\u3000')
            {
                // At the start of a line tabs are empty cells, and spaces nothing.
                if (c == '\t' || breaks == 0)
                {
                    spaces.Append(c == '\u00A0' ? ' ' : c);
                }
            }
            else if (char.IsSurrogate(c) ? i + 1 < text.Length && char.IsSurrogatePair(c, text[i + 1]) : !IsLeftOut(c))
            {
                if (clean.Length > 0)
                {
                    clean.Append('\n', Math.Min(breaks, 2)).Append(spaces);
                }

                breaks = 0;
                spaces.Clear();
                clean.Append(c);
                if (char.IsHighSurrogate(c))
                {
                    clean.Append(text[++i]);
                }
            }
        }

        return Composition.Compose(clean.ToString());
    }

    /// <summary>The same in one line.</summary>
    public static string OfLine(string text) => Of(text).Replace('\n', ' ').Replace('\t', ' ');

    private static bool IsLeftOut(char c) => (char.IsControl(c) && c != '\t') || c is '\uFEFF' or '\uFFFE' or '\uFFFF' or '\u00AD';
}
