using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Platform.AppHost.Services;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Graph;

/// <summary>Replicas that share an address, processes that are started again, and the order in which all start.</summary>
[Collection(nameof(GraphWithCrashes))]
public sealed class ReplicaTests(GraphWithCrashes graph)
{
    private const int Clients = 8;

    [Fact]
    public async Task Two_replicas_share_an_address_and_the_requests()
    {
        var replicas = await WholeAsync();
        Assert.Equal(2, replicas.Count);
        Assert.Equal(2, replicas.Select(replica => replica.ProcessId).Distinct().Count());
        // Telemetry tells them apart.
        Assert.Equal(2, replicas.Select(replica => replica.Variable("OTEL_RESOURCE_ATTRIBUTES")).Distinct().Count());
        Assert.Single(replicas.Select(replica => Assert.Single(replica.Last.Snapshot.Urls, url => url.Name == "http").Url).Distinct());

        // A connection stays with the replica that took it; each of these is a new one.
        using var shared = new HttpClient { BaseAddress = graph.App.GetEndpoint("api", "http"), DefaultRequestHeaders = { ConnectionClose = true } };
        using var client = new HttpClient();
        await Eventually.IsTrueAsync(async () =>
        {
            using var answer = await shared.GetAsync("/stats");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var metrics = await Task.WhenAll(replicas.Select(replica => client.GetStringAsync(new Uri(replica.Management, "/metrics"))));
            return metrics.All(text => text.Contains("http_route=\"/stats\"", StringComparison.Ordinal));
        }, PlatformGraph.Patience);
    }

    [Fact]
    public void Nothing_starts_before_what_it_waits_for_is_healthy()
    {
        var changes = graph.Changes;
        var database = First(changes, "postgres", IsHealthy);
        var api = graph.Replicas("api").Select(replica => First(changes, replica.Id, IsRunning)).ToList();
        var apiHealthy = graph.Replicas("api").Select(replica => First(changes, replica.Id, IsHealthy)).ToList();
        var edge = First(changes, "edge", IsRunning);
        Assert.All(api, start => Assert.True(start > database, "The API runs before PostgreSQL is healthy."));
        Assert.All(apiHealthy, healthy => Assert.True(edge > healthy, "The edge runs before the API is healthy."));
        Assert.Contains(changes, change => change.Resource.Name == "edge" && change.Snapshot.State?.Text == KnownResourceStates.Waiting);
    }

    [Fact]
    public async Task Kill_9_of_a_replica_fails_no_read_and_it_comes_back()
    {
        var victim = (await WholeAsync())[0];
        var answers = new ConcurrentBag<HttpStatusCode>();
        await LoadAsync(victim, async client =>
        {
            using var answer = await client.GetAsync("/stats");
            answers.Add(answer.StatusCode);
        });

        Assert.All(answers, status => Assert.Equal(HttpStatusCode.OK, status));
        var later = graph.Changes.SkipWhile(change => change != victim.Last).Where(change => change.ResourceId == victim.Id).ToList();
        Assert.Contains(later, change => change.Snapshot.State?.Text == RestartExtensions.Restarting);
        Assert.Equal(Restarts(victim) + 1, Restarts(Current(victim)));
        Assert.Contains(graph.Console, line => line.StartsWith($"{victim.Id} ended by itself", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Kill_9_of_a_replica_loses_and_doubles_no_submission()
    {
        var victim = (await WholeAsync())[1];
        var run = Guid.NewGuid().ToString("n");
        var sent = 0;
        var acknowledged = new ConcurrentBag<string>();
        await LoadAsync(victim, async client =>
        {
            var message = $"{run} {Interlocked.Increment(ref sent)}";
            using var answer = await client.PostAsJsonAsync("/contact", new { name = "Ada", email = "ada@example.org", message });
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                acknowledged.Add(message);
            }
            else
            {
                Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.BadGateway, HttpStatusCode.ServiceUnavailable });
                Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            }
        });

        Assert.True(acknowledged.Count > sent / 2, $"{acknowledged.Count} of {sent} were acknowledged.");
        Assert.Equal((long)acknowledged.Count, await CountAsync("message = ANY($1)", acknowledged.ToArray()));
        // What was not acknowledged may be there, once: a submission is never sent twice.
        Assert.Equal(
            await CountAsync("message LIKE $1", $"{run} %"),
            await CountAsync("id IN (SELECT min(id) FROM contact_submissions WHERE message LIKE $1 GROUP BY message)", $"{run} %"));
    }

