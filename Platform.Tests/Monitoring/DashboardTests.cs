using System.Text.Json;
using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>The dashboards as files: what Grafana needs of them, and the way from a red panel to the log line.</summary>
public sealed partial class DashboardTests
{
    /// <summary>The names that bookmarks, links and alerts know.</summary>
    private static readonly string[] Names =
        ["api", "documents", "edge", "hosts", "logs", "monitoring", "overview", "postgresql", "slo"];

    /// <summary>The uids of the data sources that Grafana is given.</summary>
    private static readonly string[] DataSources =
    [
        .. DataSource().Matches(File.ReadAllText(Path.Combine(Dashboard.Directory, "..", "provisioning", "datasources", "platform.yaml")))
            .Select(source => source.Groups[1].Value),
    ];

    /// <summary>What Loki has of a line that came over OTLP: its index label, and what it finds out by itself.</summary>
    private static readonly string[] LogLabels = ["service_name", "detected_level", "scope_name", "trace_id"];

    public static TheoryData<string> All => [.. Dashboard.All.Select(dashboard => dashboard.Name)];

    [Fact]
    public void There_is_a_dashboard_for_each_part_under_a_stable_uid()
    {
        Assert.Equal(Names, Dashboard.All.Select(dashboard => dashboard.Name));
        Assert.All(Dashboard.All, dashboard => Assert.Equal($"platform-{dashboard.Name}", dashboard.Uid));
    }

