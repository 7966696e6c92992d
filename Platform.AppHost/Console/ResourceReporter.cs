using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.AppHost.Console;

/// <summary>Tells on the console what becomes of the resources that run.</summary>
internal sealed partial class ResourceReporter(
    ResourceNotificationService notifications, ResourceConsoles consoles, IConfiguration configuration, TimeProvider time,
    ILogger<ResourceReporter> log) : BackgroundService
{
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(300);

    // What is killed has no last words: the orchestrator's code for a signal, and a shell's for SIGKILL and SIGTERM.
    private static readonly int[] Killed = [-1, 128 + 9, 128 + 15];

    private const string Healthy = "Healthy";

    private readonly SortedDictionary<string, Known> _known = new(StringComparer.Ordinal);
    private bool _complete;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(TellChangesAsync(stoppingToken), RemindOfWaitsAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The AppHost is stopping, and there is nothing more to tell.
        }
    }

    private async Task TellChangesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in notifications.WatchAsync(cancellationToken))
        {
            bool failed;
            lock (_known)
            {
                failed = change.Runs() && Tell(change);
            }

            if (failed)
            {
                // Its last lines may still be under way.
                await Task.Delay(LastWords, time, cancellationToken);
                foreach (var line in consoles.Last(change.ResourceId))
                {
                    LogLine(log, DisplayName(change), line);
                }
            }
        }
    }

    private async Task RemindOfWaitsAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LongWait / 10, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            lock (_known)
            {
                RemindOfWaits();
            }
        }
    }

    /// <summary>Whether it is news that the resource has failed.</summary>
    private bool Tell(ResourceEvent change)
    {
        var text = Describe(change);
        var before = _known.GetValueOrDefault(change.ResourceId);
        if (before?.Text == text)
        {
            _known[change.ResourceId] = before with { Event = change };
            return false;
        }

        _known[change.ResourceId] = new(change, text, time.GetUtcNow());
        LogState(log, DisplayName(change).PadRight(_known.Values.Max(known => DisplayName(known.Event).Length)), text);
        if (!_complete && _known.Values.All(known => IsHealthy(known.Event.Resource)))
        {
            _complete = true;
            TellTable();
        }

        // On its way to a new start a process is shown as ended once more.
        return HasFailed(change.Snapshot) && before?.Text != KnownResourceStates.Stopping && before?.Text != RestartExtensions.Restarting;
    }

    private void RemindOfWaits()
    {
        var now = time.GetUtcNow();
        foreach (var (id, known) in _known.Where(known => known.Value.Event.Snapshot.State?.Text == KnownResourceStates.Waiting).ToList())
        {
            if (now - (known.Reminded ?? known.Since) >= LongWait)
            {
                _known[id] = known with { Reminded = now };
                var reasons = known.Event.Resource.Dependencies().Where(dependency => !IsHealthy(dependency)).Select(Reason).Distinct();
                LogWaits(log, DisplayName(known.Event), (int)(now - known.Since).TotalSeconds, string.Join("; ", reasons));
            }
        }
    }

    private string Reason(IResource dependency)
    {
        var known = _known.Values.FirstOrDefault(known => known.Event.Resource == dependency && known.Text != Healthy);
        var failing = known?.Event.Snapshot.HealthReports.FirstOrDefault(report => report.Status != HealthStatus.Healthy)?.Description;
        return $"{dependency.Name} is {known?.Text ?? KnownResourceStates.NotStarted}{(failing is null ? "" : $" ({failing})")}";
    }

    private void TellTable()
    {
        var rows = _known.Values.Select(known => (
            Name: DisplayName(known.Event),
            known.Text,
            Urls: string.Join("  ", known.Event.Snapshot.Urls.Where(url => !url.IsInternal && !url.IsInactive).Select(url => url.Url)))).ToList();
        var (name, state) = (rows.Max(row => row.Name.Length), rows.Max(row => row.Text.Length));
        var table = rows.Select(row => $"  {row.Name.PadRight(name)}  {row.Text.PadRight(state)}  {row.Urls}".TrimEnd());
        LogTable(log, string.Join(Environment.NewLine, table));
        if (configuration["ASPNETCORE_URLS"]?.Split(';')[0] is { } dashboard && configuration["AppHost:BrowserToken"] is { Length: > 0 } token)
        {
            LogLogin(log, $"{dashboard}/login?t={token}");
        }
    }

    private bool IsHealthy(IResource resource)
    {
        var instances = _known.Values.Where(known => known.Event.Resource == resource).ToList();
        return instances.Count == resource.Replicas() && instances.TrueForAll(known => known.Text == Healthy || HasDoneItsWork(known));
    }

    private static string Describe(ResourceEvent change)
    {
        var state = change.Snapshot.State!.Text;
        return (state, change.Snapshot.HealthStatus, change.Snapshot.ExitCode) switch
        {
            ("Running", HealthStatus.Healthy, _) => Healthy,
            ("Running", _, _) => "Running, not healthy yet",
            ("Waiting", _, _) => $"Waiting for {string.Join(", ", change.Resource.Dependencies().Select(dependency => dependency.Name).Distinct())}",
            (_, _, { } exitCode) when KnownResourceStates.TerminalStates.Contains(state) => $"{state} (exit code {exitCode})",
            _ => state,
        };
    }

    /// <summary>What is waited for until it ends is as it should be when it has.</summary>
    private bool HasDoneItsWork(Known ended) =>
        ended.Event.Snapshot.ExitCode == 0 && KnownResourceStates.TerminalStates.Contains(ended.Event.Snapshot.State?.Text)
        && _known.Values.SelectMany(known => known.Event.Resource.Annotations.OfType<WaitAnnotation>())
            .Any(wait => wait.Resource == ended.Event.Resource && wait.WaitType == WaitType.WaitForCompletion);

    private static bool HasFailed(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text == KnownResourceStates.FailedToStart
        || (KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text ?? "")
            && snapshot.ExitCode is { } exitCode && exitCode != 0 && !Killed.Contains(exitCode));

    private static string DisplayName(ResourceEvent change) => change.Resource.Replicas() > 1 ? change.ResourceId : change.Resource.Name;

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

    private sealed record Known(ResourceEvent Event, string Text, DateTimeOffset Since, DateTimeOffset? Reminded = null);
}
