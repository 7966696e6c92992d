using System.Text.Encodings.Web;
using System.Text;
using System.Text.Unicode;

namespace Platform.Api.Search;

/// <summary>Shows where words were found: HTML in which everything is escaped and what was found is in <c>&lt;mark&gt;</c>.</summary>
internal static class Highlighter
{
    private const int MaxSnippetLength = 240;

    /// <summary>How much of a snippet comes before what was found.</summary>
    private const int Lead = 60;

    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    public static string Escape(string text) => Html.Encode(text);

    /// <summary>The text as HTML with what was found marked; null when nothing was.</summary>
    public static string? Mark(string text, SearchWords words)
    {
        StringBuilder? html = null;
        var done = 0;
        var (start, end) = (-1, -1);
        var finder = new WordFinder(text, words, stackalloc char[WordReader.MaxLength]);
        while (finder.Find())
        {
            // Pairs overlap: one mark around all of them.
            if (finder.Start > end)
            {
                Flush();
                start = finder.Start;
            }
            end = Math.Max(end, finder.End);
        }
        Flush();
        return html?.Append(Escape(text[done..])).ToString();

        void Flush()
        {
            if (start >= 0)
            {
                (html ??= new()).Append(Escape(text[done..start])).Append("<mark>").Append(Escape(text[start..end])).Append("</mark>");
                done = end;
            }
        }
    }

    /// <summary>The part of the text around the first word that was found, or its beginning; <c>…</c> stands for what is left out.</summary>
    public static string Snippet(string text, SearchWords? words)
    {
        var found = words is null ? 0 : FirstMatch(text, words);
        var from = found <= Lead ? 0 : AfterBlank(text, found - Lead, found);
        var to = from + MaxSnippetLength >= text.Length ? text.Length : BeforeBlank(text, from + MaxSnippetLength, from);
        // Line breaks and what else cannot be seen say nothing in a snippet.
        var snippet = new StringBuilder(to - from + 2);
        if (from > 0)
        {
            snippet.Append('…');
        }
        foreach (var c in text.AsSpan(from, to - from).Trim())
        {
            if (!char.IsWhiteSpace(c) && !char.IsControl(c))
            {
                snippet.Append(c);
            }
            else if (snippet.Length > 0 && snippet[^1] != ' ')
            {
                snippet.Append(' ');
            }
        }
        return (to < text.Length ? snippet.Append('…') : snippet).ToString();
    }

    private static int FirstMatch(string text, SearchWords words)
    {
        var finder = new WordFinder(text, words, stackalloc char[WordReader.MaxLength]);
        return finder.Find() ? finder.Start : 0;
    }

    /// <summary>The beginning of a word at or after a place, but not after <paramref name="latest"/>.</summary>
    private static int AfterBlank(string text, int place, int latest)
    {
        var blank = text.AsSpan(place, latest - place).IndexOfAny(" \n\t");
        return blank >= 0 ? place + blank + 1 : char.IsLowSurrogate(text[place]) ? place + 1 : place;
    }

    private static int BeforeBlank(string text, int place, int earliest)
    {
        var blank = text.AsSpan(earliest + (MaxSnippetLength / 2), place - earliest - (MaxSnippetLength / 2)).LastIndexOfAny(" \n\t");
        return blank >= 0 ? earliest + (MaxSnippetLength / 2) + blank : char.IsLowSurrogate(text[place]) ? place - 1 : place;
    }
}
