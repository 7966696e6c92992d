// Stands in for the package Aspire.Hosting 13.5.4.

using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Dcp;

/// <summary>Runs the graph on DCP: allocates ports, starts what need not wait any more, watches health, stops in reverse.</summary>
internal sealed partial class Orchestrator(
    IServiceProvider services, IResourceCollection resources, DistributedApplicationOptions options, AspireBundle bundle, DcpServer dcp, DashboardServer dashboard,
    ResourceLogs logs, ResourceNotificationService notifications, IDistributedApplicationEventing eventing, IHostApplicationLifetime lifetime, ILogger<Orchestrator> log)
    : IDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan ServiceTimeout = TimeSpan.FromSeconds(30);

    // DCP is on this machine: when it has not answered for so long, it is gone, and everything that it ran with it.
    private static readonly TimeSpan DcpSilence = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _watchEnd = new();
    private readonly Dictionary<string, ProcessRun> _processes = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentBag<Task> _background = [];
    private readonly Ports _ports = new();
    private Task? _stopped;

    /// <summary>Whether DCP ended before it was asked to.</summary>
    public bool DcpLost { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        await bundle.InstallAsync(either.Token).ConfigureAwait(false);
        await eventing.PublishAsync(new BeforeStartEvent(services), either.Token).ConfigureAwait(false);
        if (!options.DisableDashboard)
        {
            dashboard.Configure();
        }

        _ports.Claim(resources);
        await dcp.StartAsync(either.Token).ConfigureAwait(false);
        foreach (var resource in resources.Where(resource => resource is ExecutableResource or ProjectResource))
        {
            _processes[resource.Name] = new ProcessRun(resource);
            await AllocateAsync(resource, either.Token).ConfigureAwait(false);
        }

        _background.Add(WatchAsync());
        _background.Add(TellStatesAsync());
        if (!options.DisableDashboard)
        {
            await dashboard.StartAsync(either.Token).ConfigureAwait(false);
        }

        foreach (var process in _processes.Values)
        {
            _background.Add(StartProcessAsync(process, _stopping.Token));
        }
    }

    /// <summary>Stops everything, once, however often it is asked to.</summary>
    public Task StopAsync() => _stopped ??= StopOnceAsync();

    public async Task<ExecuteCommandResult> ExecuteCommandAsync(string resource, string command, CancellationToken cancellationToken)
    {
        if (!_processes.TryGetValue(resource, out var process))
        {
            return new() { Success = false, Message = $"There is no resource {resource}." };
        }

        switch (command)
        {
            case "stop":
                await StopProcessAsync(process).WaitAsync(cancellationToken).ConfigureAwait(false);
                return new() { Success = true };
            case "start" when process.Active:
                return new() { Success = false, Message = $"{resource} is running." };
            case "restart":
                await StopProcessAsync(process).WaitAsync(cancellationToken).ConfigureAwait(false);
                goto case "start";
            case "start":
                return await StartProcessAsync(process, _stopping.Token).WaitAsync(cancellationToken).ConfigureAwait(false)
                    ? new() { Success = true }
                    : new() { Success = false, Message = $"{resource} could not be started." };
            default:
                return new() { Success = false, Message = $"{resource} has no command {command}." };
        }
    }

    public void Dispose()
    {
        foreach (var process in _processes.Values)
        {
            process.Dispose();
        }

        _stopping.Dispose();
        _watchEnd.Dispose();
    }

    private async Task StopOnceAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        var remaining = _processes.Values.Where(process => process.Active).ToList();
        while (remaining.Count > 0)
        {
            var needed = remaining.SelectMany(process => Dependencies(process.Resource)).ToHashSet();
            var free = remaining.Where(process => !needed.Contains(process.Resource)).ToList();
            if (free.Count == 0)
            {
                free = [.. remaining];
            }

            await Task.WhenAll(free.Select(StopProcessAsync)).ConfigureAwait(false);
            remaining.RemoveAll(free.Contains);
        }

        await _watchEnd.CancelAsync().ConfigureAwait(false);
        await dcp.StopAsync().ConfigureAwait(false);
        foreach (var task in _background.ToArray())
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static IEnumerable<IResource> Dependencies(IResource resource) =>
        resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Root());

    // --- Ports ---------------------------------------------------------------------------------------------------------------------

    private async Task AllocateAsync(IResource resource, CancellationToken cancellationToken)
    {
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            if (!endpoint.IsProxied)
            {
                var port = endpoint.Port is > 0 and var specified ? specified : _ports.Next();
                endpoint.Allocated.TrySetResult(new(port, port));
                continue;
            }

            // DCP listens, and forwards to the process.
            var service = $"{resource.Name}-{endpoint.Name}";
            await dcp.CreateAsync("services", new JsonObject
            {
                ["kind"] = "Service",
                ["metadata"] = new JsonObject { ["name"] = service },
                ["spec"] = new JsonObject { ["port"] = endpoint.Port ?? 0, ["protocol"] = "TCP", ["address"] = endpoint.TargetHost },
            }, cancellationToken).ConfigureAwait(false);
            var watch = Stopwatch.StartNew();
            while (true)
            {
                var state = (await dcp.GetAsync("services", service, cancellationToken).ConfigureAwait(false)).GetProperty("status");
                if (state.TryGetProperty("effectivePort", out var port) && port.GetInt32() > 0)
                {
                    endpoint.Allocated.TrySetResult(new(port.GetInt32(), endpoint.TargetPort ?? _ports.Next()));
                    break;
                }

                if (watch.Elapsed > ServiceTimeout)
                {
                    throw new DistributedApplicationException($"DCP did not open a port for {resource.Name} ({endpoint.Name}) within {ServiceTimeout.TotalSeconds:0} s.");
                }

                await Task.Delay(20, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // --- Start ---------------------------------------------------------------------------------------------------------------------

    private async Task<bool> StartProcessAsync(ProcessRun process, CancellationToken stopping)
    {
        var resource = process.Resource;
        process.Begin();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, process.Ended);
        var cancellationToken = either.Token;
        try
        {
            foreach (var dependency in resource.Annotations.OfType<WaitAnnotation>())
            {
                await PublishAsync(resource, known => known with { State = KnownResourceStates.Waiting }).ConfigureAwait(false);
                await WaitAsync(dependency.Resource.Root(), cancellationToken).ConfigureAwait(false);
                await WaitAsync(dependency.Resource, cancellationToken).ConfigureAwait(false);
            }

            await eventing.PublishAsync(new BeforeResourceStartedEvent(resource, services), cancellationToken).ConfigureAwait(false);
            await PublishAsync(resource, known => known with { State = KnownResourceStates.Starting, ExitCode = null, HealthStatus = null, Urls = Urls(resource) }).ConfigureAwait(false);
            await dcp.CreateAsync("executables", await SpecifyAsync(process, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            process.Created = true;
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            process.End();
            return false;
        }
        catch (Exception exception)
        {
            LogCannotStart(log, resource.Name, exception.Message);
            process.End();
            await PublishAsync(resource, known => known with { State = KnownResourceStates.FailedToStart }).ConfigureAwait(false);
            return false;
        }
    }

    /// <summary>
    /// Until the resource is healthy. Where a person looks on, one that has ended may yet be started; without a dashboard nobody will,
    /// and who waits for it fails: the default of <c>WaitBehavior</c>.
    /// </summary>
    private async Task WaitAsync(IResource dependency, CancellationToken cancellationToken)
    {
        var change = await notifications.WaitForResourceAsync(
            dependency.Name,
            change => ResourceNotificationService.IsHealthy(change.Snapshot) || (options.DisableDashboard && HasEnded(change.Snapshot)),
            cancellationToken).ConfigureAwait(false);
        if (HasEnded(change.Snapshot))
        {
            throw new DistributedApplicationException($"{dependency.Name}, which it waits for, is {Describe(change)}.");
        }
    }

    private static bool HasEnded(CustomResourceSnapshot snapshot) => KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text ?? "");

    private async Task<JsonObject> SpecifyAsync(ProcessRun process, CancellationToken cancellationToken)
    {
        var resource = process.Resource;
        List<object> arguments = [];
        var (program, folder) = Program(resource, arguments);
        foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>())
        {
            await annotation.Callback(new(arguments, resource, cancellationToken)).ConfigureAwait(false);
        }

        var context = new EnvironmentCallbackContext(services.GetRequiredService<DistributedApplicationExecutionContext>(), resource, cancellationToken: cancellationToken);
        if (resource is ProjectResource && !options.DisableDashboard)
        {
            dashboard.AddTelemetry(resource, context.EnvironmentVariables);
        }

        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.TargetPortEnvironmentVariable is not null))
        {
            context.EnvironmentVariables[endpoint.TargetPortEnvironmentVariable!] =
                endpoint.Allocated.Task.Result.TargetPort.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            await annotation.Callback(context).ConfigureAwait(false);
        }

        JsonArray environment = [];
        foreach (var (name, value) in context.EnvironmentVariables)
        {
            environment.Add(new JsonObject { ["name"] = name, ["value"] = await TextAsync(value, cancellationToken).ConfigureAwait(false) });
        }

        JsonArray texts = [];
        foreach (var argument in arguments)
        {
            texts.Add(await TextAsync(argument, cancellationToken).ConfigureAwait(false));
        }

        var produced = resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.IsProxied)
            .Select(endpoint => new { serviceName = $"{resource.Name}-{endpoint.Name}", port = endpoint.Allocated.Task.Result.TargetPort }).ToArray();
        return new JsonObject
        {
            ["kind"] = "Executable",
            ["metadata"] = new JsonObject
            {
                ["name"] = process.DcpName,
                ["annotations"] = produced.Length == 0 ? [] : new JsonObject { ["service-producer"] = JsonSerializer.Serialize(produced) },
            },
            ["spec"] = new JsonObject
            {
                ["executablePath"] = OnPath(program, resource.Name),
                ["workingDirectory"] = folder,
                ["args"] = texts,
                ["env"] = environment,
            },
        };
    }

    private static (string Program, string Folder) Program(IResource resource, List<object> arguments)
    {
        if (resource is ExecutableResource executable)
        {
            return (executable.Command, executable.WorkingDirectory);
        }

        var project = resource.Annotations.OfType<IProjectMetadata>().Single();
        var built = project.GetType().Assembly.GetCustomAttributes(typeof(System.Reflection.AssemblyMetadataAttribute), false)
            .Cast<System.Reflection.AssemblyMetadataAttribute>().FirstOrDefault(metadata => metadata.Key == $"projectoutput:{project.ProjectPath}")?.Value;
        if (built is null || !File.Exists(built))
        {
            throw new DistributedApplicationException($"{project.ProjectPath} is not built: run `dotnet build` on the AppHost.");
        }

        arguments.Add(built);
        return (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Path.GetDirectoryName(project.ProjectPath)!);
    }

    private static string OnPath(string program, string resource)
    {
        if (program.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            return program;
        }

        var names = OperatingSystem.IsWindows() ? new[] { program, program + ".exe" } : [program];
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists)
            ?? throw new DistributedApplicationException($"{program}, which {resource} is run with, was not found on PATH: install it and run again.");
    }

    private static async Task<string?> TextAsync(object value, CancellationToken cancellationToken) => value switch
    {
        string text => text,
        IValueProvider later => await later.GetValueAsync(cancellationToken).ConfigureAwait(false),
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture),
    };

    private static ImmutableArray<UrlSnapshot> Urls(IResource resource) =>
    [
        .. resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint =>
        {
            var url = new ResourceUrlAnnotation { Url = $"{endpoint.UriScheme}://{endpoint.TargetHost}:{endpoint.Allocated.Task.Result.Port}" };
            foreach (var callback in resource.Annotations.OfType<ResourceUrlsCallbackAnnotation>().Where(callback => callback.EndpointName == endpoint.Name))
            {
                callback.Callback(url);
            }

            return new UrlSnapshot(endpoint.Name, url.Url, url.DisplayLocation == UrlDisplayLocation.DetailsOnly) { DisplayProperties = new(url.DisplayText ?? "") };
        }),
    ];

    // --- Watch ---------------------------------------------------------------------------------------------------------------------

    private async Task WatchAsync()
    {
        var silence = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await foreach (var item in dcp.WatchExecutablesAsync(_watchEnd.Token).ConfigureAwait(false))
                {
                    silence.Restart();
                    var name = item.GetProperty("metadata").GetProperty("name").GetString();
                    if (!item.TryGetProperty("status", out var status))
                    {
                        continue;
                    }

                    if (name == DashboardServer.Name)
                    {
                        dashboard.Observe(status);
                    }
                    else if (_processes.Values.FirstOrDefault(process => process.DcpName == name) is { } process)
                    {
                        await ObserveAsync(process, status).ConfigureAwait(false);
                    }
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or DistributedApplicationException)
            {
                if (_watchEnd.IsCancellationRequested)
                {
                    return;
                }

                if (!await dcp.AnswersAsync(_watchEnd.Token).ConfigureAwait(false))
                {
                    if (silence.Elapsed > DcpSilence)
                    {
                        DcpLost = true;
                        LogDcpLost(log);
                        lifetime.StopApplication();
                        return;
                    }
                }
                else
                {
                    silence.Restart();
                }

                await Task.Delay(200).ConfigureAwait(false);
            }
        }
    }

    private async Task ObserveAsync(ProcessRun process, JsonElement status)
    {
        var resource = process.Resource;
        var state = status.TryGetProperty("state", out var text) ? text.GetString() : null;
        var exitCode = status.TryGetProperty("exitCode", out var code) && code.ValueKind == JsonValueKind.Number ? code.GetInt32() : (int?)null;
        switch (state)
        {
            case "Running" when process.Advance(1):
                process.Logs ??= CopyLogsAsync(process);
                await PublishAsync(resource, known => known with { State = KnownResourceStates.Running, HealthStatus = HealthStatus.Unhealthy }).ConfigureAwait(false);
                _background.Add(CheckHealthAsync(resource, process.Ended));
                foreach (var child in Children(resource).Where(child => Checks(child).Any()))
                {
                    _background.Add(CheckHealthAsync(child, process.Ended));
                }

                break;
            case "Stopping" when process.Advance(2):
                await PublishAsync(resource, known => known with { State = KnownResourceStates.Stopping }).ConfigureAwait(false);
                break;
            case "Finished" or "Terminated" or "FailedToStart" or "Unknown" when process.Advance(3):
                var requested = process.StopRequested;
                process.End();
                var final = state == "FailedToStart" ? KnownResourceStates.FailedToStart : KnownResourceStates.Finished;
                await PublishAsync(resource, known => known with { State = final, ExitCode = exitCode, HealthStatus = null }).ConfigureAwait(false);
                if (!requested && exitCode is not 0)
                {
                    process.Logs ??= CopyLogsAsync(process);
                    await process.Logs.WaitAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    foreach (var line in logs.Last(resource.Name).Where(line => !line.StartsWith("   at ", StringComparison.Ordinal)))
                    {
                        LogLine(log, resource.Name, line);
                    }
                }

                break;
        }
    }

    private Task CopyLogsAsync(ProcessRun process)
    {
        return Task.WhenAll(CopyAsync("stdout"), CopyAsync("stderr"));

        async Task CopyAsync(string source)
        {
            try
            {
                await foreach (var line in dcp.LogAsync(process.DcpName, source, _watchEnd.Token).ConfigureAwait(false))
                {
                    logs.Write(process.Resource.Name, line);
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                // DCP has ended.
            }
        }
    }

    /// <summary>Checks a resource, or a child of it that has checks of its own, for as long as the process runs.</summary>
    private async Task CheckHealthAsync(IResource resource, CancellationToken ended)
    {
        var keys = Checks(resource).ToHashSet();
        var checks = services.GetRequiredService<HealthCheckService>();
        var ready = false;
        var failure = "";
        var unhealthy = Stopwatch.StartNew();
        try
        {
            while (!ended.IsCancellationRequested)
            {
                using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ended);
                timeout.CancelAfter(TimeSpan.FromSeconds(10));
                var status = HealthStatus.Unhealthy;
                try
                {
                    var report = keys.Count == 0 ? null : await checks.CheckHealthAsync(check => keys.Contains(check.Name), timeout.Token).ConfigureAwait(false);
                    status = report?.Status ?? HealthStatus.Healthy;
                    if (status == HealthStatus.Healthy && !ready)
                    {
                        await eventing.PublishAsync(new ResourceReadyEvent(resource, services), ended).ConfigureAwait(false);
                        foreach (var child in Children(resource).Where(child => !Checks(child).Any()))
                        {
                            await eventing.PublishAsync(new ResourceReadyEvent(child, services), ended).ConfigureAwait(false);
                        }

                        ready = true;
                    }
                }
                catch (Exception exception) when (!ended.IsCancellationRequested)
                {
                    status = HealthStatus.Unhealthy;
                    if (failure != exception.Message)
                    {
                        failure = exception.Message;
                        LogNotReady(log, resource.Name, failure);
                    }
                }

                if (!ended.IsCancellationRequested)
                {
                    await PublishAsync(resource, known => known.State?.Text == KnownResourceStates.Running ? known with { HealthStatus = status } : known).ConfigureAwait(false);
                }

                if (status == HealthStatus.Healthy)
                {
                    await Task.Delay(TimeSpan.FromSeconds(5), ended).ConfigureAwait(false);
                    unhealthy.Restart();
                }
                else
                {
                    // Quick while it starts; one that stays ill is not to be kept busy with questions.
                    var pause = unhealthy.Elapsed < TimeSpan.FromSeconds(10) ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromSeconds(1);
                    await Task.Delay(pause, ended).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The program has ended.
        }
    }

    private async Task StopProcessAsync(ProcessRun process)
    {
        if (!process.Active)
        {
            return;
        }

        process.StopRequested = true;
        if (!process.Created || DcpLost)
        {
            // Still waiting for others, or gone already.
            process.End();
            await PublishAsync(process.Resource, known => known with { State = KnownResourceStates.Finished }).ConfigureAwait(false);
            return;
        }

        try
        {
            var ended = notifications.WaitForResourceAsync(process.Resource.Name, change => !process.Active);
            await dcp.StopExecutableAsync(process.DcpName, CancellationToken.None).ConfigureAwait(false);
            await ended.WaitAsync(StopTimeout).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException or DistributedApplicationException)
        {
            LogNotStopped(log, process.Resource.Name, exception.Message);
        }
    }

    private Task PublishAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> change)
    {
        var published = notifications.PublishUpdateAsync(resource, change);
        foreach (var child in Children(resource))
        {
            // A child shares its parent's life, and its health unless it has checks of its own.
            notifications.PublishUpdateAsync(child, known =>
            {
                var next = change(known) with { Urls = [] };
                return Checks(child).Any() && known.State?.Text == KnownResourceStates.Running && next.State == known.State
                    ? next with { HealthStatus = known.HealthStatus }
                    : next;
            });
        }

        return published;
    }

    private IEnumerable<IResource> Children(IResource resource) => resources.Where(child => child != resource && child.Root() == resource);

    private static IEnumerable<string> Checks(IResource resource) => resource.Annotations.OfType<HealthCheckAnnotation>().Select(check => check.Key);

    // --- What people see -----------------------------------------------------------------------------------------------------------

    private async Task TellStatesAsync()
    {
        Dictionary<string, string> told = [];
        var complete = false;
        await foreach (var change in notifications.WatchAsync(_watchEnd.Token).ConfigureAwait(false))
        {
            if (!_processes.ContainsKey(change.Resource.Name))
            {
                continue;
            }

            var text = Describe(change);
            if (told.GetValueOrDefault(change.Resource.Name) != text)
            {
                told[change.Resource.Name] = text;
                LogState(log, change.Resource.Name.PadRight(_processes.Keys.Max(name => name.Length)), text);
            }

            if (!complete && _processes.Keys.All(name => notifications.TryGetCurrentState(name, out var known) && ResourceNotificationService.IsHealthy(known.Snapshot)))
            {
                complete = true;
                TellTable();
            }
        }
    }

    private static string Describe(ResourceEvent change)
    {
        var state = change.Snapshot.State?.Text ?? KnownResourceStates.NotStarted;
        return (state, change.Snapshot.HealthStatus, change.Snapshot.ExitCode) switch
        {
            ("Running", HealthStatus.Healthy, _) => "Healthy",
            ("Running", _, _) => "Running, not healthy yet",
            ("Waiting", _, _) => $"Waiting for {string.Join(", ", Dependencies(change.Resource).Select(dependency => dependency.Name))}",
            (_, _, { } exitCode) => $"{state} (exit code {exitCode})",
            _ => state,
        };
    }

    private void TellTable()
    {
        var rows = _processes.Values.Select(process =>
        {
            notifications.TryGetCurrentState(process.Resource.Name, out var known);
            return (process.Resource.Name, State: Describe(known!), Urls: string.Join("  ", known!.Snapshot.Urls.Where(url => !url.IsInternal).Select(url => url.Url)));
        }).ToList();
        var (name, state) = (rows.Max(row => row.Name.Length), rows.Max(row => row.State.Length));
        LogTable(log, string.Join(Environment.NewLine, rows.Select(row => $"  {row.Name.PadRight(name)}  {row.State.PadRight(state)}  {row.Urls}")),
            logs.Folder is null ? "" : $"{Environment.NewLine}  Console of each: {logs.Folder}");
        if (!options.DisableDashboard)
        {
            dashboard.TellLogin();
        }
    }

    [LoggerMessage(LogLevel.Information, "{Resource}  {State}")]
    private static partial void LogState(ILogger logger, string resource, string state);

    [LoggerMessage(LogLevel.Information, "Everything is healthy.\n{Table}{Logs}")]
    private static partial void LogTable(ILogger logger, string table, string logs);

    [LoggerMessage(LogLevel.Error, "{Resource} could not be started: {Reason}")]
    private static partial void LogCannotStart(ILogger logger, string resource, string reason);

    [LoggerMessage(LogLevel.Warning, "{Resource} is not ready: {Reason}")]
    private static partial void LogNotReady(ILogger logger, string resource, string reason);

    [LoggerMessage(LogLevel.Warning, "{Resource} did not stop: {Reason}")]
    private static partial void LogNotStopped(ILogger logger, string resource, string reason);

    [LoggerMessage(LogLevel.Error, "DCP, which runs the programs, has ended, and they with it. Run again.")]
    private static partial void LogDcpLost(ILogger logger);

    [LoggerMessage(LogLevel.Error, "{Resource} | {Line}")]
    private static partial void LogLine(ILogger logger, string resource, string line);

    /// <summary>One resource's process: the same resource is a new process, with a new name in DCP, whenever it is started again.</summary>
    private sealed class ProcessRun(IResource resource) : IDisposable
    {
        private CancellationTokenSource _ended = new();
        private int _run;
        private int _phase;

        public IResource Resource { get; } = resource;

        public string DcpName => $"{Resource.Name}-{_run}".ToLowerInvariant();

        /// <summary>Whether it was asked to start and has not ended.</summary>
        public bool Active { get; private set; }

        /// <summary>Whether DCP has it.</summary>
        public bool Created { get; set; }

        /// <summary>The copying of its console.</summary>
        public Task? Logs { get; set; }

        public bool StopRequested { get; set; }

        public CancellationToken Ended => _ended.Token;

        public void Begin()
        {
            _run++;
            _phase = 0;
            _ended.Dispose();
            _ended = new CancellationTokenSource();
            Active = true;
            Created = false;
            Logs = null;
            StopRequested = false;
        }

        /// <summary>Each phase (running, stopping, ended) is entered once a run.</summary>
        public bool Advance(int phase)
        {
            if (_phase >= phase)
            {
                return false;
            }

            _phase = phase;
            return true;
        }

        public void End()
        {
            Active = false;
            _ended.Cancel();
        }

        public void Dispose() => _ended.Dispose();
    }
}
