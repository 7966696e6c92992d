using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using Markdig;
using Markdig.Extensions.Tables;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Platform.Edge.Runbooks;

/// <summary>A runbook as a page has it: Markdown in HTML, in which HTML of its own is text.</summary>
/// <param name="Title">The text of its first heading, in HTML.</param>
/// <param name="Html">All of it. Neither has a brace, of which a page's placeholders are made.</param>
internal sealed partial record Runbook(string Title, string Html)
{
    /// <summary>Where the runbooks are.</summary>
    public const string Prefix = "/console/runbooks";

    /// <summary>The file that leads to all others, which is at the prefix itself.</summary>
    private const string Index = "README";

    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseAutoIdentifiers().Build();

    /// <summary>The address of the runbook with this name.</summary>
    public static string Address(string name) => name == Index ? Prefix : $"{Prefix}/{name}";

    /// <summary>
    /// Renders a runbook. A link to another one, <c>Other.md</c>, leads to its page; one to a file that is none leads nowhere and is text.
    /// </summary>
    /// <param name="markdown">CommonMark with tables.</param>
    /// <param name="names">The names of all runbooks.</param>
    public static Runbook Parse(string markdown, IReadOnlySet<string> names)
    {
        var document = Markdown.Parse(markdown, Pipeline);
        foreach (var link in document.Descendants<LinkInline>().ToList())
        {
            if (Target(link.Url ?? "", names) is { } target && !link.IsImage)
            {
                link.Url = target;
                link.GetDynamicUrl = null;
            }
            else
            {
                link.ReplaceBy(new ContainerInline(), copyChildren: true);
            }
        }

        foreach (var column in document.Descendants<Table>().SelectMany(table => table.ColumnDefinitions))
        {
            // Would be a style attribute, which the page's policy forbids.
            column.Alignment = null;
        }

        foreach (var code in document.Descendants<FencedCodeBlock>())
        {
            code.GetAttributes().Classes?.Clear();
        }

        var title = document.Descendants<HeadingBlock>().FirstOrDefault()?.Inline?.Descendants<LiteralInline>() ?? [];
        return new Runbook(
            WithoutBraces(HtmlEncoder.Default.Encode(string.Concat(title.Select(text => text.Content.ToString())))),
            WithoutBraces(document.ToHtml(Pipeline)));
    }

    private static string WithoutBraces(string html) => html.Replace("{", "&#123;", StringComparison.Ordinal);

    /// <summary>Where a link leads: within the page, within the site, to a runbook, or to another site. Null for everything else.</summary>
    private static string? Target(string url, IReadOnlySet<string> names) =>
        Sibling().Match(url) is { Success: true } sibling
            ? names.Contains(sibling.Groups[1].Value) ? Address(sibling.Groups[1].Value) + sibling.Groups[2].Value : null
        : url.StartsWith('#') || (url.StartsWith('/') && !url.StartsWith("//", StringComparison.Ordinal))
            || url.StartsWith("https://", StringComparison.Ordinal) ? url
        : null;

    [GeneratedRegex(@"^(?:\./)?([\w-]+)\.md(#[\w-]*)?$")]
    private static partial Regex Sibling();
}