    [Fact]
    public async Task A_replica_that_was_stopped_stays_stopped_until_it_is_started()
    {
        var replica = (await WholeAsync())[0];
        Assert.True((await graph.CommandAsync(replica.Id, KnownResourceCommands.StopCommand)).Success);
        await ReachesAsync(replica, state => KnownResourceStates.TerminalStates.Contains(state));
        for (var request = 0; request < 20; request++)
        {
            using var answer = await graph.Edge.GetAsync("/stats");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Contains(Current(replica).State, KnownResourceStates.TerminalStates);
        Assert.True((await graph.CommandAsync(replica.Id, KnownResourceCommands.StartCommand)).Success);
        await WholeAsync();
        Assert.DoesNotContain(
            graph.Changes.SkipWhile(change => change != replica.Last),
            change => change.ResourceId == replica.Id && change.Snapshot.State?.Text == RestartExtensions.Restarting);
    }

    [Fact]
    public async Task A_process_that_ends_again_and_again_is_given_longer_pauses_and_is_let_be_when_it_is_stopped()
    {
        var id = Assert.Single(graph.Replicas(GraphWithCrashes.Dies)).Id;
        foreach (var seconds in new[] { 1, 2, 4 })
        {
            var line = $"{id} ended by itself (exit code 3); starting it again in {seconds} s";
            await Eventually.IsTrueAsync(() => Task.FromResult(graph.Console.Contains(line)), PlatformGraph.Patience);
        }

        var starts = graph.Changes.Where(change => change.ResourceId == id && change.Snapshot.State?.Text == KnownResourceStates.Starting)
            .Select(change => graph.TimeOf(change)).ToList();
        Assert.InRange(starts[2] - starts[1], TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(20));
        Assert.True(starts[1] - starts[0] >= TimeSpan.FromSeconds(1), $"It was started again after {starts[1] - starts[0]}.");

        // The orchestrator tells of the end once more, when it has taken the endpoints of the process away.
        var dies = Assert.Single(graph.Replicas(GraphWithCrashes.Dies));
        await PausesAsync(id);
        await graph.App.ResourceNotifications.PublishUpdateAsync(
            dies.Last.Resource, id, known => known with { State = KnownResourceStates.Finished });
        await Eventually.IsTrueAsync(
            () => Task.FromResult(graph.Console.Contains($"{id} ended by itself (exit code 3); starting it again in 8 s")), PlatformGraph.Patience);

        await PausesAsync(id);
        var stopped = await graph.CommandAsync(id, KnownResourceCommands.StopCommand);
        Assert.True(stopped.Success, stopped.Message);
        await ReachesAsync(dies, state => KnownResourceStates.TerminalStates.Contains(state));
    }

    /// <summary>Waits until a pause begins: what is asked for at the end of one meets the start of the next process.</summary>
    private async Task PausesAsync(string id)
    {
        var seen = graph.Changes.Count;
        IEnumerable<string?> States() => graph.Changes.Skip(seen).Where(change => change.ResourceId == id).Select(change => change.Snapshot.State?.Text);
        await Eventually.IsTrueAsync(
            () => Task.FromResult(States().SkipWhile(state => state != KnownResourceStates.Starting).Contains(RestartExtensions.Restarting)),
            PlatformGraph.Patience);
    }

    /// <summary>Keeps several clients busy while the replica is killed and comes back.</summary>
    private async Task LoadAsync(ServiceReplica victim, Func<HttpClient, Task> request)
    {
        using var client = graph.WithKey();
        using var enough = new CancellationTokenSource();
        var requests = 0;
        var load = Enumerable.Range(0, Clients).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                await request(client);
                Interlocked.Increment(ref requests);
            }
        }).ToArray();
        try
        {
            await Eventually.IsTrueAsync(() => Task.FromResult(requests > 100), PlatformGraph.Patience);
            using (var process = Process.GetProcessById(victim.ProcessId))
            {
                process.Kill();
            }

            await Eventually.IsTrueAsync(
                async () => Current(victim).ProcessId != victim.ProcessId && await IsReadyAsync(Current(victim)), PlatformGraph.Patience);
        }
        finally
        {
            await enough.CancelAsync();
            await Task.WhenAll(load);
        }
    }

    /// <summary>The replicas, all of them running and ready.</summary>
    private async Task<IReadOnlyList<ServiceReplica>> WholeAsync()
    {
        await Eventually.IsTrueAsync(
            async () => (await Task.WhenAll(graph.Replicas("api").Select(IsReadyAsync))).All(ready => ready), PlatformGraph.Patience);
        return graph.Replicas("api");
    }

    private static async Task<bool> IsReadyAsync(ServiceReplica replica)
    {
        if (replica.State != KnownResourceStates.Running || replica.Last.Snapshot.HealthStatus != HealthStatus.Healthy)
        {
            return false;
        }

        try
        {
            using var client = new HttpClient();
            using var answer = await client.GetAsync(new Uri(replica.Management, "/health/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private Task ReachesAsync(ServiceReplica replica, Predicate<string?> state) =>
        Eventually.IsTrueAsync(() => Task.FromResult(state(Current(replica).State)), PlatformGraph.Patience);

    private ServiceReplica Current(ServiceReplica replica) => graph.Replicas(replica.Last.Resource.Name).Single(other => other.Id == replica.Id);

    private static int Restarts(ServiceReplica replica) =>
        Convert.ToInt32(replica.Property(RestartExtensions.Restarts) ?? 0, CultureInfo.InvariantCulture);

    private static int First(IReadOnlyList<ResourceEvent> changes, string nameOrId, Predicate<CustomResourceSnapshot> condition)
    {
        var index = changes.ToList().FindIndex(change =>
            (change.Resource.Name == nameOrId || change.ResourceId == nameOrId) && condition(change.Snapshot));
        Assert.True(index >= 0, $"{nameOrId} never was as it should be.");
        return index;
    }

    private static bool IsRunning(CustomResourceSnapshot snapshot) => snapshot.State?.Text == KnownResourceStates.Running;

    private static bool IsHealthy(CustomResourceSnapshot snapshot) => IsRunning(snapshot) && snapshot.HealthStatus == HealthStatus.Healthy;

    private async Task<long> CountAsync(string condition, object parameter)
    {
        var database = await graph.App.GetConnectionStringAsync("platformdb", CancellationToken.None);
        await using var connection = new NpgsqlConnection($"{database};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM contact_submissions WHERE {condition}", connection)
        {
            Parameters = { new() { Value = parameter } },
        };
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
