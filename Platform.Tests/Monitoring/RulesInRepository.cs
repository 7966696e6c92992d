using Platform.Tests.Fixtures;
using YamlDotNet.RepresentationModel;

namespace Platform.Tests.Monitoring;

/// <summary>A rule of Prometheus as the repository has it; one of the two names is null.</summary>
/// <param name="Alert">The name of an alert.</param>
/// <param name="Record">The name of what is recorded.</param>
/// <param name="Expression">In PromQL.</param>
/// <param name="Labels">What the rule adds.</param>
/// <param name="Annotations">What people are told.</param>
internal sealed record RuleInRepository(
    string? Alert, string? Record, string Expression, Dictionary<string, string> Labels, Dictionary<string, string> Annotations);

/// <summary>The rules and their tests, read from the repository.</summary>
internal static class RulesInRepository
{
    public static string Folder { get; } = Path.Combine(Repository.Root, "Platform.AppHost", "Prometheus", "rules");

    public static string TestFolder { get; } = Path.Combine(Repository.Root, "Platform.Tests", "Monitoring", "rules");

    public static string[] Files => Directory.GetFiles(Folder, "*.yaml");

    public static string[] TestFiles => Directory.GetFiles(TestFolder, "*.yaml");

    public static IReadOnlyList<RuleInRepository> All { get; } =
    [
        .. from file in Files
           from @group in Sequence(Read(file), "groups")
           from rule in Sequence(@group, "rules")
           select new RuleInRepository(
               Text(rule, "alert"), Text(rule, "record"), Text(rule, "expr")!, Texts(rule, "labels"), Texts(rule, "annotations")),
    ];

    public static IReadOnlyList<RuleInRepository> Alerts { get; } = [.. All.Where(rule => rule.Alert is not null)];

    /// <summary>Of every case: the alert, and whether it is expected to fire.</summary>
    public static IEnumerable<(string Alert, bool Fires)> Cases() =>
        from file in TestFiles
        from test in Sequence(Read(file), "tests")
        from @case in Sequence(test, "alert_rule_test")
        select (Text(@case, "alertname")!, Sequence(@case, "exp_alerts").Any());

    /// <summary>The expressions that the tests ask for.</summary>
    public static IEnumerable<string> TestedExpressions() =>
        from file in TestFiles
        from test in Sequence(Read(file), "tests")
        from expression in Sequence(test, "promql_expr_test")
        select Text(expression, "expr");

    private static YamlMappingNode Read(string file)
    {
        using var reader = File.OpenText(file);
        var yaml = new YamlStream();
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static IEnumerable<YamlMappingNode> Sequence(YamlMappingNode parent, string name) =>
        parent.Children.TryGetValue(name, out var node) ? ((YamlSequenceNode)node).Cast<YamlMappingNode>() : [];

    private static string? Text(YamlMappingNode parent, string name) =>
        parent.Children.TryGetValue(name, out var node) ? ((YamlScalarNode)node).Value : null;

    private static Dictionary<string, string> Texts(YamlMappingNode parent, string name) =>
        parent.Children.TryGetValue(name, out var node)
            ? ((YamlMappingNode)node).ToDictionary(pair => ((YamlScalarNode)pair.Key).Value!, pair => ((YamlScalarNode)pair.Value).Value!)
            : [];
}
