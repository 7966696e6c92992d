using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Platform.Tests.Observability;

public sealed class ManagementPortTests
{
    private static readonly string[] Paths = ["/health/live", "/health/ready", "/health/startup", "/metrics"];

    [Fact]
    public async Task The_management_port_serves_health_and_metrics()
    {
        await using var service = await TestService.StartAsync();
        foreach (var path in Paths)
        {
            using var answer = await service.Management.GetAsync(path);
            Assert.Equal((path, HttpStatusCode.OK), (path, answer.StatusCode));
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/hello")]
    [InlineData("/file.txt")]
    [InlineData("/health")]
    [InlineData("/health/live/")]
    [InlineData("/health/other")]
    [InlineData("/metrics/")]
    [InlineData("/metrics/more")]
    public async Task The_management_port_serves_nothing_else(string path)
    {
        await using var service = await TestService.StartAsync(map: app =>
        {
            app.Use((context, next) => context.Request.Path == "/file.txt" ? context.Response.WriteAsync("public") : next(context));
            app.MapGet("/", () => "public");
            app.MapGet("/hello", () => "public");
            app.MapGet("/health", () => "public");
        });
        using var answer = await service.Management.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task The_management_port_is_only_read()
    {
        await using var service = await TestService.StartAsync();
        foreach (var path in Paths)
        {
            using var answer = await service.Management.PostAsync(path, null);
            Assert.Equal((path, HttpStatusCode.NotFound), (path, answer.StatusCode));
        }
    }

    [Fact]
    public async Task The_public_port_has_none_of_it_whatever_the_client_claims()
    {
        await using var service = await TestService.StartAsync();
        foreach (var path in Paths)
        {
            foreach (var host in new[] { "", $"127.0.0.1:{service.ManagementPort}", $"localhost:{service.ManagementPort}" })
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.Host = host.Length > 0 ? host : null;
                request.Headers.Add("X-Forwarded-Host", $"127.0.0.1:{service.ManagementPort}");
                request.Headers.Add("X-Forwarded-Port", $"{service.ManagementPort}");
                request.Headers.Add("Forwarded", $"host=127.0.0.1:{service.ManagementPort}");
                using var answer = await service.Client.SendAsync(request);
                Assert.Equal((path, host, HttpStatusCode.NotFound), (path, host, answer.StatusCode));
            }
            // An absolute request target names the management port, too.
            var raw = await TestService.SendRawAsync(
                service.Port,
                $"GET http://127.0.0.1:{service.ManagementPort}{path} HTTP/1.1\r\n"
                + $"Host: 127.0.0.1:{service.ManagementPort}\r\nConnection: close\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 404", raw);
        }
    }

    [Fact]
    public async Task Without_a_management_port_there_are_no_management_endpoints()
    {
        await using var service = await TestService.StartAsync(settings: new() { ["Management:Port"] = null });
        foreach (var client in new[] { service.Client, service.Management })
        {
            foreach (var path in Paths)
            {
                using var answer = await client.GetAsync(path);
                Assert.Equal((path, HttpStatusCode.NotFound), (path, answer.StatusCode));
            }
        }
    }

    [Fact]
    public async Task A_management_port_that_nothing_listens_on_is_reported_at_start()
    {
        await using var service = await TestService.StartAsync(settings: new() { ["Management:Port"] = "1" });
        Assert.Contains(service.Logs.Lines, line =>
            line.Level == LogLevel.Error && line.Message.Contains("Management:Port is 1", StringComparison.Ordinal));
        await using var right = await TestService.StartAsync();
        Assert.DoesNotContain(right.Logs.Lines, line => line.Level >= LogLevel.Warning);
    }
}
