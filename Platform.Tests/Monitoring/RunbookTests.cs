using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>Who is told of an alert finds out what to do: each alert has its page, and the pages and the rules stay in step.</summary>
public sealed partial class RunbookTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "docs", "runbooks");

    private static readonly string[] Headings = ["What it means", "What users see", "How to confirm", "How to mend"];

    public static TheoryData<string> Alerts => [.. RulesInRepository.Alerts.Select(rule => rule.Alert!)];

    [Theory]
    [MemberData(nameof(Alerts))]
    public async Task Every_alert_has_a_page_that_says_what_to_do(string alert)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Folder, alert + ".md"));
        Assert.Equal($"# {alert}", lines[0]);
        Assert.Equal(Headings, lines.Where(line => line.StartsWith("## ", StringComparison.Ordinal)).Select(line => line[3..]));
        var rule = RulesInRepository.Alerts.Single(rule => rule.Alert == alert);
        Assert.Contains($"**{rule.Labels["severity"]}**", lines[2], StringComparison.Ordinal);
        Assert.Contains(rule.Labels["category"], lines[2], StringComparison.Ordinal);
        Assert.DoesNotContain(lines, line => line.Length > 150);
    }

    [Fact]
    public async Task The_list_has_every_page_below_its_category_and_nothing_else()
    {
        var category = "";
        var listed = new List<(string Category, string Alert)>();
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(Folder, "README.md")))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                category = line[3..];
            }
            else if (Row().Match(line) is { Success: true } row)
            {
                Assert.Equal(row.Groups[1].Value, row.Groups[2].Value);
                listed.Add((category, row.Groups[1].Value));
            }
        }

        Assert.Equal(RulesInRepository.Alerts.Select(rule => (rule.Labels["category"], rule.Alert!)).Order(), listed.Order());
        Assert.Equal(
            listed.Select(row => row.Alert).Append("README").Order(),
            Directory.GetFiles(Folder).Select(file => Path.GetFileNameWithoutExtension(file)).Order());
    }

    [Fact]
    public async Task Links_lead_to_pages_that_exist()
    {
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(Folder)!, "*.md", SearchOption.AllDirectories))
        {
            foreach (Match link in Link().Matches(await File.ReadAllTextAsync(file)))
            {
                Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(file)!, link.Groups[1].Value)), $"{Path.GetFileName(file)}: {link.Value}");
            }
        }
    }

    [GeneratedRegex(@"^\| \[(\w+)\]\((\w+)\.md\) \|")]
    private static partial Regex Row();

    [GeneratedRegex(@"\]\(([^)#:]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();
}
