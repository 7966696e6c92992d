using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.AppHost.Services;

/// <summary>Processes that are started again when they die.</summary>
internal static partial class RestartExtensions
{
    /// <summary>The state of a process that has died, until it is started again.</summary>
    public const string Restarting = nameof(Restarting);

    /// <summary>The property that counts how often a process was started again.</summary>
    public const string Restarts = "restarts";

    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    /// <summary>Who cannot run without something that is away, PostgreSQL without room on its disk, is back within 30 s of it.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Starts the process again when it ends by itself, after 1, 2, 4 ... at most 20 seconds; after a minute of running the pauses
    /// start anew. A process that was stopped on request stays stopped. Each replica is looked after by itself.
    /// </summary>
    public static IResourceBuilder<T> WithRestart<T>(this IResourceBuilder<T> process) where T : IResource
    {
        var services = process.ApplicationBuilder.Services;
        // Who waits for it goes on waiting while it is started again; by itself, Aspire gives up when a dependency ends.
        services.PostConfigure<ResourceNotificationServiceOptions>(options => options.DefaultWaitBehavior = WaitBehavior.WaitOnResourceUnavailable);
        // First of all: the orchestrator's own service comes back only when everything is on its way, and some of it may have ended by then.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(provider =>
            ActivatorUtilities.CreateInstance<Restarter>(provider, (IResourceBuilder<IResource>)process)));
        return process;
    }

    /// <summary>Watches the processes of one resource.</summary>
    private sealed partial class Restarter(
        IResourceBuilder<IResource> process, ResourceNotificationService notifications, ResourceCommandService commands, IHostApplicationLifetime lifetime,
        TimeProvider time, ILoggerFactory loggers)
        : BackgroundService
    {
        private IResource Resource => process.Resource;

        private readonly ILogger _log = loggers.CreateLogger("Platform.AppHost");

        /// <summary>How often each instance was stopped on request.</summary>
        private readonly ConcurrentDictionary<string, int> _stops = new();

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            // It is stopped after the orchestrator, since it was started before; and what that stops is not to be started again.
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
            await WatchAsync(stopping.Token);
        }

        private async Task WatchAsync(CancellationToken stoppingToken)
        {
            Dictionary<string, Task> instances = [];
            try
            {
                await foreach (var change in notifications.WatchAsync(stoppingToken))
                {
                    if (change.Resource == Resource && !instances.ContainsKey(change.ResourceId))
                    {
                        if (instances.Count == 0)
                        {
                            CountStops();
                        }

                        instances[change.ResourceId] = KeepRunningAsync(change.ResourceId, stoppingToken);
                    }
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // The AppHost is stopping, and its processes with it.
                await Task.WhenAll(instances.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        /// <summary>
        /// Whether somebody stops a process while it waits to be started again, only the command knows: the orchestrator tells of one end more
        /// than once, the last time when it has taken the process's endpoints away.
        /// </summary>
        private void CountStops()
        {
            var stop = Resource.Annotations.OfType<ResourceCommandAnnotation>()
                .Single(command => command.Name == KnownResourceCommands.StopCommand);
            process.WithCommand(
                stop.Name,
                stop.DisplayName,
                context =>
                {
                    _stops.AddOrUpdate(context.ResourceName, 1, (_, stops) => stops + 1);
                    return stop.ExecuteCommand(context);
                },
                new()
                {
                    Description = stop.DisplayDescription,
                    UpdateState = stop.UpdateState,
                    IconName = stop.IconName,
                    IconVariant = stop.IconVariant,
                    IsHighlighted = stop.IsHighlighted,
                });
        }

        private async Task KeepRunningAsync(string id, CancellationToken stopping)
        {
            var (before, pause, restarts) = ("", ShortestPause, 0);
            DateTimeOffset? runningSince = null;
            await foreach (var change in notifications.WatchAsync(stopping))
            {
                if (change.ResourceId != id || change.Snapshot.State?.Text is not { } state || state == before)
                {
                    continue;
                }

                // A process that ends at once may never have been seen running. On request it goes from Running to Stopping first.
                var died = before == KnownResourceStates.Running
                    || (before == KnownResourceStates.Starting && (state != KnownResourceStates.FailedToStart || restarts > 0));
                before = state;
                if (state == KnownResourceStates.Running)
                {
                    runningSince = time.GetUtcNow();
                }

                if (!died || !HasEnded(state) || !HasEnded(State(id)))
                {
                    continue;
                }

                pause = time.GetUtcNow() - runningSince > Settled ? ShortestPause : pause;
                runningSince = null;
                var stops = _stops.GetValueOrDefault(id);
                LogRestart(_log, id, change.Snapshot.ExitCode, pause.TotalSeconds);
                do
                {
                    await ShowAsync(id, restarts);
                    await Task.Delay(pause, time, stopping);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                }
                // Somebody may have started it, or stopped it, meanwhile.
                while (IsDown(State(id)) && stops == _stops.GetValueOrDefault(id) && !await StartAsync(id, ++restarts, pause, stopping));
            }
        }

        private async Task<bool> StartAsync(string id, int restarts, TimeSpan pause, CancellationToken stopping)
        {
            await ShowAsync(id, restarts);
            var result = await commands.ExecuteCommandAsync(id, KnownResourceCommands.StartCommand, stopping);
            if (!result.Success)
            {
                LogRestartFailed(_log, id, result.Message ?? "the command was refused", pause.TotalSeconds);
            }

            return result.Success;
        }

        /// <summary>The dashboard shows that it is about to start again, and how often it had to.</summary>
        private Task ShowAsync(string id, int restarts) => notifications.PublishUpdateAsync(Resource, id, known =>
            IsDown(known.State?.Text)
                ? known with
                {
                    State = new(Restarting, KnownResourceStateStyles.Warn),
                    Properties = [.. known.Properties.Where(property => property.Name != Restarts), new ResourcePropertySnapshot(Restarts, restarts)],
                }
                : known);

        private string? State(string id) => notifications.TryGetCurrentState(id, out var now) ? now.Snapshot.State?.Text : null;

        private static bool HasEnded(string? state) => KnownResourceStates.TerminalStates.Contains(state);

        private static bool IsDown(string? state) => state == Restarting || HasEnded(state);

        [LoggerMessage(LogLevel.Warning, "{Resource} ended by itself (exit code {ExitCode}); starting it again in {Seconds} s")]
        private static partial void LogRestart(ILogger logger, string resource, int? exitCode, double seconds);

        [LoggerMessage(LogLevel.Error, "{Resource} could not be started again ({Reason}); trying once more in {Seconds} s")]
        private static partial void LogRestartFailed(ILogger logger, string resource, string reason, double seconds);
    }
}
