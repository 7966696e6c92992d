using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Tracing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Platform.ServiceDefaults.Correlation;

namespace Platform.Tests.Observability;

/// <summary>
/// What goes out over OTLP, seen by a receiver of its own. Other services of the test process report to it as well, so that each test looks
/// for what only it sent.
/// </summary>
public sealed class TelemetryExportTests
{
    [Fact]
    public async Task Traces_metrics_and_logs_are_flushed_when_the_service_ends()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var (trace, traceparent) = NewTrace();
        await using (var service = await TestService.StartAsync(map: Map, settings: receiver.Settings))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/exported/7");
            request.Headers.Add("traceparent", traceparent);
            request.Headers.Add(CorrelationId.HeaderName, "exported-id");
            using var answer = await service.Client.SendAsync(request);
            answer.EnsureSuccessStatusCode();
            await service.App.StopAsync();
        }
        Assert.True(receiver.Has("/v1/traces", trace));
        Assert.True(receiver.Has("/v1/traces", "own span of the export test"));
        Assert.True(receiver.Has("/v1/traces", "correlation.id"));
        Assert.True(receiver.Has("/v1/traces", "exported-id"));
        Assert.True(receiver.Has("/v1/metrics", "http.server.request.duration"));
        Assert.True(receiver.Has("/v1/metrics", "/exported/{id:int}"));
        Assert.True(receiver.Has("/v1/logs", "line of the export test: 7"));
        Assert.True(receiver.Has("/v1/logs", "CorrelationId"));
        Assert.True(receiver.Has("/v1/logs", "exported-id"));
        Assert.True(receiver.Has("/v1/logs", trace));
    }

    [Fact]
    public async Task Health_and_metrics_requests_are_not_traced()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var (probed, probe) = NewTrace();
        var (worked, work) = NewTrace();
        await using (var service = await TestService.StartAsync(map: Map, settings: receiver.Settings))
        {
            foreach (var path in new[] { "/health/live", "/health/ready", "/health/startup", "/metrics", "/unknown" })
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "traceparent", probe } } };
                using var answer = await service.Management.SendAsync(request);
            }
            using var last = new HttpRequestMessage(HttpMethod.Get, "/exported/1") { Headers = { { "traceparent", work } } };
            using var ok = await service.Client.SendAsync(last);
            await service.App.StopAsync();
        }
        Assert.True(receiver.Has("/v1/traces", worked));
        Assert.False(receiver.Has("/v1/traces", probed));
    }

    [Fact]
    public async Task Nothing_is_exported_when_no_endpoint_is_configured()
    {
        using var exporter = new ExporterEvents();
        await RunAsync("");
        Assert.Empty(exporter.Names);
        // The exporter does say when it cannot reach an endpoint.
        await RunAsync($"http://127.0.0.1:{Fixtures.FreePort.Next()}");
        Assert.NotEmpty(exporter.Names);

        static async Task RunAsync(string endpoint)
        {
            await using var service = await TestService.StartAsync(
                map: Map,
                settings: new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf" });
            using var answer = await service.Client.GetAsync("/exported/1");
            await service.App.StopAsync();
        }
    }

    private static void Map(WebApplication app) => app.MapGet("/exported/{id:int}", (int id, ILogger<TelemetryExportTests> logger) =>
    {
        using var source = new ActivitySource("Platform.Tests.Export");
        using var span = source.StartActivity("own span of the export test");
        logger.LogInformation("line of the export test: {Id}", id);
    });

    private static (byte[] Id, string Header) NewTrace()
    {
        var id = ActivityTraceId.CreateRandom();
        var bytes = new byte[16];
        id.CopyTo(bytes);
        return (bytes, $"00-{id.ToHexString()}-00f067aa0ba902b7-01");
    }

    private sealed class ExporterEvents : EventListener
    {
        public ConcurrentQueue<string?> Names { get; } = new();

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "OpenTelemetry-Exporter-OpenTelemetryProtocol")
            {
                EnableEvents(eventSource, EventLevel.Informational);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) => Names?.Enqueue(eventData.EventName);
    }
}
