using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Platform.Tests.Observability;

namespace Platform.Tests.Edge;

public sealed class AccessLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("platform-access-log-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_request_is_a_line_without_query_key_or_cookie()
    {
        var path = Path.Combine(_folder, "logs", "access.log");
        await using var upstream = await Upstream.StartAsync();
        await using (var edge = await EdgeUnderTest.StartAsync([upstream.Url], new Dictionary<string, string> { ["AccessLog__Path"] = path }))
        {
            using var proxied = await edge.Client.GetAsync(
                "/contacts/large?token=secret-1", ("X-API-Key", Upstream.GoodKey), ("Cookie", "a=secret-2"), ("X-Correlation-ID", "mine"));
            var size = (await proxied.Content.ReadAsByteArrayAsync()).Length;
            using var missing = await edge.Client.GetAsync("/no%0Athing?token=secret-3");
            using var wrong = await edge.Client.GetAsync("/stats", ("X-API-Key", "secret-4"));
            await edge.StopAsync();

            var text = await File.ReadAllTextAsync(path);
            var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
            Assert.Equal(3, lines.Count);
            Assert.Equal("GET", lines[0].GetProperty("method").GetString());
            Assert.Equal("/contacts/{**rest}", lines[0].GetProperty("route").GetString());
            Assert.Equal("/contacts/large", lines[0].GetProperty("path").GetString());
            Assert.Equal(200, lines[0].GetProperty("status").GetInt32());
            Assert.Equal(size, lines[0].GetProperty("bytes").GetInt64());
            Assert.Equal("127.0.0.1", lines[0].GetProperty("client").GetString());
            Assert.Equal(upstream.Url, lines[0].GetProperty("upstream").GetString());
            Assert.Equal("mine", lines[0].GetProperty("correlation_id").GetString());
            Assert.Equal(32, lines[0].GetProperty("trace_id").GetString()!.Length);
            Assert.True(lines[0].GetProperty("duration_ms").GetDouble() > 0);
            Assert.InRange(lines[0].GetProperty("time").GetDateTime(), DateTime.UtcNow.AddMinutes(-1), DateTime.UtcNow);
            Assert.Equal(404, lines[1].GetProperty("status").GetInt32());
            Assert.Equal("/no\nthing", lines[1].GetProperty("path").GetString());
            Assert.False(lines[1].TryGetProperty("upstream", out _));
            Assert.Equal(401, lines[2].GetProperty("status").GetInt32());
            Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
            Assert.DoesNotContain(Upstream.GoodKey, text, StringComparison.Ordinal);
            Assert.DoesNotContain("/contacts/large", edge.Log, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_log_pipeline_gets_each_request_without_a_file()
    {
        var received = new ConcurrentQueue<string>();
        await using var collector = await CollectorAsync(received);
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await EdgeUnderTest.StartAsync([upstream.Url], Exporting(collector));

        using var answer = await edge.Client.GetAsync("/contacts/large?token=secret", ("X-Correlation-ID", "find-me"));
        await edge.StopAsync();

        var log = Assert.Single(received, part => part.Contains("AccessLog", StringComparison.Ordinal));
        Assert.Contains("GET /contacts/large 200 in", log, StringComparison.Ordinal);
        Assert.Contains("find-me", log, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", log, StringComparison.Ordinal);
        Assert.DoesNotContain("/contacts/large", edge.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_pipeline_gets_so_many_a_second_and_the_file_all()
    {
        const int Requests = 100;
        var path = Path.Combine(_folder, "access.log");
        var received = new ConcurrentQueue<string>();
        await using var collector = await CollectorAsync(received);
        await using var upstream = await Upstream.StartAsync();
        var settings = Exporting(collector);
        settings["AccessLog__Path"] = path;
        settings["AccessLog__ExportedPerSecond"] = "1";
        await using var edge = await EdgeUnderTest.StartAsync([upstream.Url], settings, wideLimits: true);

        for (var count = 0; count < Requests; count++)
        {
            using var answer = await edge.Client.GetAsync("/stats");
        }

        var unexported = (int)(await edge.ScrapeAsync()).Single(sample => sample.Name == "edge_access_log_unexported_total").Value;
        await edge.StopAsync();
        var exported = received.Sum(part => Regex.Count(part, "GET /stats 200 in"));
        Assert.Equal(Requests, File.ReadLines(path).Count());
        Assert.Equal(Requests, exported + unexported);
        Assert.InRange(exported, 2, Requests / 2);
    }

    private static async Task<WebApplication> CollectorAsync(ConcurrentQueue<string> received)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            if (context.Request.Path == "/v1/logs")
            {
                received.Enqueue(Encoding.Latin1.GetString(body.ToArray()));
            }
        });
        await collector.StartAsync();
        return collector;
    }

    private static Dictionary<string, string> Exporting(WebApplication collector) => new()
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.Single(),
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
    };

    [Fact]
    public async Task The_file_is_put_aside_when_it_is_full_and_so_many_are_kept()
    {
        var path = Path.Combine(_folder, "access.log");
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await EdgeUnderTest.StartAsync(
            [upstream.Url],
            new Dictionary<string, string> { ["AccessLog__Path"] = path, ["AccessLog__FileSize"] = "2000", ["AccessLog__KeptFiles"] = "2" },
            wideLimits: true);

        for (var count = 0; count < 60; count++)
        {
            using var answer = await edge.Client.GetAsync("/robots.txt");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await edge.StopAsync();
        Assert.Equal(["access.log", "access.log.1", "access.log.2"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
        Assert.All(Directory.GetFiles(_folder), file => Assert.InRange(new FileInfo(file).Length, 0, 2500));
        Assert.All(File.ReadLines(path + ".1"), line => JsonDocument.Parse(line).Dispose());
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_costs_no_request()
    {
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await EdgeUnderTest.StartAsync([upstream.Url], new Dictionary<string, string> { ["AccessLog__Path"] = "/proc/none/access.log" });

        using var answer = await edge.Client.GetAsync("/stats");
        using var again = await edge.Client.GetAsync("/stats");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.True((await edge.StopAsync()) < TimeSpan.FromSeconds(10));
    }
}
