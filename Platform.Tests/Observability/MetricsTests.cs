using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;

namespace Platform.Tests.Observability;

public sealed class MetricsTests
{
    private const string Count = "http_server_request_duration_seconds_count{";

    [Fact]
    [Trait("Defect", "D22")]
    public async Task Paths_and_methods_of_a_scanner_add_no_series()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/contacts/{id}", (string id) => id));
        await service.Client.GetStringAsync("/contacts/1");
        (await service.Client.GetAsync("/nowhere")).Dispose();
        (await service.Client.SendAsync(new(new HttpMethod("ODD"), "/nowhere"))).Dispose();
        await service.ScrapeUntilAsync(text => Series(text).Length == 3);

        for (var i = 0; i < 200; i++)
        {
            await service.Client.GetStringAsync($"/contacts/{i}");
            (await service.Client.GetAsync($"/scan/{i}.php")).Dispose();
            (await service.Client.SendAsync(new(new HttpMethod($"M{i}"), $"/scan/{i}"))).Dispose();
        }

        var text = await service.ScrapeUntilAsync(text => Total(text) >= 603);
        Assert.Equal(3, Series(text).Length);
        Assert.Contains(Series(text), line => line.Contains("http_route=\"/contacts/{id}\"", StringComparison.Ordinal));
        Assert.DoesNotContain(".php", text, StringComparison.Ordinal);
        Assert.DoesNotContain("M199", text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Defect", "D21")]
    public async Task Every_request_of_every_connection_is_in_one_scrape()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/", () => "hello"));
        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => service.Client.GetStringAsync("/")));
        Assert.Equal(300, Total(await service.ScrapeUntilAsync(text => Total(text) >= 300)));
    }

    [Fact]
    public async Task Meters_of_Platforms_own_are_exposed_and_probes_are_not_counted()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/", (IMeterFactory meters) =>
        {
            meters.Create("Platform.Test").CreateCounter<long>("contact_submissions_total").Add(1);
            return "hello";
        }));
        await service.Client.GetStringAsync("/");
        await service.Management.GetStringAsync("/health/ready");
        var text = await service.ScrapeUntilAsync(text => text.Contains("contact_submissions_total{", StringComparison.Ordinal));
        Assert.Equal(1, Total(text));
    }

    [Fact]
    public async Task Promtool_finds_nothing_wrong_with_a_scrape()
    {
        var promtool = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);
        if (promtool is null)
        {
            // CI installs it, so that there is one place at least where this test judges.
            Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
            return;
        }

        await using var service = await TestService.StartAsync(map: app => app.MapGet("/", () => "hello"));
        await service.Client.GetStringAsync("/");
        var text = await service.ScrapeUntilAsync(text => Total(text) == 1);
        using var check = Process.Start(new ProcessStartInfo(promtool, ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var complaints = check.StandardError.ReadToEndAsync();
        await check.StandardInput.WriteAsync(text);
        check.StandardInput.Close();
        await check.WaitForExitAsync();

        // Exit code 1 is for text that cannot be read, 3 for matters of style in names that OpenTelemetry gives.
        Assert.True(check.ExitCode is 0 or 3, await complaints);
        Assert.DoesNotContain("error while linting", await complaints, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenMetrics_is_spoken_to_who_asks_for_it()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/", () => "hello"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("application/openmetrics-text; version=1.0.0"));
        using var answer = await service.Management.SendAsync(request);
        Assert.Equal("application/openmetrics-text", answer.Content.Headers.ContentType?.MediaType);
        Assert.EndsWith("# EOF\n", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static string[] Series(string text) => [.. text.Split('\n').Where(line => line.StartsWith(Count, StringComparison.Ordinal))];

    private static long Total(string text) =>
        Series(text).Sum(line => long.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
}
