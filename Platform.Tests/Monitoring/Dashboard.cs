using System.Text.Json;
using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>A dashboard of Grafana, as it is in the repository.</summary>
internal sealed partial class Dashboard
{
    private Dashboard(string path)
    {
        Name = Path.GetFileNameWithoutExtension(path);
        Text = File.ReadAllText(path);
        Root = JsonSerializer.Deserialize<JsonElement>(Text);
        Panels = [.. Root.GetProperty("panels").EnumerateArray().Select(panel => new Panel(panel))];
    }

    public static string Directory { get; } = Path.Combine(Repository.Root, "Platform.AppHost", "Grafana", "dashboards");

    public static IReadOnlyList<Dashboard> All { get; } =
        [.. System.IO.Directory.GetFiles(Directory, "*.json").Order(StringComparer.Ordinal).Select(path => new Dashboard(path))];

    public string Name { get; }

    public string Text { get; }

    public JsonElement Root { get; }

    public string Uid => Root.GetProperty("uid").GetString()!;

    public IReadOnlyList<Panel> Panels { get; }

    public IEnumerable<JsonElement> Variables => Root.GetProperty("templating").GetProperty("list").EnumerateArray();

    public IEnumerable<string> VariableNames => Variables.Select(variable => variable.GetProperty("name").GetString()!);

    /// <summary>Everything that Prometheus is asked: by panels, by annotations, and for the values of variables.</summary>
    public IEnumerable<PromQlQuery> PromQlQueries() =>
    [
        .. Panels.SelectMany(panel => panel.Targets("prometheus").Select(target => new PromQlQuery(
            $"{Name}: {panel.Title}", target.GetProperty("expr").GetString()!,
            [.. LabelInLegend().Matches(target.GetProperty("legendFormat").GetString()!).Select(label => label.Groups[1].Value)]))),
        .. Root.GetProperty("annotations").GetProperty("list").EnumerateArray()
            .Select(annotation => new PromQlQuery($"{Name}: annotation", annotation.GetProperty("expr").GetString()!, [])),
        .. Variables.Where(variable => variable.GetProperty("type").GetString() == "query" && DataSource(variable) == "prometheus")
            .Select(variable => LabelValues().Match(variable.GetProperty("query").GetProperty("query").GetString()!))
            .Select(match => new PromQlQuery($"{Name}: variable", match.Groups[1].Value, [match.Groups[2].Value])),
    ];

    /// <summary>The uid of the data source.</summary>
    public static string DataSource(JsonElement of) => of.GetProperty("datasource").GetProperty("uid").GetString()!;

    public override string ToString() => Name;

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex LabelInLegend();

    [GeneratedRegex(@"^label_values\((.+), (\w+)\)$")]
    private static partial Regex LabelValues();
}

/// <summary>An expression of PromQL.</summary>
/// <param name="Place">Where it is.</param>
/// <param name="Expression">With variables of Grafana.</param>
/// <param name="ShownLabels">Labels of its answer that are shown.</param>
internal sealed record PromQlQuery(string Place, string Expression, string[] ShownLabels);

/// <summary>A panel of a dashboard.</summary>
internal sealed class Panel(JsonElement root)
{
    public JsonElement Root => root;

    public int Id => root.GetProperty("id").GetInt32();

    public string Title => root.GetProperty("title").GetString()!;

    public string Type => root.GetProperty("type").GetString()!;

    public IEnumerable<JsonElement> AllTargets => root.TryGetProperty("targets", out var targets) ? targets.EnumerateArray() : [];

    public IEnumerable<JsonElement> Targets(string dataSource) => AllTargets.Where(target => Dashboard.DataSource(target) == dataSource);

    /// <summary>The addresses of all links in it.</summary>
    public IEnumerable<string> Links => LinksIn(root);

    private static IEnumerable<string> LinksIn(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property =>
            property is { Name: "url", Value.ValueKind: JsonValueKind.String } ? [property.Value.GetString()!] : LinksIn(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(LinksIn),
        _ => [],
    };

    public override string ToString() => $"{Id} {Title}";
}
