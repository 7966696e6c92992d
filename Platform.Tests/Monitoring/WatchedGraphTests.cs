using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.Testing;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>What watches Platform, live: that it sees everything, that alerts reach people, and that nothing waits for it.</summary>
public sealed class WatchedGraphTests(WatchedGraph graph) : IClassFixture<WatchedGraph>
{
    private static readonly TimeSpan Scraped = TimeSpan.FromSeconds(90);

    // Scraped, evaluated, pending for its minute, grouped and sent.
    private static readonly TimeSpan Alerted = TimeSpan.FromMinutes(5);

    [Fact]
    [Trait("Defect", "D20"), Trait("Defect", "D21"), Trait("Defect", "D26"), Trait("Defect", "D27")]
    public async Task Everything_that_runs_is_scraped_every_replica_by_itself_and_nothing_is_down()
    {
        await Eventually.IsTrueAsync(AllAreUpAsync, Scraped);
        var targets = await TargetsAsync();
        Assert.Equal(
            ["alertmanager", "api", "api", "blackbox", "edge", "node", "postgres", "probe", "prometheus"],
            targets.Select(target => target.Job).Where(job => job != "probe").Append("probe").Order(StringComparer.Ordinal));
        Assert.Equal(
            graph.Replicas("api").Select(replica => replica.Management.Authority).Order(StringComparer.Ordinal),
            targets.Where(target => target.Job == "api").Select(target => target.Instance).Order(StringComparer.Ordinal));
    }

