using System.Text.Json;
using Platform.Tests.Fixtures;
using Platform.Tests.Publishing;

namespace Platform.Tests.Monitoring;

/// <summary>
/// Every expression of the dashboards and the rules can be read by Prometheus, and every metric, label and value that it names is one that
/// somebody has: API and edge in a scrape, the exporters by their lists, the recording rules.
/// </summary>
public sealed class MetricNamesTests(MetricNamesFixture existing) : IClassFixture<MetricNamesFixture>
{
    private static readonly string[] Rates = ["rate", "irate", "increase", "resets"];

    /// <summary>Numbers of the database that all replicas share; each reports all of it.</summary>
    private static readonly string[] Shared =
    [
        "backup_archives", "backup_damaged", "backup_due_timestamp_seconds", "backup_last_duration_seconds", "backup_last_failed",
        "backup_last_size_bytes", "backup_last_success_timestamp_seconds", "backup_running", "document_tasks", "document_task_oldest_age_seconds", "outbox_messages",
        "outbox_oldest_age_seconds", "website_visitor_count",
    ];

    private static IEnumerable<PromQlQuery> Queries =>
    [
        .. Dashboard.All.SelectMany(dashboard => dashboard.PromQlQueries()),
        .. RulesInRepository.All.Select(rule => new PromQlQuery((rule.Alert ?? rule.Record)!, rule.Expression, [])),
    ];

    [Fact]
    [Trait("Defect", "D20")]
    [Trait("Defect", "D28")]
    public void Every_metric_label_and_value_that_is_asked_for_exists()
    {
        var queries = Queries.ToArray();
        Assert.Contains(queries, query => query.Place.StartsWith("overview: ", StringComparison.Ordinal));
        Assert.Contains(queries, query => query.Place == "slo:availability:ratio_30d");
        var findings = queries.SelectMany(FindingsOf).ToArray();
        Assert.True(findings.Length == 0, string.Join('\n', findings));
    }

    [Theory]
    [InlineData("rate(http_server_request_duration_second_count[5m])", "http_server_request_duration_second_count is nobody's")]
    [InlineData("node_lod5", "node_lod5 is nobody's")]
    [InlineData("service:http_request:rate5m", "service:http_request:rate5m is nobody's")]
    [InlineData("{__name__=~\"otelcol_accepted_spans(_total)?\"}", "otelcol_accepted_spans(_total)? is nobody's")]
    [InlineData("document_tasks{stat=\"queued\"}", "document_tasks has no label stat")]
    [InlineData("node_load5{mode=\"idle\"}", "node_load5 has no label mode")]
    [InlineData("sum by (operatoin) (rate(object_store_operation_duration_seconds_count[5m]))", "nothing here has a label operatoin")]
    [InlineData("up * on (instanc) group_left up", "nothing here has a label instanc")]
    [InlineData("document_tasks{state=\"waiting\"}", "document_tasks has no state waiting")]
    [InlineData("edge_sign_ins_total{outcome=~\"success|lockedout\"}", "edge_sign_ins_total has no outcome lockedout")]
    [InlineData("edge_sessions{job=\"api\"}", "edge_sessions is not of api")]
    [InlineData("rate(website_visitor_count[5m])", "rate() of website_visitor_count, which is no counter")]
    [InlineData("sum(document_tasks)", "sum of document_tasks, which every replica reports whole")]
    [InlineData("slo:availability:ratio_30d{job=\"edge\"}", "slo:availability:ratio_30d has no label job")]
    public void A_wrong_name_is_found(string expression, string finding) =>
        Assert.Equal(finding, Assert.Single(FindingsOf(new("", expression, []))).Split(": ", 3)[1]);

