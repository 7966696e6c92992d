using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.Tests.Graph;

/// <summary>What Platform relies on of Aspire's orchestration, on graphs of tiny programs: the same with the packages and with the stand-in.</summary>
public sealed class OrchestrationTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;
    private readonly IDistributedApplicationTestingBuilder _builder = DistributedApplicationTestingBuilder.Create();
    private DistributedApplication? _app;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        await _builder.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_program_gets_its_arguments_parameters_ports_and_references()
    {
        var secret = _builder.AddParameter("secret", new FixedDefault("s3cret"), secret: true);
        var server = Shell("server", "sleep 60").WithEndpoint(scheme: "tcp", name: "tcp", isProxied: false);
        var port = server.GetEndpoint("tcp").Property(EndpointProperty.Port);
        Shell("client", $"echo \"$SECRET $ADDRESS $ONE $1\" > {_folder}/written; sleep 60")
            .WithArgs("sh", "argument")
            .WithEnvironment("SECRET", secret)
            .WithEnvironment("ONE", "1")
            .WithEnvironment("ADDRESS", $"host:{port}");
        await StartAsync();
        var written = await ContentAsync("written");
        Assert.Equal($"s3cret host:{server.GetEndpoint("tcp").Port} 1 argument", written);
    }

    [Fact]
    public async Task A_proxied_endpoint_forwards_to_the_port_that_the_program_was_given()
    {
        var server = _builder.AddExecutable("server", "node", _folder, "-e", "require('http').createServer((q, a) => a.end('hello')).listen(process.env.PORT)")
            .WithHttpEndpoint(env: "PORT")
            .WithHttpHealthCheck("/");
        await StartAsync();
        await HealthyAsync("server");
        using var client = _app!.CreateHttpClient("server");
        Assert.Equal("hello", await client.GetStringAsync("/"));
        Assert.Equal(server.GetEndpoint("http").Port, client.BaseAddress!.Port);
    }

    [Fact]
    public async Task Nothing_starts_before_what_it_waits_for_is_healthy_and_ready()
    {
        var healthy = Path.Combine(_folder, "healthy");
        _builder.Services.AddHealthChecks().AddCheck("file", () => File.Exists(healthy) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy());
        var first = Shell("first", "sleep 60").WithHealthCheck("file").OnResourceReady(async (_, _, cancellationToken) =>
            await File.WriteAllTextAsync(Path.Combine(_folder, "ready"), "", cancellationToken));
        Shell("second", $"ls {_folder} > {_folder}/seen; sleep 60").WaitFor(first);
        await StartAsync();
        await _app!.ResourceNotifications.WaitForResourceAsync("first", KnownResourceStates.Running).WaitAsync(Patience);
        await _app.ResourceNotifications.WaitForResourceAsync("second", KnownResourceStates.Waiting).WaitAsync(Patience);
        Assert.False(File.Exists(Path.Combine(_folder, "seen")));

        await File.WriteAllTextAsync(healthy, "");
        Assert.Contains("ready", await ContentAsync("seen"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_ends_shows_its_exit_code_and_can_be_started_again()
    {
        Shell("short", $"echo run >> {_folder}/runs; test -f {_folder}/stay && exec sleep 60; exit 3");
        await StartAsync();
        var ended = await _app!.ResourceNotifications.WaitForResourceAsync("short", change => KnownResourceStates.TerminalStates.Contains(change.Snapshot.State?.Text ?? ""))
            .WaitAsync(Patience);
        Assert.Equal(3, ended.Snapshot.ExitCode);

        await File.WriteAllTextAsync(Path.Combine(_folder, "stay"), "");
        Assert.True((await _app.ResourceCommands.ExecuteCommandAsync("short", "start")).Success);
        await _app.ResourceNotifications.WaitForResourceAsync("short", KnownResourceStates.Running).WaitAsync(Patience);
        Assert.Equal(2, (await File.ReadAllLinesAsync(Path.Combine(_folder, "runs"))).Length);
    }

    [Fact]
    public async Task A_handler_that_throws_before_the_start_keeps_the_program_from_starting()
    {
        Shell("never", $"touch {_folder}/started").OnBeforeResourceStarted((_, _, _) => throw new InvalidOperationException("no"));
        await StartAsync();
        await _app!.ResourceNotifications.WaitForResourceAsync("never", KnownResourceStates.FailedToStart).WaitAsync(Patience);
        Assert.False(File.Exists(Path.Combine(_folder, "started")));
    }

    [Fact]
    public async Task Disposing_the_application_ends_every_program_those_first_that_nothing_needs()
    {
        var first = Shell("first", $"echo $$ > {_folder}/pid; trap 'echo first >> {_folder}/order; exit' TERM; while :; do sleep 0.1; done");
        Shell("second", $"trap 'echo second >> {_folder}/order; exit' TERM; while :; do sleep 0.1; done").WaitFor(first);
        await StartAsync();
        await HealthyAsync("second");
        var pid = int.Parse(await ContentAsync("pid"), CultureInfo.InvariantCulture);
        await _app!.DisposeAsync();
        _app = null;
        Assert.False(Directory.Exists($"/proc/{pid}"));
        Assert.Equal(["second", "first"], await File.ReadAllLinesAsync(Path.Combine(_folder, "order")));
    }

    private IResourceBuilder<ExecutableResource> Shell(string name, string script) => _builder.AddExecutable(name, "/bin/sh", _folder, "-c", script);

    private async Task StartAsync()
    {
        _app = await _builder.BuildAsync();
        await _app.StartAsync().WaitAsync(Patience);
    }

    private async Task HealthyAsync(string resource) => await _app!.ResourceNotifications.WaitForResourceHealthyAsync(resource).WaitAsync(Patience);

    private async Task<string> ContentAsync(string file)
    {
        var path = Path.Combine(_folder, file);
        var watch = Stopwatch.StartNew();
        while (!File.Exists(path) || new FileInfo(path).Length == 0)
        {
            Assert.True(watch.Elapsed < Patience, $"{file} was not written.");
            await Task.Delay(20);
        }

        return (await File.ReadAllTextAsync(path)).Trim();
    }

    private sealed class FixedDefault(string value) : ParameterDefault
    {
        public override string GetDefaultValue() => value;

        public override void WriteToManifest(Aspire.Hosting.Publishing.ManifestPublishingContext context) => context.Writer.WriteString("value", value);
    }
}
