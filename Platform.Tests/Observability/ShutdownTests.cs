using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Platform.Tests.Observability;

public sealed class ShutdownTests
{
    [Fact]
    public async Task A_stopping_service_is_not_ready_and_still_serves_while_it_drains()
    {
        await using var service = await TestService.StartAsync(
            map: app => app.MapGet("/work", () => "done"), settings: new() { ["Shutdown:DrainDelay"] = "00:00:02" });
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(service.Management, "/health/ready"));
        var stop = service.App.StopAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(service.Management, "/health/ready"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(service.Management, "/health/live"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(service.Client, "/work"));
        await stop.WaitAsync(TestService.Patience);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => service.Client.GetAsync("/work"));
    }

    [Fact]
    public async Task A_request_that_is_under_way_is_finished()
    {
        var entered = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/work", async () =>
        {
            entered.SetResult();
            await gate.Task;
            return "done";
        }));
        var work = service.Client.GetStringAsync("/work");
        await entered.Task.WaitAsync(TestService.Patience);
        var stop = service.App.StopAsync();
        // No new ones meanwhile.
        await TestService.UntilAsync(
            async () =>
            {
                using var other = new HttpClient();
                try
                {
                    using var answer = await other.GetAsync(new Uri(service.Client.BaseAddress!, "/unknown"));
                    return false;
                }
                catch (HttpRequestException)
                {
                    return true;
                }
            },
            refused => refused);
        Assert.False(stop.IsCompleted);
        gate.SetResult();
        Assert.Equal("done", await work);
        await stop.WaitAsync(TestService.Patience);
    }

    [Fact]
    public async Task The_drain_is_bounded()
    {
        await using var service = await TestService.StartAsync();
        Assert.Equal(TimeSpan.FromSeconds(30), service.App.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        return answer.StatusCode;
    }
}
