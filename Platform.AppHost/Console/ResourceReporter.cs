using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.AppHost.Console;

/// <summary>Tells on the console what becomes of the resources that run.</summary>
internal sealed partial class ResourceReporter(
    ResourceNotificationService notifications, ResourceLoggerService consoles, DistributedApplicationModel model, IConfiguration configuration,
    TimeProvider time, ILogger<ResourceReporter> log) : BackgroundService
{
    private const int LastLines = 10;
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(20);

    private readonly SortedDictionary<string, (ResourceEvent Event, DateTimeOffset Since)> _known = new(StringComparer.Ordinal);
    private readonly HashSet<IResource> _hidden = [];
    private bool _complete;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var pause = new PeriodicTimer(LongWait, time);
        var reminder = pause.WaitForNextTickAsync(stoppingToken).AsTask();
        await using var changes = notifications.WatchAsync(stoppingToken).GetAsyncEnumerator(stoppingToken);
        var change = changes.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                if (await Task.WhenAny(change, reminder) == reminder)
                {
                    await reminder;
                    RemindOfWaits();
                    reminder = pause.WaitForNextTickAsync(stoppingToken).AsTask();
                }
                else if (await change)
                {
                    await TellAsync(changes.Current, stoppingToken);
                    change = changes.MoveNextAsync().AsTask();
                }
                else
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The AppHost is stopping, and there is nothing more to tell.
        }
    }

    private async Task TellAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        if (change.Resource is not (ExecutableResource or ProjectResource or ContainerResource) || !model.Resources.Contains(change.Resource)
            || string.IsNullOrEmpty(change.Snapshot.State?.Text))
        {
            return;
        }

        if (change.Snapshot.IsHidden)
        {
            _hidden.Add(change.Resource);
            return;
        }

        var text = Describe(change);
        var before = _known.GetValueOrDefault(change.ResourceId).Event;
        _known[change.ResourceId] = (change, before is not null && Describe(before) == text ? _known[change.ResourceId].Since : time.GetUtcNow());
        if (before is null || Describe(before) != text)
        {
            LogState(log, DisplayName(change).PadRight(_known.Values.Max(known => DisplayName(known.Event).Length)), text);
            if (HasFailed(change.Snapshot) && before?.Snapshot.State?.Text != KnownResourceStates.Stopping)
            {
                await TellLastLinesAsync(change, cancellationToken);
            }
        }

        if (!_complete && model.Resources.All(IsHealthy))
        {
            _complete = true;
            TellTable();
        }
    }

    /// <summary>Its last words: most programs say there why they end.</summary>
    private async Task TellLastLinesAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(2));
        Queue<string> last = new(LastLines);
        try
        {
            await foreach (var lines in consoles.GetAllAsync(change.ResourceId).WithCancellation(timeout.Token))
            {
                foreach (var line in lines.Where(line => !line.Content.Contains("   at ", StringComparison.Ordinal)))
                {
                    if (last.Count == LastLines)
                    {
                        last.Dequeue();
                    }

                    last.Enqueue(line.Content);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // What has come until now will do.
        }

        foreach (var line in last)
        {
            LogLine(log, DisplayName(change), line);
        }
    }

    private void RemindOfWaits()
    {
        foreach (var (change, since) in _known.Values.Where(known => known.Event.Snapshot.State?.Text == KnownResourceStates.Waiting))
        {
            var waits = time.GetUtcNow() - since;
            if (waits >= LongWait)
            {
                var reasons = Dependencies(change.Resource).Where(dependency => !IsHealthy(dependency)).Select(Reason).Distinct();
                LogWaits(log, DisplayName(change), (int)waits.TotalSeconds, string.Join("; ", reasons));
            }
        }
    }

    private string Reason(IResource dependency)
    {
        var known = _known.Values.Where(known => known.Event.Resource == dependency).Select(known => known.Event).FirstOrDefault();
        var failing = known?.Snapshot.HealthReports.FirstOrDefault(report => report.Status != HealthStatus.Healthy)?.Description;
        return $"{dependency.Name} is {(known is null ? KnownResourceStates.NotStarted : Describe(known))}{(failing is null ? "" : $" ({failing})")}";
    }

    private void TellTable()
    {
        var rows = _known.Values.Select(known => (
            Name: DisplayName(known.Event),
            State: Describe(known.Event),
            Urls: string.Join("  ", known.Event.Snapshot.Urls.Where(url => !url.IsInternal && !url.IsInactive).Select(url => url.Url)))).ToList();
        var (name, state) = (rows.Max(row => row.Name.Length), rows.Max(row => row.State.Length));
        var table = string.Join(Environment.NewLine, rows.Select(row => $"  {row.Name.PadRight(name)}  {row.State.PadRight(state)}  {row.Urls}".TrimEnd()));
        LogTable(log, table);
        if (configuration["ASPNETCORE_URLS"]?.Split(';')[0] is { } dashboard && configuration["AppHost:BrowserToken"] is { Length: > 0 } token)
        {
            LogLogin(log, $"{dashboard}/login?t={token}");
        }
    }

    private bool IsHealthy(IResource resource)
    {
        if (resource is not (ExecutableResource or ProjectResource or ContainerResource) || _hidden.Contains(resource)
            || resource.Annotations.OfType<ExplicitStartupAnnotation>().Any())
        {
            return true;
        }

        var instances = _known.Values.Where(known => known.Event.Resource == resource).ToList();
        return instances.Count == Replicas(resource) && instances.TrueForAll(known => Describe(known.Event) == "Healthy");
    }

    private static string Describe(ResourceEvent change)
    {
        var state = change.Snapshot.State?.Text ?? KnownResourceStates.NotStarted;
        return (state, change.Snapshot.HealthStatus, change.Snapshot.ExitCode) switch
        {
            ("Running", HealthStatus.Healthy, _) => "Healthy",
            ("Running", _, _) => "Running, not healthy yet",
            ("Waiting", _, _) => $"Waiting for {string.Join(", ", Dependencies(change.Resource).Select(dependency => dependency.Name).Distinct())}",
            (_, _, { } exitCode) when KnownResourceStates.TerminalStates.Contains(state) => $"{state} (exit code {exitCode})",
            _ => state,
        };
    }

    private static bool HasFailed(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text == KnownResourceStates.FailedToStart
        || (KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text ?? "") && snapshot.ExitCode is not (null or 0));

    private static string DisplayName(ResourceEvent change) => Replicas(change.Resource) > 1 ? change.ResourceId : change.Resource.Name;

    private static int Replicas(IResource resource) => resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    private static IEnumerable<IResource> Dependencies(IResource resource) => resource.Annotations.OfType<WaitAnnotation>()
        .Select(wait => wait.Resource is IResourceWithParent child ? child.Parent : wait.Resource);

    [LoggerMessage(LogLevel.Information, "{Resource}  {State}")]
    private static partial void LogState(ILogger logger, string resource, string state);

    [LoggerMessage(LogLevel.Error, "{Resource} | {Line}")]
    private static partial void LogLine(ILogger logger, string resource, string line);

    [LoggerMessage(LogLevel.Warning, "{Resource} has been waiting for {Seconds} s: {Reasons}")]
    private static partial void LogWaits(ILogger logger, string resource, int seconds, string reasons);

    [LoggerMessage(LogLevel.Information, "Everything is healthy.\n{Table}")]
    private static partial void LogTable(ILogger logger, string table);

    [LoggerMessage(LogLevel.Information, "Login to the dashboard at {Url}")]
    private static partial void LogLogin(ILogger logger, string url);
}