    [Fact]
    public async Task Every_expression_is_one_that_Prometheus_can_read()
    {
        if (!Programs.AreThere("promtool"))
        {
            return;
        }

        var all = await CheckAsync(Queries.Select(query => query.Expression));
        Assert.True(all.ExitCode == 0, all.Console);
        var wrong = await CheckAsync(["sum by (job (up)"]);
        Assert.NotEqual(0, wrong.ExitCode);
    }

    [Fact]
    public void Every_list_of_an_exporters_metrics_says_where_it_is_from_and_has_nothing_that_nobody_uses()
    {
        var used = Queries.SelectMany(query => new MetricNamesExpression(query.Expression).Selectors).Select(selector => selector.Metric).ToHashSet();
        foreach (var (exporter, lines) in MetricNamesCatalogue.ExporterLists())
        {
            Assert.True(lines[0].StartsWith("# ", StringComparison.Ordinal) && lines[0].Any(char.IsAsciiDigit), $"{exporter}: no version");
            Assert.All(lines.Skip(1).Select(line => line.Split(' ', '{')[0]), name => Assert.True(
                used.Contains(name) || used.Contains(name + "(_total)?"), $"{exporter}: nobody uses {name}"));
        }
    }

    private IEnumerable<string> FindingsOf(PromQlQuery query)
    {
        var catalogue = existing.Catalogue;
        var expression = new MetricNamesExpression(query.Expression);
        var labels = new HashSet<string>();
        foreach (var selector in expression.Selectors)
        {
            var metric = catalogue[selector.Metric] ?? catalogue.Matching(selector.Metric).FirstOrDefault();
            foreach (var finding in metric is null ? [$"{selector.Metric} is nobody's"] : FindingsOf(selector, metric))
            {
                yield return $"{query.Place}: {finding}: {query.Expression}";
            }

            labels.UnionWith(metric?.Labels.Keys ?? Enumerable.Empty<string>());
        }

        foreach (var label in expression.Grouping.Concat(query.ShownLabels).Where(label => !labels.Contains(label)))
        {
            yield return $"{query.Place}: nothing here has a label {label}: {query.Expression}";
        }
    }

    private static IEnumerable<string> FindingsOf(MetricNamesExpression.Selector selector, KnownMetric metric)
    {
        foreach (var matcher in selector.Matchers)
        {
            if (!metric.Labels.TryGetValue(matcher.Label, out var values))
            {
                yield return $"{selector.Metric} has no label {matcher.Label}";
            }
            else if (matcher.Label == "job" && metric.Jobs.Count > 0 && matcher.Values.Any() && !matcher.Values.Any(metric.Jobs.Contains))
            {
                yield return $"{selector.Metric} is not of {matcher.Value}";
            }
            else if (metric.HasAllValues && values.Count > 0 && matcher.Values.FirstOrDefault(value => !values.Contains(value)) is { } unknown)
            {
                yield return $"{selector.Metric} has no {matcher.Label} {unknown}";
            }
        }

        if (selector.IsRange && selector.Enclosing is [var function, ..] && Rates.Contains(function) && !metric.IsCounter)
        {
            yield return $"{function}() of {selector.Metric}, which is no counter";
        }

        if (Shared.Contains(selector.Metric) && selector.Enclosing.FirstOrDefault(name => name is "sum" or "max") == "sum")
        {
            yield return $"sum of {selector.Metric}, which every replica reports whole";
        }
    }

    /// <summary>What promtool says of rules with these expressions.</summary>
    private static async Task<Publication> CheckAsync(IEnumerable<string> expressions)
    {
        var folder = Directory.CreateTempSubdirectory("platform-test-");
        try
        {
            // JSON is YAML, too.
            var rules = expressions.Select((expression, index) =>
                new { record = $"expression:{index}", expr = MetricNamesExpression.WithoutVariables(expression) });
            var file = Path.Combine(folder.FullName, "rules.yaml");
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { groups = new[] { new { name = "expressions", rules } } }));
            return await MonitoringProgram.RunAsync("promtool", "check", "rules", "--lint=none", file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
