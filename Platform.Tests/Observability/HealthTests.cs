using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Platform.ServiceDefaults.Health;

namespace Platform.Tests.Observability;

public sealed class HealthTests
{
    [Fact]
    [Trait("Defect", "D10")]
    public async Task A_dependency_that_is_away_makes_the_service_not_ready_by_name_only_while_it_stays_alive()
    {
        await using var service = await TestService.StartAsync(builder =>
            builder.Services.AddHealthChecks().AddCheck("orders", new Check(_ => throw new IOException("no route to db.internal:5432"))));
        var (status, checks) = await ProbeAsync(service, "/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal("Unhealthy", checks["orders"]);
        using var answer = await service.Management.GetAsync("/health/ready");
        Assert.DoesNotContain("db.internal", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await ProbeAsync(service, "/health/live")).Status);
        // Nor does it get out to a service that reports health itself.
        var report = await service.App.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Null(report.Entries["orders"].Exception);
        Assert.Null(report.Entries["orders"].Description);
    }

    [Fact]
    [Trait("Defect", "D10")]
    public async Task PostgreSQL_away_is_seen_by_readiness_and_comes_back_by_itself()
    {
        var postgres = new Fixtures.PostgresServer();
        await postgres.InitializeAsync();
        await using var stop = postgres;
        var database = await postgres.CreateDatabaseAsync();
        await using var service = await TestService.StartAsync(
            builder => builder.AddNpgsqlDataSource("platformdb"), settings: new() { ["ConnectionStrings:platformdb"] = database });
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await PostgresAsync());
        await postgres.KillAsync();
        await TestService.UntilAsync(PostgresAsync, state => state == (HttpStatusCode.ServiceUnavailable, "Unhealthy"));
        using var answer = await service.Management.GetAsync("/health/ready");
        Assert.Equal("""{"status":"Unhealthy","checks":{"host":"Healthy","PostgreSql":"Unhealthy"}}""",
            await answer.Content.ReadAsStringAsync());
        await postgres.StartAsync();
        await TestService.UntilAsync(PostgresAsync, state => state == (HttpStatusCode.OK, "Healthy"));