    [Theory, MemberData(nameof(All))]
    public void It_refreshes_itself_leads_to_the_others_and_shows_when_alerts_fired(string name)
    {
        var dashboard = Get(name);
        var root = dashboard.Root;
        Assert.Equal(41, root.GetProperty("schemaVersion").GetInt32());
        Assert.Equal("platform", Assert.Single(root.GetProperty("tags").EnumerateArray()).GetString());
        Assert.Matches("^(30s|1m)$", root.GetProperty("refresh").GetString());
        Assert.StartsWith("now-", root.GetProperty("time").GetProperty("from").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(root.GetProperty("description").GetString()!);
        var link = Assert.Single(root.GetProperty("links").EnumerateArray());
        Assert.True(link.GetProperty("asDropdown").GetBoolean());
        Assert.Equal("platform", Assert.Single(link.GetProperty("tags").EnumerateArray()).GetString());
        var annotation = Assert.Single(root.GetProperty("annotations").GetProperty("list").EnumerateArray());
        Assert.StartsWith("ALERTS{", annotation.GetProperty("expr").GetString(), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(All))]
    public void Panels_have_ids_and_descriptions_of_their_own_and_do_not_overlap(string name)
    {
        var panels = Get(name).Panels;
        Assert.Equal(panels.Count, panels.Select(panel => panel.Id).Distinct().Count());
        var taken = new HashSet<(int X, int Y)>();
        foreach (var panel in panels)
        {
            Assert.NotEmpty(panel.Title);
            Assert.True(panel.Type == "row" || panel.Root.GetProperty("description").GetString() is { Length: > 10 }, $"{panel} says nothing");
            var place = panel.Root.GetProperty("gridPos");
            var (x, y) = (place.GetProperty("x").GetInt32(), place.GetProperty("y").GetInt32());
            Assert.InRange(x + place.GetProperty("w").GetInt32(), 1, 24);
            Assert.All(
                from column in Enumerable.Range(x, place.GetProperty("w").GetInt32())
                from row in Enumerable.Range(y, place.GetProperty("h").GetInt32())
                select (column, row),
                cell => Assert.True(taken.Add(cell), $"{panel} overlaps another"));
        }

        // A phone shows one under the other, in the order of the file.
        Assert.Equal(panels, panels.OrderBy(panel => panel.Root.GetProperty("gridPos").GetProperty("y").GetInt32())
            .ThenBy(panel => panel.Root.GetProperty("gridPos").GetProperty("x").GetInt32()));
    }

    [Theory, MemberData(nameof(All))]
    [Trait("Defect", "D46")]
    public void No_host_is_named(string name) => Assert.DoesNotMatch(Host(), Get(name).Text);

    [Theory, MemberData(nameof(All))]
    public void Every_data_source_is_one_that_is_provisioned(string name)
    {
        var dashboard = Get(name);
        Assert.Empty(DataSourcesIn(dashboard.Root).Except(DataSources));
        Assert.All(dashboard.Panels.SelectMany(panel => panel.AllTargets), target => Assert.Contains(Dashboard.DataSource(target), DataSources));
    }

    [Theory, MemberData(nameof(All))]
    public void Every_variable_that_is_used_is_declared_and_the_other_way_round(string name)
    {
        var dashboard = Get(name);
        var used = dashboard.Panels.SelectMany(panel => panel.AllTargets)
            .SelectMany(target => Variable().Matches(target.GetProperty("expr").GetString()!)).Select(match => match.Groups[1].Value);
        Assert.Equal(
            dashboard.VariableNames.Order(), used.Where(variable => !variable.StartsWith("__", StringComparison.Ordinal)).Distinct().Order());
        Assert.All(
            dashboard.Variables.Where(variable => variable.GetProperty("type").GetString() == "query"
                && Dashboard.DataSource(variable) == "prometheus"),
            variable => Assert.StartsWith(
                "label_values(", variable.GetProperty("query").GetProperty("query").GetString(), StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(All))]
    public void Latency_of_requests_leads_to_traces(string name) => Assert.All(
        Get(name).Panels.SelectMany(panel => panel.Targets("prometheus"))
            .Where(target => target.GetProperty("expr").GetString()!.Contains("_bucket{", StringComparison.Ordinal)
                && target.GetProperty("range").GetBoolean() && target.GetProperty("legendFormat").GetString() != "__auto"),
        target => Assert.True(target.GetProperty("exemplar").GetBoolean()));

    [Theory, MemberData(nameof(All))]
    public void A_panel_of_errors_leads_to_the_log_lines(string name)
    {
        var errors = Get(name).Panels.Where(panel => panel.Targets("prometheus").Any(target =>
            Failure().IsMatch(target.GetProperty("expr").GetString()!)));
        Assert.All(errors, panel => Assert.True(
            panel.Links.Any(link => link.StartsWith("/d/platform-logs?", StringComparison.Ordinal)
                && link.EndsWith("&${__url_time_range}", StringComparison.Ordinal)),
            $"{panel} ends here"));
    }

    [Theory, MemberData(nameof(All))]
    public void Links_lead_to_dashboards_that_are_there_and_set_variables_that_they_have(string name) => Assert.All(
        Get(name).Panels.SelectMany(panel => panel.Links),
        link =>
        {
            if (link == "../../../../console/backups" || link.StartsWith("../../../../console/runbooks/", StringComparison.Ordinal))
            {
                return;
            }

            var match = DashboardLink().Match(link);
            Assert.True(match.Success, link);
            var target = Assert.Single(Dashboard.All, dashboard => dashboard.Uid == match.Groups[1].Value);
            Assert.Empty(LinkVariable().Matches(link).Select(variable => variable.Groups[1].Value).Except(target.VariableNames));
        });

    [Fact]
    [Trait("Defect", "D33")]
    public void The_logs_are_asked_only_for_what_a_line_has()
    {
        // The names in the message of the access log are the attributes of its lines.
        var source = File.ReadAllText(Path.Combine(Repository.Root, "Platform.Edge", "Logging", "AccessLog.cs"));
        var attributes = Attribute().Matches(source).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.Contains("correlation_id", attributes);
        var expressions = Dashboard.All.SelectMany(dashboard => dashboard.Panels).SelectMany(panel => panel.Targets("loki"))
            .Select(target => target.GetProperty("expr").GetString()!).ToArray();
        Assert.NotEmpty(expressions);
        Assert.All(expressions, expression =>
        {
            var labels = LogLabel().Matches(expression)
                .SelectMany(match => match.Groups.Values.Skip(1).Where(group => group.Success)).SelectMany(group => group.Value.Split(", "));
            Assert.Empty(labels.Except(LogLabels).Except(attributes));
            // Everything but the service is found by looking through the lines of the service.
            Assert.All(Stream().Matches(expression), stream => Assert.StartsWith("{service_name=", stream.Value, StringComparison.Ordinal));
        });
    }

    [Fact]
    public void The_overview_shows_the_alerts()
    {
        var overview = Get("overview");
        Assert.Single(overview.Panels, panel => panel.Type == "alertlist");
        Assert.Contains(overview.Panels, panel => panel.Links.Any(link =>
            link == "../../../../console/runbooks/${__data.fields.Alert}"));
    }

    private static Dashboard Get(string name) => Dashboard.All.Single(dashboard => dashboard.Name == name);

    private static IEnumerable<string> DataSourcesIn(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property =>
            property is { Name: "datasource", Value.ValueKind: JsonValueKind.Object }
                ? [property.Value.GetProperty("uid").GetString()!]
                : DataSourcesIn(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(DataSourcesIn),
        _ => [],
    };

    [GeneratedRegex(@"^    uid: (\w+)$", RegexOptions.Multiline)]
    private static partial Regex DataSource();

    [GeneratedRegex(@"https?://|localhost|\d+\.\d+\.\d+\.\d+|[\w-]\.(com|org|net|local|internal)\b")]
    private static partial Regex Host();

    [GeneratedRegex(@"\$\{?(\w+)")]
    private static partial Regex Variable();

    [GeneratedRegex("""=~?"5\.\."|="(error|failed|failure|unhealthy|unavailable|wrong_key)[|"]|http_errors|slo:errors|_errors_total""")]
    private static partial Regex Failure();

    [GeneratedRegex(@"^/d/(platform-\w+)\?(.*&)?\$\{__url_time_range\}$")]
    private static partial Regex DashboardLink();

    [GeneratedRegex(@"var-(\w+)=")]
    private static partial Regex LinkVariable();

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Attribute();

    [GeneratedRegex("""(\w+)(?:=~|!~|!=|=)"|by \(([\w, ]+)\)|unwrap (\w+)""")]
    private static partial Regex LogLabel();

    [GeneratedRegex(@"(?<!\$)\{[^}]*\}")]
    private static partial Regex Stream();
}
