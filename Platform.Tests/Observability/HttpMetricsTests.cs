using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Platform.Tests.Observability;

/// <summary>
/// What Prometheus scrapes. Other services of the test process are in it as well, so that each test counts routes of its own.
/// </summary>
public sealed class HttpMetricsTests
{
    private const string Requests = "http_server_request_duration_seconds_count";

    [Fact]
    [Trait("Defect", "D23")]
    public async Task Unhandled_exceptions_are_counted_as_500_under_their_route()
    {
        await using var service = await TestService.StartAsync(
            map: app => app.MapGet("/defect-of-D23/{id}", string (string id) => throw new InvalidOperationException(id)));
        for (var i = 0; i < 7; i++)
        {
            using var answer = await service.Client.GetAsync($"/defect-of-D23/{i}");
        }
        await service.ScrapeUntilAsync(text => Exposition.Read(text, Requests).Any(series =>
            series is { Value: 7, Labels: var labels } && labels["http_route"] == "/defect-of-D23/{id}"
            && labels["http_response_status_code"] == "500"
            && labels["error_type"] == "System.InvalidOperationException"));
    }

    [Fact]
    [Trait("Defect", "D22")]
    public async Task Paths_and_methods_that_a_client_invents_make_no_series_of_their_own()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/known-of-D22/{id}", (string id) => id));
        for (var i = 0; i < 30; i++)
        {
            using var known = await service.Client.GetAsync($"/known-of-D22/invented{i}");
            using var unknown = await service.Client.GetAsync($"/unknown-of-D22/invented{i}?q=invented{i}");
            using var method = await service.Client.SendAsync(new(new HttpMethod($"INVENTED{i}"), $"/unknown-of-D22/invented{i}"));
            using var host = await service.Client.SendAsync(
                new(HttpMethod.Get, "/unknown-of-D22") { Headers = { Host = $"invented{i}.example" } });
        }
        var text = await service.ScrapeUntilAsync(text =>
            Exposition.Read(text, Requests).Any(series =>
                series.Labels.GetValueOrDefault("http_route") == "/known-of-D22/{id}" && series.Value == 30)
            && Exposition.Read(text, Requests).Any(series => series.Labels["http_request_method"] == "_OTHER" && series.Value >= 30));
        // The test's own client is in the same process, and counts by the host that it was told.
        var server = string.Join('\n', text.Split('\n').Where(line => !line.StartsWith("http_client_", StringComparison.Ordinal)));
        Assert.DoesNotContain("invented", server, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("unknown-of-D22", server, StringComparison.Ordinal);
        Assert.Single(Exposition.Read(text, Requests), series =>
            !series.Labels.ContainsKey("http_route") && series.Labels["http_request_method"] == "GET"
            && series.Labels["http_response_status_code"] == "404");
        Assert.Single(Exposition.Read(text, Requests), series =>
            series.Labels["http_request_method"] == "_OTHER" && series.Labels["http_response_status_code"] == "404");
    }

    [Fact]
    [Trait("Defect", "D21")]
    public async Task Every_scrape_sees_every_increment()
    {
        await using var service = await TestService.StartAsync(map: app =>
        {
            var counter = app.Services.GetRequiredService<IMeterFactory>().Create("Platform.Tests")
                .CreateCounter<long>("increments_of_D21_total");
            app.MapGet("/increment", () => counter.Add(1));
        });
        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => service.Client.GetAsync("/increment")));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(300, Assert.Single(Exposition.Read(await service.ScrapeAsync(), "increments_of_D21_total")).Value);
        }
    }

    [Fact]
    public async Task Probes_and_scrapes_are_not_counted_as_requests()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/", () => "ok"));
        // No other test speaks HTTP/1.0.
        foreach (var path in new[] { "/health/live", "/metrics", "/", "/unknown" })
        {
            await TestService.SendRawAsync(service.ManagementPort, $"GET {path} HTTP/1.0\r\n\r\n");
        }
        await TestService.SendRawAsync(service.Port, "GET / HTTP/1.0\r\n\r\n");
        var text = await service.ScrapeUntilAsync(text => OfHttp10(text).Count > 0);
        var series = Assert.Single(OfHttp10(text));
        Assert.Equal(("/", 1), (series.Labels["http_route"], series.Value));

        static List<Sample> OfHttp10(string text) =>
            [.. Exposition.Read(text, Requests).Where(series => series.Labels.GetValueOrDefault("network_protocol_version") == "1.0")];
    }

    [Theory]
    [InlineData("http_server_request_duration_seconds_bucket")]
    [InlineData("http_server_active_requests")]
    [InlineData("kestrel_active_connections")]
    [InlineData("http_client_request_duration_seconds_bucket")]
    [InlineData("dotnet_gc_heap_total_allocated_bytes_total")]
    [InlineData("dotnet_process_memory_working_set_bytes")]
    [InlineData("target_info")]
    public async Task The_meters_of_the_server_the_client_and_the_runtime_are_exposed(string name)
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/", () => "ok"));
        using var answer = await service.Client.GetAsync("/");
        await service.ScrapeUntilAsync(text => Exposition.Read(text, name).Count > 0);
    }

    [Fact]
    public async Task The_exposition_is_what_Prometheus_reads()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/", () => "ok"));
        using var page = await service.Client.GetAsync("/");
        await service.ScrapeUntilAsync(text => text.Contains(Requests, StringComparison.Ordinal));
        using var answer = await service.Management.GetAsync("/metrics");
        Assert.Equal("text/plain", answer.Content.Headers.ContentType?.MediaType);
        if (!OnPath("promtool"))
        {
            Assert.True(Environment.GetEnvironmentVariable("CI") is not "true", "CI has to have promtool.");
            return;
        }
        var (exitCode, findings) = await CheckAsync(await answer.Content.ReadAsStringAsync());
        // 1 is text that cannot be read, 3 is lint. The names are those of OpenTelemetry's conventions; some of the runtime's end in
        // _count.
        Assert.True(exitCode is 0 or 3, findings);
        Assert.All(
            findings.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            finding => Assert.Matches(
                "^dotnet_[a-z_]+_count non-histogram and non-summary metrics should not have \"_count\" suffix$", finding));
        var (broken, _) = await CheckAsync("# TYPE a counter\na{ 1\n");
        Assert.Equal(1, broken);
    }

    [Fact]
    public async Task OpenMetrics_has_exemplars_that_lead_to_traces()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/exemplary", () => "ok"));
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/exemplary")
        { Headers = { { "traceparent", $"00-{trace}-00f067aa0ba902b7-01" } } };
        using var page = await service.Client.SendAsync(request);
        var text = await TestService.UntilAsync(
            async () =>
            {
                using var scrape = new HttpRequestMessage(HttpMethod.Get, "/metrics");
                scrape.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("application/openmetrics-text;version=1.0.0"));
                using var answer = await service.Management.SendAsync(scrape);
                Assert.Equal("application/openmetrics-text", answer.Content.Headers.ContentType?.MediaType);
                return await answer.Content.ReadAsStringAsync();
            },
            text => text.Contains($"# {{trace_id=\"{trace}\"", StringComparison.Ordinal));
        Assert.EndsWith("# EOF\n", text, StringComparison.Ordinal);
    }

    private static bool OnPath(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    private static async Task<(int ExitCode, string Findings)> CheckAsync(string exposition)
    {
        using var promtool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        await promtool.StandardInput.WriteAsync(exposition);
        promtool.StandardInput.Close();
        var findings = await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        return (promtool.ExitCode, findings);
    }
}
