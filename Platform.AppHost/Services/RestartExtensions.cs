using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.AppHost.Services;

/// <summary>Processes that are started again when they die.</summary>
internal static partial class RestartExtensions
{
    /// <summary>The state of a process that has died, until it is started again.</summary>
    public const string Restarting = nameof(Restarting);

    private const string Restarts = "restarts";
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Starts the process again when it ends by itself, after 1, 2, 4 ... at most 30 seconds; after a minute of running the pauses
    /// start anew. A process that was stopped on request stays stopped. Each replica is looked after by itself.
    /// </summary>
    public static IResourceBuilder<T> WithRestart<T>(this IResourceBuilder<T> process) where T : IResource
    {
        process.ApplicationBuilder.Eventing.Subscribe<BeforeStartEvent>((starting, cancellationToken) =>
        {
            // Runs beside the application until it stops.
            _ = KeepRunningAsync(process.Resource, starting.Services);
            return Task.CompletedTask;
        });
        return process;
    }

    private static async Task KeepRunningAsync(IResource resource, IServiceProvider services)
    {
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        Dictionary<string, Instance> instances = [];
        try
        {
            await foreach (var change in services.GetRequiredService<ResourceNotificationService>().WatchAsync(stopping))
            {
                if (change.Resource == resource && change.Snapshot.State?.Text is { } state)
                {
                    if (!instances.TryGetValue(change.ResourceId, out var instance))
                    {
                        instances[change.ResourceId] = instance = new Instance(resource, change.ResourceId, services);
                    }

                    instance.Observe(state, change.Snapshot.ExitCode, stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The AppHost is stopping, and its processes with it.
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Resource} ended by itself (exit code {ExitCode}); starting it again in {Seconds} s")]
    private static partial void LogRestart(ILogger logger, string resource, int? exitCode, double seconds);

    [LoggerMessage(LogLevel.Error, "{Resource} could not be started again ({Reason}); trying once more in {Seconds} s")]
    private static partial void LogRestartFailed(ILogger logger, string resource, string reason, double seconds);

    /// <summary>One process: the resource, or one of its replicas.</summary>
    private sealed class Instance(IResource resource, string id, IServiceProvider services)
    {
        private readonly ILogger _log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Platform.AppHost");
        private readonly ResourceNotificationService _notifications = services.GetRequiredService<ResourceNotificationService>();
        private readonly ResourceCommandService _commands = services.GetRequiredService<ResourceCommandService>();
        private string _state = "";
        private TimeSpan _pause = ShortestPause;
        private DateTimeOffset _runningSince = DateTimeOffset.MaxValue;
        private int _restarts;

        public void Observe(string state, int? exitCode, CancellationToken stopping)
        {
            if (state == _state)
            {
                return;
            }

            // On request a process goes from Running to Stopping first.
            var died = _state == KnownResourceStates.Running && KnownResourceStates.TerminalStates.Contains(state);
            _state = state;
            if (state == KnownResourceStates.Running)
            {
                _runningSince = TimeProvider.System.GetUtcNow();
            }

            if (died)
            {
                // Other replicas are watched meanwhile.
                _ = StartAgainAsync(exitCode, stopping);
            }
        }

        private async Task StartAgainAsync(int? exitCode, CancellationToken stopping)
        {
            try
            {
                _pause = TimeProvider.System.GetUtcNow() - _runningSince > Settled ? ShortestPause : _pause;
                LogRestart(_log, id, exitCode, _pause.TotalSeconds);
                while (HasEnded())
                {
                    await ShowAsync(new(Restarting, KnownResourceStateStyles.Warn));
                    await Task.Delay(_pause, stopping);
                    _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
                    _restarts++;
                    var result = await _commands.ExecuteCommandAsync(id, KnownResourceCommands.StartCommand, stopping);
                    if (result.Success)
                    {
                        return;
                    }

                    LogRestartFailed(_log, id, result.Message ?? "the command was refused", _pause.TotalSeconds);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // The AppHost is stopping.
            }
        }

        /// <summary>Somebody else may have started it meanwhile.</summary>
        private bool HasEnded() => _notifications.TryGetCurrentState(id, out var now)
            && now.Snapshot.State?.Text is { } state && (state == Restarting || KnownResourceStates.TerminalStates.Contains(state));

        /// <summary>The dashboard shows that it is about to start again, and how often it had to.</summary>
        private Task ShowAsync(ResourceStateSnapshot state) => _notifications.PublishUpdateAsync(resource, id, known => known with
        {
            State = state,
            Properties = [.. known.Properties.Where(property => property.Name != Restarts), new ResourcePropertySnapshot(Restarts, _restarts)],
        });
    }
}
