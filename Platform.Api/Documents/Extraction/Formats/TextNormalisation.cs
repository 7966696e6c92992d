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
        var breaks = 0;
        var spaces = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is '\n' or '\r' or '\f' or '\v' or '\u0085' or '\u2028' or '\u2029')
            {
                breaks += c == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 0 : 1;
                // White space before a line break.
                clean.Length -= spaces;
                spaces = 0;
                continue;
            }

            if (char.IsSurrogate(c))
            {
                if (i + 1 >= text.Length || !char.IsSurrogatePair(c, text[i + 1]))
                {
                    continue;
                }
            }
            else if (IsLeftOut(c))
            {
                continue;
            }

            if (breaks > 0)
            {
                if (c is ' ' or '\u00A0' && clean.Length > 0)
                {
                    // A line of white space only is a blank line; indentation tells nobody anything.
                    continue;
                }

                clean.Append('\n', clean.Length == 0 ? 0 : Math.Min(breaks, 2));
                breaks = 0;
            }

            if (c is ' ' or '\t' or '\u00A0' or '\u3000')
            {
                if (clean.Length == 0)
                {
                    continue;
                }

                spaces++;
                clean.Append(c == '\t' ? '\t' : c == '\u3000' ? c : ' ');
                continue;
            }

            spaces = 0;
            clean.Append(c);
            if (char.IsHighSurrogate(c))
            {
                clean.Append(text[++i]);
            }
        }

        clean.Length -= spaces;
        var composed = Composition.Compose(clean.ToString());
        return composed;
    }

    /// <summary>The same in one line.</summary>
    public static string OfLine(string text) => Of(text).Replace('\n', ' ').Replace('\t', ' ');

    private static bool IsLeftOut(char c) => (char.IsControl(c) && c != '\t') || c is '\uFEFF' or '\uFFFE' or '\uFFFF' or '\u00AD';
}
