using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.Testing;
using Npgsql;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Graph;

/// <summary>The walking skeleton, end to end: edge, API and database as one graph on the real orchestrator.</summary>
public sealed class PlatformGraphTests(PlatformGraph graph) : IClassFixture<PlatformGraph>
{
    private static readonly object Ada = new { name = "Ada", email = "ada@example.org", message = "hello" };

    [Fact]
    public async Task A_submission_through_the_edge_is_a_row_in_PostgreSQL()
    {
        using var answer = await graph.Edge.PostAsJsonAsync("/contact", Ada);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("contactId").GetString();
        Assert.Equal("Ada", await ScalarAsync("SELECT name FROM contact_submissions WHERE id = $1", id!));
    }

    [Fact]
    public async Task Two_hundred_submissions_at_once_are_two_hundred_rows_and_counter_values()
    {
        using var client = graph.WithKey();
        var ids = new ConcurrentBag<string>();
        var counts = new ConcurrentBag<long>();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            using var answer = await client.PostAsJsonAsync("/contact", Ada);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
            ids.Add(body.GetProperty("contactId").GetString()!);
            counts.Add(body.GetProperty("visitor_count").GetInt64());
        }));
        Assert.Equal(200, counts.Distinct().Count());
        Assert.Equal(200L, await ScalarAsync("SELECT count(*) FROM contact_submissions WHERE id = ANY($1)", ids.ToArray()));
    }

    [Fact]
    public async Task The_edge_reaches_nothing_of_the_management_ports()
    {
        foreach (var path in new[] { "/metrics", "/health/live", "/health/ready", "/health/startup", "/api/metrics", "/api/health/ready" })
        {
            using var answer = await graph.Edge.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Every_process_exposes_its_own_metrics_on_its_management_port()
    {
        using var answer = await graph.Edge.GetAsync("/stats");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        // Each replica is asked itself: behind the address that they share, any of them would answer.
        using var client = new HttpClient();
        var all = new List<string>();
        foreach (var process in (ServiceReplica[])[.. graph.Replicas("api"), .. graph.Replicas("edge")])
        {
            all.Add(await client.GetStringAsync(new Uri(process.Management, "/metrics")));
        }

        Assert.All(all, metrics => Assert.Contains("dotnet_gc_collections_total", metrics, StringComparison.Ordinal));
        Assert.True(all.Count(metrics => metrics.Contains("http_server_request_duration_seconds_bucket", StringComparison.Ordinal)) >= 2);
    }

    [Fact]
    public void Secrets_that_were_not_given_are_kept_for_the_owner_only()
    {
        var file = Path.Combine(graph.DataDirectory, "secrets.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(64, graph.ApiKey.Length);
        Assert.NotEqual(graph.ApiKey, graph.Secret("postgres-password"));
    }

    [Fact]
    [Trait("Defect", "R02")]
    public async Task PostgreSQL_stopped_is_a_503_within_two_seconds_and_mends_by_itself()
    {
        using var client = graph.WithKey();
        using var readiness = graph.App.CreateHttpClient("api", "management");
        await graph.App.ResourceCommands.ExecuteCommandAsync("postgres", "stop", CancellationToken.None);
        await AnswersAsync(HttpStatusCode.ServiceUnavailable, () => readiness.GetAsync("/health/ready"), TimeSpan.FromSeconds(10));
        var watch = Stopwatch.StartNew();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(() => client.PostAsJsonAsync("/contact", Ada)));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(() => client.GetAsync("/stats")));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(4), $"Two refusals took {watch.Elapsed}.");

        await graph.App.ResourceCommands.ExecuteCommandAsync("postgres", "start", CancellationToken.None);
        await AnswersAsync(HttpStatusCode.OK, () => client.PostAsJsonAsync("/contact", Ada), PlatformGraph.Patience);
        await AnswersAsync(HttpStatusCode.OK, () => readiness.GetAsync("/health/ready"), PlatformGraph.Patience);
    }

    [Fact]
    public async Task What_was_acknowledged_survives_kill_9_of_PostgreSQL_which_is_started_again()
    {
        using var client = graph.WithKey();
        var ids = new ConcurrentBag<string>();
        using var enough = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                using var answer = await client.PostAsJsonAsync("/contact", Ada);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    ids.Add((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("contactId").GetString()!);
                }
                else
                {
                    Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                    await Task.Delay(50);
                }
            }
        }).ToArray();

        await Eventually.IsTrueAsync(() => Task.FromResult(ids.Count > 100), PlatformGraph.Patience);
        var before = graph.PostgresProcessId();
        using (var postmaster = Process.GetProcessById(before))
        {
            postmaster.Kill();
        }

        var acknowledged = ids.Count;
        await Eventually.IsTrueAsync(() => Task.FromResult(ids.Count > acknowledged + 100), PlatformGraph.Patience);
        await enough.CancelAsync();
        await Task.WhenAll(clients);

        Assert.NotEqual(before, graph.PostgresProcessId());
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal((long)ids.Count, await ScalarAsync("SELECT count(*) FROM contact_submissions WHERE id = ANY($1)", ids.ToArray()));
    }

    private static Task AnswersAsync(HttpStatusCode status, Func<Task<HttpResponseMessage>> send, TimeSpan within) =>
        Eventually.IsTrueAsync(async () => await StatusAsync(send) == status, within);

    private static async Task<HttpStatusCode> StatusAsync(Func<Task<HttpResponseMessage>> send)
    {
        using var answer = await send();
        return answer.StatusCode;
    }

    private async Task<object?> ScalarAsync(string sql, object parameter)
    {
        var database = await graph.App.GetConnectionStringAsync("platformdb", CancellationToken.None);
        await using var connection = new NpgsqlConnection($"{database};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = parameter } } };
        return await command.ExecuteScalarAsync();
    }
}
