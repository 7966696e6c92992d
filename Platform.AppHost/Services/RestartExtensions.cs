using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.AppHost.Services;

/// <summary>Processes that are started again when they die.</summary>
internal static partial class RestartExtensions
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Starts the process again when it ends by itself, after 1, 2, 4 ... at most 30 seconds; after a minute of running the pauses
    /// start anew. A process that was stopped on request stays stopped.
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
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Platform.AppHost");
        var notifications = services.GetRequiredService<ResourceNotificationService>();
        var commands = services.GetRequiredService<ResourceCommandService>();
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var state = "";
        var pause = ShortestPause;
        var runningSince = DateTimeOffset.MaxValue;
        try
        {
            await foreach (var change in notifications.WatchAsync(stopping))
            {
                if (change.Resource != resource || change.Snapshot.State?.Text is not { } next || next == state)
                {
                    continue;
                }

                // On request a process goes from Running to Stopping first.
                var died = state == KnownResourceStates.Running && KnownResourceStates.TerminalStates.Contains(next);
                state = next;
                if (next == KnownResourceStates.Running)
                {
                    runningSince = TimeProvider.System.GetUtcNow();
                }

                if (!died)
                {
                    continue;
                }

                pause = TimeProvider.System.GetUtcNow() - runningSince > Settled ? ShortestPause : pause;
                LogRestart(log, resource.Name, change.Snapshot.ExitCode, pause.TotalSeconds);
                do
                {
                    await Task.Delay(pause, stopping);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                    var result = await commands.ExecuteCommandAsync(change.ResourceId, "start", stopping);
                    if (result.Success)
                    {
                        break;
                    }

                    LogRestartFailed(log, resource.Name, result.Message ?? "the command was refused", pause.TotalSeconds);
                }
                // Somebody else may have started it meanwhile.
                while (notifications.TryGetCurrentState(change.ResourceId, out var now)
                    && KnownResourceStates.TerminalStates.Contains(now.Snapshot.State?.Text ?? ""));
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
}
