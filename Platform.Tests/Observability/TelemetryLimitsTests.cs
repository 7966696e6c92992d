using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Platform.Tests.Edge;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Observability;

/// <summary>Telemetry is bounded: in what is sent, in what waits to be sent, and in what a bad collector costs.</summary>
public sealed class TelemetryLimitsTests
{
    private const int Limit = 4096;

    [Fact]
    public async Task What_is_long_is_cut_before_it_is_sent_and_an_event_has_its_name()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using (var service = await TestService.StartAsync(
            map: app => app.MapGet("/long", (ILogger<TelemetryLimitsTests> logger) =>
            {
                var long_ = new string('m', 1024 * 1024);
                logger.Log(LogLevel.Information, new EventId(7, "LongLine"), "a long line: {Long}", long_);
                logger.LogError(new InvalidOperationException(long_), "a long exception");
                Activity.Current!.SetTag("long", long_).SetStatus(ActivityStatusCode.Error, long_);
            }),
            settings: new(receiver.Settings) { ["OTEL_TRACES_SAMPLER"] = "always_on" }))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/long?q=" + new string('q', 6000));
            request.Headers.TryAddWithoutValidation("User-Agent", new string('u', 20_000));
            using var answer = await service.Client.SendAsync(request);
            answer.EnsureSuccessStatusCode();
            await service.App.StopAsync();
        }
        var line = Assert.Single(receiver.Logs(), log => log.EventName == "LongLine");
        Assert.Equal(Limit, line.Body.Length);
        Assert.StartsWith("a long line: mmm", line.Body, StringComparison.Ordinal);
        Assert.Contains(line.Attributes, attribute => attribute is { Key: "Long", Value.Length: Limit });
        var failure = Assert.Single(receiver.Logs(), log => log.Body == "a long exception");
        Assert.Contains(failure.Attributes, attribute => attribute is { Key: "exception.message", Value.Length: > 1000 and <= Limit });
        Assert.All(receiver.Logs().SelectMany(log => log.Attributes), attribute => Assert.InRange(attribute.Value.Length, 0, Limit));
        var span = Assert.Single(receiver.Spans(), span => span.Attributes.ContainsKey("long"));
        Assert.Equal(Limit, span.Attributes["long"].Length);
        Assert.Equal(Limit, span.Attributes["user_agent.original"].Length);
        // All of it: a megabyte is nowhere in it.
        Assert.All(receiver.Bodies.Where(body => body.Path is "/v1/logs" or "/v1/traces"), body => Assert.InRange(body.Body.Length, 1, 256 * 1024));
    }

    [Fact]
    public async Task What_waits_for_a_collector_that_never_answers_takes_little_memory()
    {
        const int Lines = 600;
        const long Logged = Lines * 2L * 1024 * 1024;
        await using var receiver = await OtlpReceiver.StartAsync(Collector.Hangs);
        await using var service = await TestService.StartAsync(
            map: app => app.MapGet("/long/{number:int}", (int number, ILogger<TelemetryLimitsTests> logger) =>
                logger.LogInformation("a long line: {Long}", new string((char)('a' + (number % 26)), 1024 * 1024))),
            // The test's own copy of the lines would be what is measured.
            settings: new(receiver.Settings) { ["Logging:Captured:LogLevel:Default"] = "None" });
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var number = 0; number < Lines; number++)
        {
            using var answer = await service.Client.GetAsync($"/long/{number}");
            answer.EnsureSuccessStatusCode();
        }
        await TestService.UntilAsync(() => Task.FromResult(receiver.HasAny("/v1/logs")), asked => asked);
        // Other tests run in this process.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, Logged / 4);
    }

    [Theory]
    [InlineData(nameof(Collector.Hangs))]
    [InlineData(nameof(Collector.Refuses))]
    [InlineData("Away")]
    public async Task A_bad_collector_costs_no_request(string kind)
    {
        await using var receiver = await OtlpReceiver.StartAsync(Enum.TryParse<Collector>(kind, out var collector) ? collector : Collector.Takes);
        await using var upstream = await Upstream.StartAsync();
        var settings = receiver.Environment.Append(("OTEL_TRACES_SAMPLER", "always_on"))
            .ToDictionary(setting => setting.Item1, setting => setting.Item2);
        if (kind == "Away")
        {
            settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{FreePort.Next()}";
        }
        await using var edge = await EdgeUnderTest.StartAsync([upstream.Url], settings, wideLimits: true);
        var slowest = TimeSpan.Zero;
        // More than fit into the queues.
        await Parallel.ForEachAsync(Enumerable.Range(0, 3000), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, cancellationToken) =>
        {
            var start = Stopwatch.GetTimestamp();
            using var answer = await edge.Client.GetAsync("/stats", cancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var took = Stopwatch.GetElapsedTime(start);
            slowest = took > slowest ? took : slowest;
        });
        Assert.True(slowest < TimeSpan.FromSeconds(8), $"A request took {slowest}, as if it had waited for the collector.");
        Assert.True(kind == "Away" || receiver.HasAny("/v1/traces"));
        Assert.True(await edge.ValueAsync("http_server_request_duration_seconds_count", ("http_route", "/stats")) > 0);
        Assert.InRange(await edge.StopAsync(), TimeSpan.Zero, TimeSpan.FromSeconds(29));
        Assert.Equal(0, edge.ExitCode);
    }

    [Fact]
    public async Task Values_without_number_become_one_series_at_the_limit_of_the_SDK()
    {
        await using var service = await TestService.StartAsync(map: app =>
        {
            var counter = new System.Diagnostics.Metrics.Meter("Platform.Tests.Cardinality").CreateCounter<long>("of_limits_total");
            app.MapGet("/count/{number:int}", (int number) => counter.Add(1, new KeyValuePair<string, object?>("number", number)));
        });
        for (var number = 0; number < 2500; number++)
        {
            using var answer = await service.Client.GetAsync($"/count/{number}");
        }
        var text = await service.ScrapeUntilAsync(text => Exposition.Read(text, "of_limits_total").Sum(sample => sample.Value) >= 2500);
        var samples = Exposition.Read(text, "of_limits_total");
        Assert.InRange(samples.Count, 1000, 2001);
        Assert.Single(samples, sample => sample.Labels.GetValueOrDefault("otel_metric_overflow") == "true");
    }
}
