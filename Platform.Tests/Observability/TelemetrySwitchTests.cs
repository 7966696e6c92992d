using System.Net;
using Platform.Tests.Api;
using Platform.Tests.Edge;

namespace Platform.Tests.Observability;

/// <summary>OpenTelemetry's own variables turn off what they say, and nothing else.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class TelemetrySwitchTests(ApiFixture api)
{
    [Theory]
    [InlineData("")]
    [InlineData("TRACES")]
    [InlineData("METRICS")]
    [InlineData("LOGS")]
    public async Task A_signal_that_is_switched_off_is_not_sent_and_all_others_are(string off)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await EdgeUnderTest.StartAsync(
            [upstream.Url],
            [.. Pairs(receiver), new("OTEL_TRACES_SAMPLER", "always_on"), new(off.Length == 0 ? "UNUSED" : $"OTEL_{off}_EXPORTER", "none")]);
        using var answer = await edge.Client.GetAsync("/stats");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        // What is scraped is there all the same.
        await edge.MeasuresAsync(value => value >= 1, "http_server_request_duration_seconds_count", ("http_route", "/stats"));
        // Whatever there is is sent before the process ends.
        await edge.StopAsync();
        Assert.Equal(
            ((string[])["/v1/logs", "/v1/metrics", "/v1/traces"]).Where(path => path != $"/v1/{off.ToLowerInvariant()}"),
            receiver.Bodies.Select(body => body.Path).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Platform.Api")]
    [InlineData("Platform.Edge")]
    public async Task Without_the_SDK_nothing_is_sent_nothing_is_scraped_and_everything_works(string project)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var service = project == "Platform.Api"
            ? await ApiFixture.StartAsync(api.Database, [.. receiver.Environment, ("OTEL_SDK_DISABLED", "True")])
            : await EdgeUnderTest.StartAsync([api.Service.Client.BaseAddress!.ToString()], [.. Pairs(receiver), new("OTEL_SDK_DISABLED", "True")]);
        await service.WhenReadyAsync();
        using var scrape = await service.Management.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.NotFound, scrape.StatusCode);
        using var answer = await service.Client.GetAsync("/stats");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.NotEmpty(answer.Header("X-Correlation-ID"));
        await service.StopAsync();
        Assert.Equal(0, service.ExitCode);
        Assert.Empty(receiver.Bodies);
    }

    private static IEnumerable<KeyValuePair<string, string>> Pairs(OtlpReceiver receiver) =>
        receiver.Environment.Select(setting => KeyValuePair.Create(setting.Name, setting.Value));
}
