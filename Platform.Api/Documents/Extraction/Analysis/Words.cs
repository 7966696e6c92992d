using System.Globalization;
using System.Text;

namespace Platform.Api.Documents.Extraction.Analysis;

/// <summary>
/// The words of a text: letters, digits and marks without a break, with apostrophes and hyphens inside. Chinese and Japanese write no
/// spaces: there every character counts as a word, as word processors have it.
/// </summary>
internal static class Words
{
    /// <summary>Beyond it a word is cut in two: nobody's word, and no reason to keep a megabyte for one.</summary>
    private const int MaxLength = 100;

    public static IEnumerable<Range> In(string text)
    {
        var start = -1;
        var i = 0;
        while (i < text.Length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length);
            if (IsIdeograph(rune))
            {
                if (start >= 0)
                {
                    yield return start..i;
                    start = -1;
                }

                yield return i..(i + length);
            }
            else if (IsOfWord(rune) || (start >= 0 && IsJoint(rune) && i + 1 < text.Length && char.IsLetterOrDigit(text[i + 1])))
            {
                if (start >= 0 && i - start >= MaxLength)
                {
                    yield return start..i;
                    start = -1;
                }

                start = start < 0 ? i : start;
            }
            else if (start >= 0)
            {
                yield return start..i;
                start = -1;
            }

            i += length;
        }

        if (start >= 0)
        {
            yield return start..text.Length;
        }
    }

    /// <summary>A character of a script that is written without spaces and whose characters stand for words or syllables.</summary>
    public static bool IsIdeograph(Rune rune) => rune.Value is
        (>= 0x3040 and <= 0x30FF) or (>= 0x31F0 and <= 0x31FF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0xFF66 and <= 0xFF9D) or (>= 0x20000 and <= 0x3FFFF) or 0x3005;

    private static bool IsOfWord(Rune rune) => Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool IsJoint(Rune rune) => rune.Value is '\'' or '\u2019' or '-' or '\u2010' or '\u2011';
}
