using System.Diagnostics;
using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;
using Platform.Tests.Publishing;
using Platform.Tests.Standins;
using YamlDotNet.Serialization;

namespace Platform.Tests.Monitoring;

/// <summary>The configuration that the servers of the container topology read, as it is published.</summary>
[Collection(PublishingSuite.Name)]
public sealed partial class PublishedConfigurationTests(PublishedProjects projects)
{
    private ComposeOutput Project => projects.Complete;

    [Fact]
    [Trait("Defect", "D24")]
    public async Task Promtool_accepts_the_configuration_of_Prometheus_with_all_rules()
    {
        if (!Programs.AreThere("promtool"))
        {
            return;
        }

        // On this machine the files are not where the container has them.
        var folder = Directory.CreateDirectory(projects.NewFolder()).FullName;
        var published = await File.ReadAllTextAsync(Path("prometheus", "prometheus.yml"));
        var here = System.IO.Path.Combine(folder, "prometheus.yml");
        await File.WriteAllTextAsync(here, published.Replace("/etc/platform", Path("prometheus"), StringComparison.Ordinal));
        var check = await Publication.RunAsync(new ProcessStartInfo("promtool", ["check", "config", here])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        Assert.True(check.ExitCode == 0, check.Console);
        Assert.DoesNotContain(" 0 rules found", check.Console, StringComparison.Ordinal);
        Assert.Matches(@"SUCCESS: \d+ rule files found", check.Console);
    }

    [Fact]
    [Trait("Defect", "D20"), Trait("Defect", "D26"), Trait("Defect", "D27")]
    public void What_is_scraped_is_a_service_of_the_project_at_a_port_that_it_has_and_no_exporter_is_forgotten()
    {
        var prometheus = Yaml("prometheus", "prometheus.yml");
        var targets = TargetPattern().Matches(prometheus).Select(match => (Host: match.Groups["host"].Value, Port: match.Groups["port"].Value)).ToArray();
        Assert.NotEmpty(targets);
        Assert.All(targets, target => Assert.Contains(target.Port, Project.List($"services/{target.Host}/expose").Append(Published(target.Host))));
        Assert.Equal(
            ["alertmanager", "api", "blackbox", "collector", "edge", "grafana", "loki", "minio", "node", "postgres", "probe", "prometheus", "tempo"],
            JobPattern().Matches(prometheus).Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal));
        // Each replica has an address of its own behind the name.
        Assert.Contains("dns_sd_configs:\n      - names: [api]\n        type: A\n        port: 8081\n", prometheus, StringComparison.Ordinal);
        // They live below the paths that the edge shows them at, for each other, too.
        Assert.Contains("metrics_path: /prometheus/metrics\n", prometheus, StringComparison.Ordinal);
        Assert.Contains("path_prefix: /alertmanager\n", prometheus, StringComparison.Ordinal);
        Assert.Contains("--web.route-prefix=/prometheus/", Project.List("services/prometheus/command"));
        Assert.Contains("--web.route-prefix=/alertmanager/", Project.List("services/alertmanager/command"));
        Assert.Equal("public", Project["services/minio/environment/MINIO_PROMETHEUS_AUTH_TYPE"]);

        string? Published(string service) => Project.List($"services/{service}/ports").SingleOrDefault()?.Split(':')[^1];
    }

