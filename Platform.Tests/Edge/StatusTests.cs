using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Platform.Edge.Status;
using Platform.Tests.Edge.Authentication;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>What the edge tells of the metrics, with a real Prometheus, with none, and with one that does not do as it should.</summary>
public sealed class StatusTests : IAsyncLifetime
{
    private const string Nothing = """{"status":"success","data":{"resultType":"vector","result":[],"alerts":[]}}""";

    private Upstream? _upstream;

    public async Task InitializeAsync() => _upstream = await Upstream.StartAsync();

    public async Task DisposeAsync() => await _upstream!.DisposeAsync();

    [Fact]
    public async Task A_visitor_is_told_what_is_measured_and_nothing_of_the_inside()
    {
        await using var prometheus = await StatusPrometheus.StartAsync();
        await using var edge = await StartAsync(prometheus.Url);
        await prometheus.WatchAsync(edge);

        using var answer = await edge.Client.GetAsync("/status/metrics");
        var text = await answer.Content.ReadAsStringAsync();
        var status = JsonSerializer.Deserialize<JsonElement>(text);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("available", status.GetProperty("state").GetString());
        Assert.InRange(status.GetProperty("time").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddSeconds(-30), DateTimeOffset.UtcNow.AddSeconds(5));
        Assert.True(status.GetProperty("requests_per_minute").GetDouble() > 0, text);
        Assert.Equal(0.012, status.GetProperty("p95_seconds").GetDouble());
        Assert.Equal(0.99876, status.GetProperty("availability_month").GetDouble());
        var components = status.GetProperty("components").EnumerateArray().ToDictionary(
            component => component.GetProperty("name").GetString()!, component => component.GetProperty("state").GetString());
        Assert.Equal(
            new Dictionary<string, string?> { ["website"] = "up", ["service"] = "up", ["database"] = "up", ["storage"] = "down" }, components);
        var days = status.GetProperty("components")[0].GetProperty("days").EnumerateArray().ToList();
        Assert.Equal(30, days.Count);
        Assert.Equal(1, days[^1].GetDouble());
        Assert.All(days[..^2], day => Assert.Equal(JsonValueKind.Null, day.ValueKind));
        var incident = Assert.Single(status.GetProperty("incidents").EnumerateArray());
        Assert.Equal("A service fails very often", incident.GetProperty("summary").GetString());
        Assert.DoesNotContain("127.0.0.1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", text, StringComparison.Ordinal);
        Assert.DoesNotContain("HighErrorRate", text, StringComparison.Ordinal);
        Assert.DoesNotContain("flood", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("disk", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Who_has_signed_in_sees_series_and_every_alert_with_its_runbook()
    {
        using var folder = RunbookFolder.Create(("QueueIsSlow.md", "# QueueIsSlow"));
        await using var prometheus = await StatusPrometheus.StartAsync();
        await using var edge = await StartAsync(prometheus.Url, ("Site__Runbooks", folder.Path));
        await prometheus.WatchAsync(edge);
        var person = await Person.SignedInAsync(edge.Client);

        foreach (var (range, step) in ((string, TimeSpan)[])
            [("1h", TimeSpan.FromSeconds(30)), ("6h", TimeSpan.FromMinutes(3)), ("24h", TimeSpan.FromMinutes(12)), ("7d", TimeSpan.FromMinutes(84))])
        {
            var metrics = await JsonAsync(await person.GetAsync($"/console/metrics?range={range}"));
            var times = metrics.GetProperty("times").EnumerateArray().Select(time => time.GetDateTimeOffset()).ToList();
            var lines = metrics.GetProperty("lines").EnumerateArray().ToDictionary(
                line => (line.GetProperty("chart").GetString(), line.GetProperty("name").GetString()),
                line => line.GetProperty("values").EnumerateArray()
                    .Select(value => value.ValueKind == JsonValueKind.Null ? (double?)null : value.GetDouble()).ToList());

            Assert.Equal("available", metrics.GetProperty("state").GetString());
            Assert.Equal(121, times.Count);
            Assert.All(times.Zip(times.Skip(1)), pair => Assert.Equal(step, pair.Second - pair.First));
            Assert.All(lines.Values, values => Assert.Equal(121, values.Count));
            Assert.True(lines[("requests", "edge")][^1] > 0);
            Assert.Equal(0, lines[("errors", "api")][^1]);
            Assert.Equal(0.0123456, lines[("p95", "edge")][^1]!.Value, precision: 7);
            Assert.Equal(7, lines[("queue", "queued")][^1]);
            Assert.Null(lines[("queue", "queued")][0]);
            Assert.Equal(0.75, metrics.GetProperty("error_budget").GetDouble());
            var alerts = metrics.GetProperty("alerts").EnumerateArray().ToDictionary(alert => alert.GetProperty("name").GetString()!);
            Assert.Equal(["HighErrorRate", "HostDiskSpaceCritical", "QueueIsSlow", "RequestRateFlood"], alerts.Keys.Order());
            Assert.Equal("QueueIsSlow", metrics.GetProperty("alerts")[3].GetProperty("name").GetString());
            Assert.Equal("/console/runbooks/QueueIsSlow", alerts["QueueIsSlow"].GetProperty("runbook").GetString());
            Assert.Equal(JsonValueKind.Null, alerts["HighErrorRate"].GetProperty("runbook").ValueKind);
        }

        using var unknown = await person.GetAsync("/console/metrics?range=1y", ("Accept", "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
    }

    [Fact]
    public async Task A_stranger_gets_nothing_but_the_way_to_the_sign_in()
    {
        await using var edge = await StartAsync(prometheus: null);

        foreach (var path in new[] { "/console/metrics", "/console/metrics?range=1h", "/console/runbooks", "/console/runbooks/ApiDown" })
        {
            using var program = await edge.Client.GetAsync(path);
            using var browser = await edge.Client.GetAsync(path, ("Accept", "text/html"));
            Assert.Equal(HttpStatusCode.Unauthorized, program.StatusCode);
            Assert.Equal(HttpStatusCode.Redirect, browser.StatusCode);
        }
    }

    [Fact]
    public async Task Where_nothing_is_measured_it_is_said()
    {
        await using var edge = await StartAsync(prometheus: null);

        await AssertNothingIsToldAsync(edge, "not_collected");
    }

    [Fact]
    public async Task Where_nothing_has_been_measured_yet_it_is_said()
    {
        await using var prometheus = new RawServer(_ => Ok(Nothing));
        await using var edge = await StartAsync(prometheus.Url);

        await AssertNothingIsToldAsync(edge, "empty");
    }

    [Fact]
    public async Task A_Prometheus_that_is_not_there_costs_an_answer_and_not_the_page()
    {
        await using var edge = await StartAsync($"http://127.0.0.1:{FreePort.Next()}");

        await AssertNothingIsToldAsync(edge, "away");
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"status\":", true)]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", false)]
    public async Task A_Prometheus_that_does_not_answer_costs_two_seconds_and_not_the_page(string bytes, bool hangs)
    {
        await using var prometheus = new RawServer(_ => new RawServer.Answer(bytes, Hangs: hangs));
        await using var edge = await StartAsync(prometheus.Url);

        await AssertNothingIsToldAsync(edge, "away");
    }

    public static TheoryData<string> BadAnswers => new(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"status\":",
        "HTTP/1.1 422 Unprocessable Entity\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{\"status\":\"error\"}",
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        Ok("<!doctype html><title>Sign in</title>").Bytes,
        Ok("").Bytes,
        Ok("null").Bytes,
        Ok("""{"status":"success"}""").Bytes,
        Ok("""{"status":"success","data":{}}""").Bytes,
        Ok("""{"status":"success","data":{"result":"x","alerts":7}}""").Bytes,
        Ok("""{"status":"success","data":{"result":[null],"alerts":[null]}}""").Bytes,
        Ok("""{"status":"success","data":{"result":[{"metric":null,"value":[1,"1"]}],"alerts":[{}]}}""").Bytes,
        Ok("""{"status":"success","data":{"result":[{"metric":{"a":1},"value":[1,"1"]}],"alerts":[{"labels":{"a":1}}]}}""").Bytes,
        Ok("""{"status":"success","data":{"result":[{"metric":{},"value":[1,"Infinite"]}],"alerts":[{"labels":{},"annotations":{}}]}}""").Bytes,
        Ok("""{"status":"success","data":{"result":[{"metric":{},"value":[1,{"a":1}]}],"alerts":""}}""").Bytes,
        Ok("""{"status":"success","data":{"result":[{"metric":{},"value":["a","b","c"]}],"alerts":{}}}""").Bytes,
        Ok(new string('[', 100_000)).Bytes,
        Ok(new string(' ', PrometheusClient.LargestAnswer) + Nothing).Bytes);

    [Theory, MemberData(nameof(BadAnswers))]
    public async Task An_answer_that_is_none_is_told_from_one(string bytes)
    {
        await using var server = new RawServer(_ => new RawServer.Answer(bytes));
        await using var provider = Services(server.Url);
        var prometheus = provider.GetRequiredService<PrometheusClient>();

        await Assert.ThrowsAsync<PrometheusException>(() => prometheus.QueryAsync("up", DateTimeOffset.UtcNow, CancellationToken.None));
        await Assert.ThrowsAsync<PrometheusException>(() => prometheus.AlertsAsync(CancellationToken.None));
    }

    [Fact]
    public async Task What_is_no_number_is_not_shown_as_one()
    {
        await using var server = new RawServer(_ => Ok(
            """{"status":"success","data":{"result":[{"metric":{"a":"b"},"values":[[1.5,"NaN"],[2,"+Inf"],[3,"-Inf"],[4,"1e-3"]]}]}}"""));
        await using var provider = Services(server.Url);

        var series = Assert.Single(await provider.GetRequiredService<PrometheusClient>().QueryRangeAsync(
            "up", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(1), CancellationToken.None));

        Assert.Equal([new Sample(1.5, null), new Sample(2, null), new Sample(3, null), new Sample(4, 0.001)], series.Samples);
        Assert.Equal("b", series.Labels["a"]);
    }

    [Fact]
    public async Task An_answer_that_is_too_large_is_not_read()
    {
        // Valid, if it were read to its end.
        var large = Ok(new string(' ', 64 * 1024 * 1024) + Nothing);
        await using var prometheus = new RawServer(_ => large);
        await using var edge = await StartAsync(prometheus.Url);
        using var warm = await edge.Client.GetAsync("/status.html");
        var before = ResidentBytes(edge);

        await AssertNothingIsToldAsync(edge, "away");

        Assert.InRange(ResidentBytes(edge) - before, long.MinValue, 48 * 1024 * 1024);
    }

    [Fact]
    public async Task However_many_visitors_there_are_Prometheus_is_asked_once()
    {
        var asked = new ConcurrentQueue<string>();
        await using var prometheus = new RawServer(line =>
        {
            asked.Enqueue(line);
            return Ok(Nothing);
        });
        await using var edge = await StartAsync(prometheus.Url);

        for (var round = 0; round < 3; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(async number =>
            {
                // What a visitor adds is not passed on.
                using var answer = await edge.Client.GetAsync($"/status/metrics?query=up&visitor={number}");
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }));
        }

        Assert.Equal(5, asked.Count);
        Assert.Equal(5, asked.Distinct().Count());
        Assert.All(asked, line => Assert.StartsWith("GET /prometheus/api/v1/", line, StringComparison.Ordinal));
        Assert.All(asked, line => Assert.DoesNotContain("visitor=", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_visitor_who_leaves_does_not_end_it_for_the_others()
    {
        using var came = new SemaphoreSlim(0);
        var asked = 0;
        var answers = new TaskCompletionSource();
        await using var prometheus = new RawServer(_ =>
        {
            if (Interlocked.Increment(ref asked) == 1)
            {
                came.Release();
                answers.Task.Wait(TimeSpan.FromSeconds(20));
            }

            return Ok(Nothing);
        });
        await using var edge = await StartAsync(prometheus.Url);
        using var leaves = new CancellationTokenSource();

        var first = edge.Client.GetAsync("/status/metrics", leaves.Token);
        Assert.True(await came.WaitAsync(TimeSpan.FromSeconds(20)));
        var second = edge.Client.GetFromJsonAsync<JsonElement>("/status/metrics");
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        answers.SetResult();

        Assert.Equal("empty", (await second).GetProperty("state").GetString());
    }

    /// <summary>Both answers come in time, say why there are no numbers, and have none.</summary>
    private static async Task AssertNothingIsToldAsync(ServiceProcess edge, string state)
    {
        var person = await Person.SignedInAsync(edge.Client);
        var watch = Stopwatch.StartNew();
        using var publicAnswer = await edge.Client.GetAsync("/status/metrics");
        using var consoleAnswer = await person.GetAsync("/console/metrics");
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));
        var status = await JsonAsync(publicAnswer);
        var metrics = await JsonAsync(consoleAnswer);

        Assert.Equal(state, status.GetProperty("state").GetString());
        Assert.Equal(state, metrics.GetProperty("state").GetString());
        foreach (var figure in new[] { "time", "requests_per_minute", "p95_seconds", "availability_month" })
        {
            Assert.Equal(JsonValueKind.Null, status.GetProperty(figure).ValueKind);
        }

        Assert.Empty(status.GetProperty("components").EnumerateArray());
        Assert.Empty(status.GetProperty("incidents").EnumerateArray());
        Assert.Empty(metrics.GetProperty("alerts").EnumerateArray());
        Assert.Empty(metrics.GetProperty("lines").EnumerateArray());
        using var page = await edge.Client.GetAsync("/status.html");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    /// <summary>The client as the edge has it, without the edge.</summary>
    private static ServiceProvider Services(string prometheus)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection([new("services:prometheus:http:0", prometheus)]);
        builder.Logging.ClearProviders();
        builder.Services.AddServiceDiscovery().ConfigureHttpClientDefaults(client => client.AddServiceDiscovery());
        builder.AddStatus();
        builder.Services.AddSingleton<IConfiguration>(builder.Configuration);
        return builder.Services.BuildServiceProvider();
    }

    private static RawServer.Answer Ok(string body) =>
        new($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static long ResidentBytes(ServiceProcess edge)
    {
        using var process = Process.GetProcessById(edge.ProcessId);
        return process.WorkingSet64;
    }

    private Task<ServiceProcess> StartAsync(string? prometheus, params (string Name, string Value)[] settings) => SignInEdge.StartAsync(
        _upstream!.Url, prometheus is null ? settings : [("services__prometheus__http__0", prometheus), .. settings]);
}
