using System.Text;
using System.Text.RegularExpressions;
using AngleSharp.Html;
using AngleSharp.Html.Parser;
using AngleSharp.Html.Parser.Tokens;
using AngleSharp.Text;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>
/// .html and .htm: the title and the text that a browser shows. Read as a stream of AngleSharp's tokens; a tree of elements would take time
/// that grows with the square of its depth.
/// </summary>
internal static partial class Html
{
    private static readonly HashSet<string> Unseen =
        ["script", "style", "noscript", "template", "iframe", "noembed", "noframes", "object", "canvas", "svg", "math", "audio", "video"];

    private static readonly HashSet<string> Inline =
    [
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img", "ins", "kbd", "label", "mark",
        "meta", "link", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    ];

    public static void Read(string path, ExtractedDocument document)
    {
        var bytes = TextFile.ReadBytes(path, document);
        var declared = DeclaredEncoding(bytes);
        if (declared is not null && bytes is not ([0xEF, 0xBB, 0xBF, ..] or [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]))
        {
            document.Describe("encoding", declared.WebName);
            ReadMarkup(declared.GetString(bytes), document);
        }
        else
        {
            ReadMarkup(TextFile.Decode(bytes, document), document);
        }
    }

    public static void ReadMarkup(string html, ExtractedDocument document)
    {
        using var source = new TextSource(html);
        using var tokenizer = new HtmlTokenizer(source, HtmlEntityProvider.Resolver) { SkipComments = true, SkipScriptText = true };
        var title = new StringBuilder();
        var isTitle = false;
        // The element whose content is not seen, and how many of its name are open.
        var unseen = "";
        var depth = 0;
        while (!document.IsFull && tokenizer.Get() is { Type: not HtmlTokenType.EndOfFile } token)
        {
            var name = token is HtmlTagToken ? token.Name : "";
            switch (token.Type)
            {
                case HtmlTokenType.StartTag:
                    tokenizer.State = ContentOf(name);
                    if (unseen.Length > 0)
                    {
                        depth += name == unseen ? 1 : 0;
                    }
                    else if (Unseen.Contains(name) && !((HtmlTagToken)token).IsSelfClosing)
                    {
                        (unseen, depth) = (name, 1);
                    }
                    else
                    {
                        isTitle = name == "title" && title.Length == 0;
                        Describe((HtmlTagToken)token, document);
                        Break(name, document);
                    }

                    break;
                case HtmlTokenType.EndTag:
                    if (unseen.Length > 0)
                    {
                        depth -= name == unseen ? 1 : 0;
                        unseen = depth == 0 ? "" : unseen;
                    }
                    else
                    {
                        isTitle &= name != "title";
                        Break(name, document);
                    }

                    break;
                case HtmlTokenType.Character when unseen.Length == 0:
                    Append(token.Data, document);
                    if (isTitle && title.Length < 1000)
                    {
                        title.Append(token.Data);
                    }

                    break;
            }
        }

        document.Describe("title", title.ToString());
        if (document.IsFull)
        {
            document.Truncate();
        }
    }

    /// <summary>As a browser shows it: white space runs together.</summary>
    private static void Append(string text, ExtractedDocument document)
    {
        foreach (var c in text)
        {
            document.Append(c is '\n' or '\r' or '\t' ? ' ' : c);
        }
    }

    private static void Break(string name, ExtractedDocument document)
    {
        if (name is "td" or "th")
        {
            document.Append('\t');
        }
        else if (name is "p" or "h1" or "h2" or "h3" or "h4" or "h5" or "h6")
        {
            document.EndLine();
            document.Append('\n');
        }
        else if (!Inline.Contains(name))
        {
            document.EndLine();
        }
    }

    private static void Describe(HtmlTagToken tag, ExtractedDocument document)
    {
        switch (tag.Name)
        {
            case "html":
                document.Describe("language", tag.GetAttribute("lang"));
                break;
            case "meta" when tag.GetAttribute("name").ToLowerInvariant() is var name and ("author" or "description" or "keywords" or "generator"):
                document.Describe(name, tag.GetAttribute("content"));
                break;
            case "img" or "area" when tag.GetAttribute("alt") is { Length: > 0 } alternative:
                document.Append(" ");
                document.Append(alternative);
                document.Append(" ");
                break;
        }
    }

    /// <summary>What the parser, which is not used here, would tell its tokenizer.</summary>
    private static HtmlParseMode ContentOf(string name) => name switch
    {
        "title" or "textarea" => HtmlParseMode.RCData,
        "style" or "xmp" or "iframe" or "noembed" or "noframes" => HtmlParseMode.Rawtext,
        "script" => HtmlParseMode.Script,
        "plaintext" => HtmlParseMode.Plaintext,
        _ => HtmlParseMode.PCData,
    };

    private static Encoding? DeclaredEncoding(byte[] bytes)
    {
        var beginning = Encoding.Latin1.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 4096)));
        if (Charset().Match(beginning) is not { Success: true } match)
        {
            return null;
        }

        try
        {
            var encoding = Encoding.GetEncoding(match.Groups[1].Value);
            // A declaration that could be read as ASCII is not in UTF-16, whatever it says.
            return encoding is UnicodeEncoding or UTF32Encoding ? null : encoding;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    [GeneratedRegex("""<meta\s[^>]{0,200}?charset\s{0,5}=\s{0,5}["']?\s{0,5}([A-Za-z0-9_:.-]{2,40})""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Charset();
}