        async Task<(HttpStatusCode, string?)> PostgresAsync()
        {
            var (status, checks) = await ProbeAsync(service, "/health/ready");
            return (status, checks.GetValueOrDefault("PostgreSql"));
        }
    }

    [Theory]
    [InlineData("/health/live", "self live")]
    [InlineData("/health/startup", "host startup")]
    [InlineData("/health/ready", "host plain ready startup startup-and-ready")]
    public async Task Each_probe_asks_its_checks(string path, string expected)
    {
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks()
            .AddCheck("plain", new Check(_ => Healthy))
            .AddCheck("live", new Check(_ => Healthy), tags: [HealthTags.Live])
            .AddCheck("ready", new Check(_ => Healthy), tags: [HealthTags.Ready])
            .AddCheck("startup", new Check(_ => Healthy), tags: [HealthTags.Startup])
            .AddCheck("startup-and-ready", new Check(_ => Healthy), tags: [HealthTags.Startup, HealthTags.Ready]));
        var (_, checks) = await ProbeAsync(service, path);
        var names = expected.Split(' ').Concat(path == "/health/startup" ? ["startup-and-ready"] : []);
        Assert.Equal(names.Order(), checks.Keys.Order());
    }

    [Fact]
    public async Task A_degraded_dependency_does_not_take_the_service_away()
    {
        await using var service = await TestService.StartAsync(builder =>
            builder.Services.AddHealthChecks().AddCheck("slow", new Check(_ => Task.FromResult(HealthCheckResult.Degraded()))));
        var (status, checks) = await ProbeAsync(service, "/health/ready");
        Assert.Equal((HttpStatusCode.OK, "Degraded"), (status, checks["slow"]));
    }

    [Fact]
    public async Task A_result_is_kept_for_two_seconds()
    {
        var time = new FakeTimeProvider();
        var check = new Check(_ => Healthy);
        await using var service = await TestService.StartAsync(builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(time);
            builder.Services.AddHealthChecks().AddCheck("counted", check);
        });
        await ProbeAsync(service, "/health/ready");
        time.Advance(TimeSpan.FromSeconds(1.9));
        await ProbeAsync(service, "/health/ready");
        Assert.Equal(1, check.Runs);
        time.Advance(TimeSpan.FromSeconds(0.1));
        await ProbeAsync(service, "/health/ready");
        Assert.Equal(2, check.Runs);
    }

    [Fact]
    public async Task Parallel_probes_run_a_check_once()
    {
        var gate = new TaskCompletionSource();
        var check = new Check(async cancellationToken =>
        {
            await gate.Task.WaitAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        });
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks().AddCheck("counted", check));
        var probes = Enumerable.Range(0, 20).Select(_ => ProbeAsync(service, "/health/ready")).ToArray();
        await check.Entered.WaitAsync(TestService.Patience);
        gate.SetResult();
        Assert.All(await Task.WhenAll(probes), probe => Assert.Equal(HttpStatusCode.OK, probe.Status));
        Assert.Equal(1, check.Runs);
    }

    [Fact]
    public async Task A_caller_that_leaves_does_not_spoil_the_result_of_the_others()
    {
        var gate = new TaskCompletionSource();
        var check = new Check(async _ =>
        {
            await gate.Task;
            return HealthCheckResult.Healthy();
        });
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks().AddCheck("counted", check));
        using var leave = new CancellationTokenSource();
        var first = service.Management.GetAsync("/health/ready", leave.Token);
        await check.Entered.WaitAsync(TestService.Patience);
        var second = ProbeAsync(service, "/health/ready");
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await second).Status);
        Assert.Equal(1, check.Runs);
    }

    [Fact]
    public async Task A_check_that_hangs_and_ignores_its_token_costs_two_seconds_and_never_piles_up()
    {
        var check = new Check(_ => new TaskCompletionSource<HealthCheckResult>().Task);
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks().AddCheck("hangs", check));
        var began = TimeProvider.System.GetTimestamp();
        var (status, checks) = await ProbeAsync(service, "/health/ready");
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 1.9, 6);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), (status, checks["hangs"]));
        await ProbeAsync(service, "/health/ready");
        await ProbeAsync(service, "/health/ready");
        Assert.Equal(1, check.Runs);
    }

    [Fact]
    public async Task An_outage_is_logged_when_it_begins_and_when_it_ends()
    {
        var time = new FakeTimeProvider();
        var away = true;
        await using var service = await TestService.StartAsync(builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(time);
            builder.Services.AddHealthChecks().AddCheck("orders", new Check(_ => away ? throw new IOException("away") : Healthy));
        });
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await ProbeAsync(service, "/health/ready")).Status);
            time.Advance(TimeSpan.FromSeconds(2));
        }
        away = false;
        Assert.Equal(HttpStatusCode.OK, (await ProbeAsync(service, "/health/ready")).Status);
        var lines = service.Logs.Lines.Where(line => line.Message.Contains("orders", StringComparison.Ordinal)).ToList();
        Assert.Equal([LogLevel.Warning, LogLevel.Information], lines.Select(line => line.Level));
        Assert.Equal("away", lines[0].Exception?.Message);
    }

    [Fact]
    public async Task Startup_is_503_until_its_checks_pass_and_is_not_asked_again()
    {
        var time = new FakeTimeProvider();
        var migrated = false;
        // Startup does not wait for what readiness waits for.
        var dependency = HealthCheckResult.Unhealthy();
        var check = new Check(_ => Task.FromResult(migrated ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy()));
        await using var service = await TestService.StartAsync(builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(time);
            builder.Services.AddHealthChecks()
                .AddCheck("migrations", check, tags: [HealthTags.Startup])
                .AddCheck("orders", new Check(_ => Task.FromResult(dependency)));
        });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await ProbeAsync(service, "/health/startup")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await ProbeAsync(service, "/health/ready")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ProbeAsync(service, "/health/live")).Status);
        migrated = true;
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, (await ProbeAsync(service, "/health/startup")).Status);
        migrated = false;
        dependency = HealthCheckResult.Healthy();
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, (await ProbeAsync(service, "/health/startup")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ProbeAsync(service, "/health/ready")).Status);
        Assert.Equal(2, check.Runs);
    }

    [Fact]
    public async Task Startup_and_readiness_are_503_until_the_host_has_started()
    {
        var gate = new TaskCompletionSource();
        var starting = new Starting(gate.Task);
        var port = Fixtures.FreePort.Next();
        var builder = WebApplication.CreateBuilder(["--urls", $"http://127.0.0.1:{port}", "--Management:Port", $"{port}"]);
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.Services.AddSingleton<IHostedService>(starting);
        await using var app = builder.Build();
        app.UseServiceDefaults();
        app.MapDefaultEndpoints();
        var start = app.StartAsync();
        await starting.Entered.WaitAsync(TestService.Patience);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health/startup")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live")).StatusCode);
        gate.SetResult();
        await start;
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/startup")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready")).StatusCode);
    }

    private static readonly Task<HealthCheckResult> Healthy = Task.FromResult(HealthCheckResult.Healthy());

    private static async Task<(HttpStatusCode Status, Dictionary<string, string> Checks)> ProbeAsync(TestService service, string path)
    {
        using var answer = await service.Management.GetAsync(path);
        var report = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(answer.StatusCode == HttpStatusCode.OK, report.GetProperty("status").GetString() != "Unhealthy");
        return (answer.StatusCode,
            report.GetProperty("checks").EnumerateObject().ToDictionary(check => check.Name, check => check.Value.GetString()!));
    }

    private sealed class Check(Func<CancellationToken, Task<HealthCheckResult>> answer) : IHealthCheck
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _runs;

        public int Runs => _runs;

        public Task Entered => _entered.Task;

        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _runs);
            _entered.TrySetResult();
            return answer(cancellationToken);
        }
    }

    /// <summary>Holds the start up when the server listens already.</summary>
    private sealed class Starting(Task gate) : IHostedLifecycleService
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Entered => _entered.Task;

        public Task StartedAsync(CancellationToken cancellationToken)
        {
            _entered.SetResult();
            return gate;
        }

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