    [Fact]
    [Trait("Defect", "D28"), Trait("Defect", "D29")]
    public async Task Every_probe_passes_and_says_what_it_probed()
    {
        await Eventually.IsTrueAsync(
            async () => (await SeriesAsync("probe_success")) is { Count: 9 } probes && probes.All(probe => probe.Value == "1"), Scraped);
        Assert.Equal(
            [
                "admin alertmanager", "admin api documentation", "admin console", "admin prometheus", "public contact form", "public health",
                "public home", "server mail", "server postgres",
            ],
            (await SeriesAsync("probe_success")).Select(probe => $"{probe.Labels["kind"]} {probe.Labels["target"]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    [Trait("Defect", "D24"), Trait("Defect", "D31")]
    public async Task All_rules_are_loaded_and_evaluated_and_Alertmanager_is_found()
    {
        var rules = (await graph.PrometheusAsync("rules")).GetProperty("groups").EnumerateArray()
            .SelectMany(group => group.GetProperty("rules").EnumerateArray()).ToArray();
        Assert.True(rules.Count(rule => rule.GetProperty("type").GetString() == "alerting") > 50);
        Assert.True(rules.Count(rule => rule.GetProperty("type").GetString() == "recording") > 20);
        await Eventually.IsTrueAsync(
            async () => (await graph.PrometheusAsync("rules")).GetProperty("groups").EnumerateArray()
                .SelectMany(group => group.GetProperty("rules").EnumerateArray())
                .All(rule => rule.GetProperty("health").GetString() == "ok"),
            Scraped);
        var found = Assert.Single((await graph.PrometheusAsync("alertmanagers")).GetProperty("activeAlertmanagers").EnumerateArray());
        Assert.EndsWith("/alertmanager/api/v2/alerts", found.GetProperty("url").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/prometheus/", "<title>Prometheus")]
    [InlineData("/prometheus/api/v1/query?query=up", "\"status\":\"success\"")]
    [InlineData("/alertmanager/", "Alertmanager")]
    [InlineData("/alertmanager/api/v2/status", "\"versionInfo\"")]
    public async Task Who_has_signed_in_sees_their_pages_below_the_edge_and_a_stranger_sees_the_sign_in(string path, string contents)
    {
        using var refused = await graph.Stranger().GetAsync(path);
        Assert.Equal(HttpStatusCode.Found, refused.StatusCode);
        Assert.StartsWith("/auth/sign-in", refused.Headers.Location!.OriginalString, StringComparison.Ordinal);

        var administrator = await graph.AdministratorAsync();
        var accept = path.Contains("/api/", StringComparison.Ordinal) ? "application/json" : "text/html";
        using var page = await administrator.FollowAsync(await administrator.GetAsync(path, ("Accept", accept)));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains(contents, await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_point_of_a_chart_leads_to_the_trace_of_a_request_in_it()
    {
        using var accepted = await SubmitAsync();
        accepted.EnsureSuccessStatusCode();
        await Eventually.IsTrueAsync(
            async () => await ExemplarsAsync("edge") is { Count: > 0 } edge && await ExemplarsAsync("api") is { } api && edge.Overlaps(api), Scraped);

        async Task<HashSet<string>> ExemplarsAsync(string job)
        {
            var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            var query = Uri.EscapeDataString($"http_server_request_duration_seconds_bucket{{job=\"{job}\"}}");
            var series = await graph.PrometheusAsync($"query_exemplars?query={query}&start={now - 600}&end={now}");
            return [.. series.EnumerateArray().SelectMany(one => one.GetProperty("exemplars").EnumerateArray())
                .Select(exemplar => exemplar.GetProperty("labels").GetProperty("trace_id").GetString()!)];
        }
    }

    [Fact]
    public async Task Nothing_waits_for_what_watches_and_it_is_started_again_when_it_dies()
    {
        foreach (var name in new[] { "prometheus", "alertmanager", "blackbox-exporter" })
        {
            var process = Assert.Single(graph.Replicas(name)).ProcessId;
            Process.GetProcessById(process).Kill();
        }

        for (var i = 0; i < 5; i++)
        {
            using var accepted = await SubmitAsync();
            Assert.Equal(HttpStatusCode.OK, accepted.StatusCode);
        }

        await Eventually.IsTrueAsync(
            async () =>
            {
                try
                {
                    return (await TargetsAsync()) is { Length: > 0 } targets && targets.All(target => target.Health == "up");
                }
                catch (Exception exception) when (exception is HttpRequestException or JsonException)
                {
                    return false;
                }
            },
            Scraped);
    }

    [Fact]
    public async Task A_database_that_is_stopped_reaches_people_over_the_webhook_and_by_mail_and_so_does_its_return()
    {
        await Eventually.IsTrueAsync(AllAreUpAsync, Scraped);
        await graph.CommandAsync(graph.Replicas("postgres").Single().Id, "stop");
        await Eventually.IsTrueAsync(() => Told("PostgresDown", "firing"), Alerted);
        var alert = graph.Webhook.Alerts.First(told => told.Name == "PostgresDown").Alert;
        Assert.Equal("critical", alert.GetProperty("labels").GetProperty("severity").GetString());
        Assert.Equal(
            $"{graph.Edge.BaseAddress!.GetLeftPart(UriPartial.Authority)}/console/runbooks/PostgresDown",
            alert.GetProperty("annotations").GetProperty("runbook_url").GetString());
        await Eventually.IsTrueAsync(() => Mailed("[FIRING critical] PostgresDown: "), Alerted);

        await graph.CommandAsync(graph.Replicas("postgres").Single().Id, "start");
        await Eventually.IsTrueAsync(() => Told("PostgresDown", "resolved"), Alerted);
        await Eventually.IsTrueAsync(() => Mailed("[RESOLVED] PostgresDown: "), Alerted);

        Task<bool> Told(string name, string status) =>
            Task.FromResult(graph.Webhook.Alerts.Any(told => told.Name == name && told.Status == status));

        async Task<bool> Mailed(string subject)
        {
            using var inbox = graph.App.CreateHttpClient("mail", "http");
            return (await inbox.GetFromJsonAsync<JsonElement>("/email")).EnumerateArray()
                .Any(mail => mail.GetProperty("subject").GetString()!.StartsWith(subject, StringComparison.Ordinal));
        }
    }

    private Task<HttpResponseMessage> SubmitAsync() =>
        graph.Edge.PostAsJsonAsync("/contact", new { name = "Ada", email = "ada@example.org", message = "hello" });

    /// <summary>Whether all eight servers and the nine probes are. Prometheus has none of them at first, and then one job after the other.</summary>
    private async Task<bool> AllAreUpAsync() => (await TargetsAsync()) is { Length: 17 } targets && targets.All(target => target.Health == "up");

    private async Task<Target[]> TargetsAsync() =>
    [
        .. (await graph.PrometheusAsync("targets")).GetProperty("activeTargets").EnumerateArray().Select(target => new Target(
            target.GetProperty("labels").GetProperty("job").GetString()!,
            target.GetProperty("labels").GetProperty("instance").GetString()!,
            target.GetProperty("health").GetString()!)),
    ];

    private async Task<List<(Dictionary<string, string> Labels, string Value)>> SeriesAsync(string query) =>
    [
        .. (await graph.PrometheusAsync("query?query=" + Uri.EscapeDataString(query))).GetProperty("result").EnumerateArray().Select(series => (
            series.GetProperty("metric").Deserialize<Dictionary<string, string>>()!, series.GetProperty("value")[1].GetString()!)),
    ];

    private sealed record Target(string Job, string Instance, string Health);
}
