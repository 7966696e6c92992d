using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Platform.Tests.Api;

/// <summary>Visits, statistics, health, the service's description and its metrics.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class PublicEndpointTests(ApiFixture api)
{
    [Fact, Trait("Defect", "D07")]
    public async Task A_visit_is_counted_and_leaves_an_event()
    {
        using var response = await api.Service.Client.PostAsJsonAsync("/visits",
            new { page = "/pricing", referrer = "https://example.org/" });
        var visit = await ApiFixture.JsonAsync(response, HttpStatusCode.Accepted);
        var count = visit.GetProperty("visitor_count").GetInt64();
        Assert.Equal(count, await api.QueryAsync<long>("SELECT count FROM website_visitors"));
        Assert.Equal(1, await api.QueryAsync<long>("""
            SELECT count(*) FROM analytics_events
            WHERE event_type = 'visit' AND event_data @> '{"page": "/pricing", "referrer": "https://example.org/"}'
            """));

        using var empty = await api.Service.Client.PostAsync("/visits", content: null);
        Assert.Equal(count + 1, (await ApiFixture.JsonAsync(empty, HttpStatusCode.Accepted)).GetProperty("visitor_count").GetInt64());
    }

    [Fact]
    public async Task Concurrent_visits_and_submissions_share_one_exact_counter()
    {
        var before = await api.QueryAsync<long>("SELECT count FROM website_visitors");
        var values = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            using var response = i % 2 == 0
                ? await api.Service.Client.PostAsync("/visits", content: null)
                : await api.Service.Client.PostAsJsonAsync("/contact", ApiFixture.Submission());
            return (await ApiFixture.JsonAsync(response, response.StatusCode)).GetProperty("visitor_count").GetInt64();
        }));
        Assert.Equal(Enumerable.Range(1, 200).Select(i => before + i), values.Order());
    }

    [Fact]
    public async Task Statistics_are_never_older_than_the_request()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            for (var i = 0; i < 25; i++)
            {
                var own = (await ApiFixture.SubmitAsync(api.Service, ApiFixture.Submission())).GetProperty("visitor_count").GetInt64();
                using var response = await api.GetAsync("/stats", key: null);
                var stats = await ApiFixture.JsonAsync(response);
                Assert.True(stats.GetProperty("visitor_count").GetInt64() >= own);
                Assert.True(stats.GetProperty("enhanced_features").GetBoolean());
                Assert.InRange(stats.GetProperty("timestamp").GetDateTime(), DateTime.UtcNow.AddSeconds(-10),
                    DateTime.UtcNow.AddSeconds(1));
            }
        }));
    }

    [Fact, Trait("Defect", "D10"), Trait("Defect", "R09")]
    public async Task Health_under_load_changes_nothing_and_costs_the_database_nothing()
    {
        using var response = await api.GetAsync("/health", key: null);
        var health = await ApiFixture.JsonAsync(response);
        Assert.Equal("healthy", health.GetProperty("status").GetString());
        Assert.Equal("connected", health.GetProperty("services").GetProperty("database").GetString());
        Assert.Equal(["status", "timestamp", "version", "services"], health.EnumerateObject().Select(member => member.Name));

        var before = await api.StateAsync();
        var statements = await api.StatementsAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(async _ =>
        {
            using var answer = await api.GetAsync("/health", key: null);
            return answer.StatusCode;
        }));
        Assert.All(answers, status => Assert.Equal(HttpStatusCode.OK, status));
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.InRange(await api.StatementsAsync() - statements, 0, 20);
        Assert.Equal(before, await api.StateAsync());
    }

    [Fact]
    public async Task The_service_says_what_it_is()
    {
        using var response = await api.GetAsync("/api", key: null);
        var info = await ApiFixture.JsonAsync(response);
        Assert.Equal("platform-api", info.GetProperty("service").GetString());
        Assert.Matches(@"^\d+\.\d+\.\d+$", info.GetProperty("version").GetString());
        Assert.NotEmpty(info.GetProperty("capabilities").EnumerateArray());
    }

    [Fact, Trait("Defect", "D06")]
    public async Task The_OpenAPI_document_lists_every_path_and_only_the_public_ones_are_open()
    {
        using var response = await api.GetAsync("/openapi/v1.json");
        var document = await ApiFixture.JsonAsync(response);
        Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(
            path => path.Value.EnumerateObject(),
            (path, operation) => $"{operation.Name} {path.Name} {Scope(operation.Value)}");
        Assert.Equal(
            [
                "delete /admin/backups/{name} admin",
                "delete /admin/keys/{id} admin",
                "delete /contacts/{id} write",
                "delete /documents/{id} write",
                "get /admin/audit admin",
                "get /admin/backups admin",
                "get /admin/backups/{name} admin",
                "get /admin/keys admin",
                "get /admin/system-info admin",
                "get /admin/tasks admin",
                "get /analytics/insights read",
                "get /analytics/timeseries read",
                "get /api open",
                "get /contacts read",
                "get /contacts/{id} read",
                "get /contacts/{id}/documents read",
                "get /contacts/{id}/export read",
                "get /d/{token} open",
                "get /documents read",
                "get /documents/search read",
                "get /documents/{id} read",
                "get /documents/{id}/content read",
                "get /health open",
                "get /stats open",
                "patch /contacts/{id} write",
                "patch /documents/{id} write",
                "post /admin/backups admin",
                "post /admin/backups/{name}/verify admin",
                "post /admin/keys admin",
                "post /admin/search/reindex admin",
                "post /analytics/events open",
                "post /contact open",
                "post /documents/search read",
                "post /documents/upload write",
                "post /documents/{id}/links write",
                "post /documents/{id}/reprocess write",
                "post /documents/{id}/restore write",
                "post /visits open",
            ],
            operations.Order(StringComparer.Ordinal));
        var ids = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject())
            .Select(operation => operation.Value.GetProperty("operationId").GetString()).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.Equal(
            ["cursor", "from", "limit", "q", "source", "status", "to"],
            document.GetProperty("paths").GetProperty("/contacts").GetProperty("get").GetProperty("parameters").EnumerateArray()
                .Select(parameter => parameter.GetProperty("name").GetString()).Order());

        static string Scope(JsonElement operation) => operation.TryGetProperty("security", out var security)
            ? security[0].GetProperty("ApiKey")[0].GetString()!
            : "open";
    }

    [Fact, Trait("Defect", "D21"), Trait("Defect", "D22")]
    public async Task Metrics_have_the_names_of_the_original_and_bounded_labels()
    {
        for (var i = 0; i < 20; i++)
        {
            await ApiFixture.SubmitAsync(api.Service,
                new { name = "n", email = "a@b.org", message = "m", source = $"made-up-{i}", service = $"made-up-{i}" });
        }
        var counter = (await ApiFixture.SubmitAsync(api.Service, ApiFixture.Submission())).GetProperty("visitor_count").GetInt64();
        string metrics = "";
        await ApiFixture.EventuallyAsync(
            async () => (metrics = await api.Service.Management.GetStringAsync("/metrics"))
                .Contains("source=\"other\"", StringComparison.Ordinal), "the submissions are counted");
        Assert.DoesNotContain("made-up", metrics, StringComparison.Ordinal);
        var submissions = Samples("contact_submissions_total");
        Assert.InRange(submissions.Length, 1, 4);
        Assert.True(submissions.Single(sample => sample.Contains("service=\"other\"") && sample.Contains("source=\"other\"")) is not null);
        await ApiFixture.EventuallyAsync(async () =>
        {
            metrics = await api.Service.Management.GetStringAsync("/metrics");
            return Value(Assert.Single(Samples("website_visitor_count"))) >= counter;
        }, "the gauge shows the counter");
        // The connection that listens for changed keys is always in use.
        Assert.InRange(Value(Assert.Single(Samples("active_database_connections"))), 1, 50);

        string[] Samples(string name) => [.. metrics.Split('\n').Where(line => line.StartsWith(name + "{", StringComparison.Ordinal))];
        static double Value(string sample) => double.Parse(sample.Split("} ")[1].Split(' ')[0], CultureInfo.InvariantCulture);
    }

    [Fact, Trait("Defect", "R05"), Trait("Defect", "D22")]
    public async Task Unknown_paths_do_not_grow_the_metrics()
    {
        (await api.GetAsync("/unknown-0", key: null)).Dispose();
        var before = await LinesAsync();
        await Task.WhenAll(Enumerable.Range(0, 400).Select(async i => (await api.GetAsync($"/unknown-{i}", key: null)).Dispose()));
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.InRange(await LinesAsync(), 0, before + 60);

        // Gauges of the queue and the like come when they are first known.
        async Task<int> LinesAsync() => (await api.Service.Management.GetStringAsync("/metrics")).Split('\n')
            .Count(line => line.StartsWith("http_", StringComparison.Ordinal) || line.StartsWith("aspnetcore_", StringComparison.Ordinal));
    }
}
