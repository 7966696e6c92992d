using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Platform.Tests.Observability;

/// <summary>What every HttpClient of a service has, against a real server.</summary>
public sealed class HttpClientTests
{
    [Theory]
    [InlineData("GET", 3)]
    [InlineData("POST", 1)]
    public async Task Only_what_changes_nothing_is_tried_again(string method, int attempts)
    {
        var seen = 0;
        await using var server = await TestService.StartAsync(map: app => app.Map("/flaky", context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref seen) < 3 ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
            return Task.CompletedTask;
        }));
        using var host = Host(new() { ["services:api:http:0"] = $"http://127.0.0.1:{server.Port}" });
        using var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        using var answer = await client.SendAsync(new(new HttpMethod(method), "http://api/flaky"));
        Assert.Equal(attempts, seen);
        Assert.Equal(attempts == 3 ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Fact]
    public async Task A_service_is_found_by_its_name_at_all_its_addresses()
    {
        var seen = new ConcurrentDictionary<string, bool>();
        Action<WebApplication> map = app => app.MapGet("/", context =>
        {
            seen[$"{context.Connection.LocalPort}"] = true;
            return Task.CompletedTask;
        });
        await using var first = await TestService.StartAsync(map: map);
        await using var second = await TestService.StartAsync(map: map);
        using var host = Host(new()
        {
            ["services:api:http:0"] = $"http://127.0.0.1:{first.Port}",
            ["services:api:http:1"] = $"http://127.0.0.1:{second.Port}",
        });
        using var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        for (var i = 0; i < 20; i++)
        {
            (await client.GetAsync("http://api/")).Dispose();
        }

        Assert.Equal(2, seen.Count);
    }

    private static IHost Host(Dictionary<string, string?> settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddServiceDefaults();
        return builder.Build();
    }
}
