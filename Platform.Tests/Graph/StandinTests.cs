using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Graph;

/// <summary>What the stand-in of Aspire.Hosting must do as the package does it, beyond what Platform's graph asks of both.</summary>
public sealed class StandinTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;
    private readonly IDistributedApplicationTestingBuilder _builder = DistributedApplicationTestingBuilder.Create();
    private DistributedApplication? _app;

    public Task InitializeAsync()
    {
        _builder.Configuration["AspireToolsPath"] = Repository.ToolsDirectory;
        return Task.CompletedTask;
    }

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
    public async Task Who_waits_for_a_child_waits_for_the_childs_own_health()
    {
        var created = Path.Combine(_folder, "created");
        _builder.Services.AddHealthChecks().AddCheck("child", () => File.Exists(created) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy());
        var ready = 0;
        var server = Shell("server", "exec sleep 60");
        var child = _builder.AddResource(new Child("child", server.Resource)).WithHealthCheck("child").OnResourceReady((_, _, _) =>
        {
            Interlocked.Increment(ref ready);
            return Task.CompletedTask;
        });
        Shell("client", "exec sleep 60").WaitFor(child);
        await StartAsync();
        await _app!.ResourceNotifications.WaitForResourceHealthyAsync("server").WaitAsync(Patience);
        await StateAsync("client", KnownResourceStates.Waiting);
        Assert.True(_app.ResourceNotifications.TryGetCurrentState("child", out var waiting));
        Assert.NotEqual(HealthStatus.Healthy, waiting.Snapshot.HealthStatus);

        await File.WriteAllTextAsync(created, "");
        await StateAsync("client", KnownResourceStates.Running);
        Assert.Equal(1, ready);
    }

    [Fact]
    public async Task A_child_without_checks_of_its_own_is_ready_with_its_parent()
    {
        var server = Shell("server", "exec sleep 60");
        var ready = new TaskCompletionSource();
        var child = _builder.AddResource(new Child("child", server.Resource)).OnResourceReady((_, _, _) =>
        {
            ready.TrySetResult();
            return Task.CompletedTask;
        });
        Shell("client", "exec sleep 60").WaitFor(child);
        await StartAsync();
        await StateAsync("client", KnownResourceStates.Running);
        await ready.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task Without_a_dashboard_who_waits_for_what_has_ended_fails_to_start()
    {
        var dead = Shell("dead", "exit 7").OnResourceReady((_, _, _) => throw new InvalidOperationException("never ready"));
        Shell("client", $"touch {_folder}/started").WaitFor(dead);
        await StartAsync();
        await StateAsync("client", KnownResourceStates.FailedToStart);
        Assert.False(File.Exists(Path.Combine(_folder, "started")));
    }

    [Fact]
    public async Task A_taken_port_names_the_resource_and_nothing_is_started()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        Shell("first", $"touch {_folder}/started");
        Shell("web", "exec sleep 60").WithHttpEndpoint(port: port, isProxied: false);
        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(StartAsync);
        Assert.Contains($"Port {port}", exception.Message, StringComparison.Ordinal);
        Assert.Contains("web (http)", exception.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "started")));
    }

    [Fact]
    public async Task Ports_are_all_different_and_stay_over_a_restart()
    {
        var servers = Enumerable.Range(0, 8).Select(number => Shell($"server{number}", "exec sleep 60").WithHttpEndpoint(isProxied: false).WithHttpEndpoint(name: "two")).ToList();
        await StartAsync();
        await StateAsync("server0", KnownResourceStates.Running);
        var ports = servers.SelectMany(server => new[] { server.GetEndpoint("http").Port, server.GetEndpoint("two").Port }).ToList();
        Assert.Distinct(ports);

        Assert.True((await _app!.ResourceCommands.ExecuteCommandAsync("server0", "restart")).Success);
        await StateAsync("server0", KnownResourceStates.Running);
        Assert.Equal(ports[0], servers[0].GetEndpoint("http").Port);
    }

    [Fact]
    public async Task Programs_get_no_secrets_of_the_AppHost_the_dashboard_may_end_and_DCP_may_not()
    {
        var folder = Path.Combine(_folder, "data");
        await using var host = new AppHostProcess(folder, FreePort.Next(), environment: new() { ["Parameters__api-key"] = "s3cret-parameter" });
        await host.WhenHealthyAsync();
        var carriers = Processes().Where(process => process.Environment.Contains(host.Mark, StringComparison.Ordinal)).ToList();
        Assert.Contains(carriers, process => process.Command.Contains("run-controllers", StringComparison.Ordinal));
        Assert.DoesNotContain(
            carriers.Where(process => !process.Command.Contains("Platform.AppHost.dll", StringComparison.Ordinal)),
            process => process.Environment.Contains("Parameters__", StringComparison.OrdinalIgnoreCase));

        // The dashboard is a convenience.
        Kill(carriers.Single(process => process.Command.Contains("aspire-managed", StringComparison.Ordinal) && !process.Command.Contains("monitor-process", StringComparison.Ordinal)));
        await SaysAsync(host, "The dashboard has ended");
        await host.WhenHealthyAsync();

        // The orchestrator is not.
        Kill(carriers.Single(process => process.Command.Contains("start-apiserver", StringComparison.Ordinal)));
        Assert.Equal(1, await host.ExitCodeAsync());
        Assert.Contains("DCP, which runs the programs, has ended", host.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", host.Log, StringComparison.Ordinal);
        await host.NothingIsLeftAsync(within: TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Publishing_is_refused_in_one_line()
    {
        await using var host = new AppHostProcess(Path.Combine(_folder, "data"), FreePort.Next(), "--operation", "publish");
        Assert.Equal(1, await host.ExitCodeAsync());
        Assert.Contains("--operation publish is not supported", host.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", host.Log, StringComparison.Ordinal);
    }

    private IResourceBuilder<ExecutableResource> Shell(string name, string script) => _builder.AddExecutable(name, "/bin/sh", _folder, "-c", script);

    private async Task StartAsync()
    {
        _app = await _builder.BuildAsync();
        await _app.StartAsync().WaitAsync(Patience);
    }

    private async Task StateAsync(string resource, string state) => await _app!.ResourceNotifications.WaitForResourceAsync(resource, state).WaitAsync(Patience);

    private static async Task SaysAsync(AppHostProcess host, string line)
    {
        var watch = Stopwatch.StartNew();
        while (!host.Log.Contains(line, StringComparison.Ordinal))
        {
            Assert.True(watch.Elapsed < Patience, $"'{line}' is missing:\n{host.Log}");
            await Task.Delay(50);
        }
    }

    private static void Kill((int Id, string Command, string Environment) process)
    {
        using var running = Process.GetProcessById(process.Id);
        running.Kill();
    }

    private static IEnumerable<(int Id, string Command, string Environment)> Processes()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var id))
            {
                continue;
            }

            (int, string, string)? found = null;
            try
            {
                found = (id, File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' '), File.ReadAllText(Path.Combine(folder, "environ")));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Ended meanwhile, or not ours.
            }

            if (found is { } process)
            {
                yield return process;
            }
        }
    }

    private sealed class Child(string name, ExecutableResource parent) : Resource(name), IResourceWithParent<ExecutableResource>
    {
        public ExecutableResource Parent => parent;
    }
}
