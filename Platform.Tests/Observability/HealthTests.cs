using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.Tests.Observability;

public sealed class HealthTests
{
    [Fact]
    [Trait("Defect", "D10")]
    public async Task A_dependency_that_is_away_is_503_with_its_name_and_none_of_the_drivers_text()
    {
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks()
            .AddCheck("database", () => throw new InvalidOperationException("Failed to connect to 10.1.2.3:5432, password=hunter2")));
        using var answer = await service.Management.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.Contains("\"database\":\"Unhealthy\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain("10.1.2.3", body, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", body, StringComparison.Ordinal);

        using var live = await service.Management.GetAsync("/health/live");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
    }

    [Fact]
    [Trait("Defect", "R09")]
    public async Task Many_probes_at_once_ask_a_dependency_once()
    {
        var asked = 0;
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks().AddAsyncCheck("database", async cancellationToken =>
        {
            Interlocked.Increment(ref asked);
            await Task.Delay(100, cancellationToken);
            return HealthCheckResult.Healthy();
        }));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => service.Management.GetStringAsync("/health/ready")));
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_dependency_that_hangs_is_503_within_its_timeout()
    {
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks()
            .AddAsyncCheck("database", async () =>
            {
                await Task.Delay(Timeout.Infinite);
                return HealthCheckResult.Healthy();
            }));
        var watch = Stopwatch.StartNew();
        using var answer = await service.Management.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"It took {watch.Elapsed}.");
    }

    [Fact]
    public async Task A_dependency_that_comes_back_is_ready_again_by_itself()
    {
        var healthy = false;
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks()
            .AddCheck("database", () => healthy ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy()));
        using (var before = await service.Management.GetAsync("/health/ready"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, before.StatusCode);
        }

        healthy = true;
        await TestService.UntilAsync(async () => (await service.Management.GetAsync("/health/ready")).StatusCode, status => status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task Startup_waits_for_what_has_to_pass_once_and_not_for_dependencies()
    {
        var migrated = false;
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks()
            .AddCheck("database", () => HealthCheckResult.Unhealthy())
            .AddCheck("migrations", () => migrated ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(), ["startup"]));
        using (var before = await service.Management.GetAsync("/health/startup"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, before.StatusCode);
        }

        migrated = true;
        await TestService.UntilAsync(async () => (await service.Management.GetAsync("/health/startup")).StatusCode, status => status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_stopping_service_is_not_ready_while_it_finishes_what_it_has()
    {
        var working = new TaskCompletionSource();
        var finish = new TaskCompletionSource();
        await using var service = await TestService.StartAsync(
            map: app => app.MapGet("/work", async () =>
            {
                working.SetResult();
                await finish.Task;
                return "done";
            }),
            settings: new() { ["Shutdown:DrainDelay"] = "00:00:01" });
        var work = service.Client.GetStringAsync("/work");
        await working.Task.WaitAsync(TestService.Patience);
        var stop = service.App.StopAsync();
        using (var ready = await service.Management.GetAsync("/health/ready"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        }

        finish.SetResult();
        Assert.Equal("done", await work.WaitAsync(TestService.Patience));
        await stop.WaitAsync(TestService.Patience);
    }
}