    [Theory]
    [InlineData("api")]
    [InlineData("edge")]
    public void Metrics_are_scraped_and_not_pushed_and_logs_and_traces_are_pushed(string service)
    {
        var environment = $"services/{service}/environment";
        Assert.Equal("http://collector:4317", Project[$"{environment}/OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.Equal("grpc", Project[$"{environment}/OTEL_EXPORTER_OTLP_PROTOCOL"]);
        Assert.Equal("none", Project[$"{environment}/OTEL_METRICS_EXPORTER"]);
        // As the job is called that scrapes it.
        Assert.Equal(service, Project[$"{environment}/OTEL_SERVICE_NAME"]);
    }

    [Fact]
    public void The_Collector_hands_logs_to_Loki_and_traces_to_Tempo_and_has_a_limit_for_everything()
    {
        var collector = Tree("collector", "collector.yaml");
        var pipelines = Map(collector, "service", "pipelines");
        Assert.Equal(["logs", "traces"], pipelines.Keys.Cast<string>());
        Assert.Equal(["otlphttp/loki"], List(pipelines, "logs", "exporters"));
        Assert.Equal(["otlp/tempo"], List(pipelines, "traces", "exporters"));
        Assert.All(pipelines.Keys, pipeline => Assert.Equal("memory_limiter", List(pipelines, (string)pipeline, "processors")[0]));
        Assert.Equal("http://${env:LOKI_ADDRESS}/otlp", Map(collector, "exporters", "otlphttp/loki")["endpoint"]);
        Assert.Equal("loki:3100", Project["services/collector/environment/LOKI_ADDRESS"]);
        Assert.Equal("tempo:4317", Project["services/collector/environment/TEMPO_ADDRESS"]);
        Assert.All(["otlphttp/loki", "otlp/tempo"], exporter => Assert.NotNull(Map(collector, "exporters", exporter, "sending_queue")["queue_size"]));
    }

    [Fact]
    [Trait("Defect", "D32")]
    public void Logs_and_traces_are_deleted_by_what_really_deletes_them()
    {
        var loki = Tree("loki", "loki.yaml");
        Assert.Equal("true", Map(loki, "compactor")["retention_enabled"]);
        Assert.Equal("720h", Map(loki, "limits_config")["retention_period"]);
        Assert.DoesNotContain("table_manager", loki.Keys);
        Assert.DoesNotContain("ruler", loki.Keys);
        var tempo = Tree("tempo", "tempo.yaml");
        Assert.Equal("336h", Map(tempo, "backend_scheduler", "provider", "compaction", "compaction")["block_retention"]);
        Assert.Equal("336h", Map(tempo, "backend_worker", "compaction")["block_retention"]);
        Assert.Contains("--storage.tsdb.retention.time=30d", Project.List("services/prometheus/command"));
    }

    [Fact]
    [Trait("Defect", "D22")]
    public void The_index_of_the_logs_knows_services_and_no_client()
    {
        var resource = Map(Tree("loki", "loki.yaml"), "limits_config", "otlp_config", "resource_attributes");
        Assert.Equal("true", resource["ignore_defaults"]);
        var attributes = Assert.IsType<Dictionary<object, object>>(Assert.Single(Assert.IsType<List<object>>(resource["attributes_config"])));
        Assert.Equal("index_label", attributes["action"]);
        Assert.Equal(["service.name"], Assert.IsType<List<object>>(attributes["attributes"]));
    }

    [Fact]
    [Trait("Defect", "D27"), Trait("Defect", "D33")]
    public void Grafana_finds_its_sources_and_leads_from_one_to_the_other()
    {
        var sources = Assert.IsType<List<object>>(Tree("grafana", "provisioning/datasources/platform.yaml")["datasources"])
            .Cast<Dictionary<object, object>>().ToDictionary(source => (string)source["uid"]);
        Assert.Equal(["alertmanager", "loki", "prometheus", "tempo"], sources.Keys.Order(StringComparer.Ordinal));
        Assert.All(sources, source =>
        {
            var url = (string)source.Value["url"];
            var variable = VariablePattern().Match(url).Groups["name"].Value;
            Assert.StartsWith(source.Key + ":", (string)Project[$"services/grafana/environment/{variable}"]!, StringComparison.Ordinal);
        });
        Assert.EndsWith("/prometheus", (string)sources["prometheus"]["url"], StringComparison.Ordinal);
        Assert.EndsWith("/alertmanager", (string)sources["alertmanager"]["url"], StringComparison.Ordinal);
        var exemplars = Assert.IsType<List<object>>(Map(sources["prometheus"], "jsonData")["exemplarTraceIdDestinations"]);
        Assert.Equal("tempo", Assert.IsType<Dictionary<object, object>>(Assert.Single(exemplars))["datasourceUid"]);
        Assert.Equal("loki", Map(sources["tempo"], "jsonData", "tracesToLogsV2")["datasourceUid"]);
        var fields = Assert.IsType<List<object>>(Map(sources["loki"], "jsonData")["derivedFields"]);
        Assert.Equal("tempo", Assert.IsType<Dictionary<object, object>>(Assert.Single(fields))["datasourceUid"]);
        Assert.Equal(
            "/etc/platform/dashboards",
            Map(Assert.IsType<Dictionary<object, object>>(Assert.Single(
                Assert.IsType<List<object>>(Tree("grafana", "provisioning/dashboards/platform.yaml")["providers"]))), "options")["path"]);
        Assert.NotEmpty(Directory.GetFiles(Path("grafana", "dashboards"), "*.json"));
    }

    [Fact]
    [Trait("Defect", "D40"), Trait("Defect", "D46")]
    public void Grafana_asks_who_is_there_believes_the_edge_and_knows_its_address_from_a_parameter()
    {
        var environment = Project.Keys("services/grafana/environment")
            .ToDictionary(name => name, name => (string)Project[$"services/grafana/environment/{name}"]!);
        Assert.Equal("false", environment["GF_AUTH_ANONYMOUS_ENABLED"]);
        Assert.Equal("true", environment["GF_AUTH_PROXY_ENABLED"]);
        Assert.Equal("${GRAFANA_PASSWORD:?set GRAFANA_PASSWORD in .env}", environment["GF_SECURITY_ADMIN_PASSWORD"]);
        Assert.Equal("${SITE_URL:?set SITE_URL in .env}/grafana/", environment["GF_SERVER_ROOT_URL"]);
        Assert.Contains("--web.external-url=${SITE_URL:?set SITE_URL in .env}/prometheus/", Project.List("services/prometheus/command"));
    }

    private string Path(params string[] parts) => System.IO.Path.Combine([projects.CompleteFolder, .. parts]);

    private string Yaml(params string[] parts) => File.ReadAllText(Path(parts));

    private Dictionary<object, object> Tree(params string[] parts) =>
        new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(Yaml(parts));

    private static Dictionary<object, object> Map(Dictionary<object, object> tree, params string[] keys) =>
        keys.Aggregate(tree, (node, key) => Assert.IsType<Dictionary<object, object>>(node[key]));

    private static object[] List(Dictionary<object, object> tree, string key, string list) => [.. Assert.IsType<List<object>>(Map(tree, key)[list])];

    [GeneratedRegex(@"'(?:https?://)?(?<host>[a-z-]+):(?<port>\d+)")]
    private static partial Regex TargetPattern();

    [GeneratedRegex(@"job_name: (?<name>\S+)")]
    private static partial Regex JobPattern();

    [GeneratedRegex(@"\$\{(?<name>[A-Z_]+)\}")]
    private static partial Regex VariablePattern();
}
