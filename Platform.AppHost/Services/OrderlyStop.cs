using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Platform.AppHost.Services;

/// <summary>
/// Stops the processes in the reverse of the order in which they started: nothing loses what it needs while it still answers, and the last
/// telemetry goes out while the dashboard is there. By itself, the orchestrator stops everything at once.
/// </summary>
internal sealed class OrderlyStop(
    DistributedApplicationModel model, ResourceNotificationService notifications, ResourceCommandService commands) : IHostedService
{
    // The orchestrator kills what does not listen within six seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var remaining = model.Resources.Where(CanBeStopped).ToList();
        while (remaining.Count > 0)
        {
            var needed = remaining.SelectMany(resource => resource.Dependencies()).ToHashSet();
            var free = remaining.Where(resource => !needed.Contains(resource)).ToList();
            // Those that wait for one another in a circle never started.
            free = free.Count > 0 ? free : [.. remaining];
            await Task.WhenAll(free.Select(resource => StopAsync(resource, cancellationToken)));
            remaining.RemoveAll(free.Contains);
        }
    }

    private async Task StopAsync(IResource resource, CancellationToken cancellationToken)
    {
        var stopped = await commands.ExecuteCommandAsync(resource, KnownResourceCommands.StopCommand, cancellationToken);
        if (!stopped.Success)
        {
            // It was not running.
            return;
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        HashSet<string> ended = [];
        try
        {
            await foreach (var change in notifications.WatchAsync(timeout.Token))
            {
                if (change.Resource == resource && HasEnded(change.Snapshot.State?.Text)
                    && ended.Add(change.ResourceId) && ended.Count == resource.Replicas())
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            // The orchestrator ends what is left.
        }
    }

    private static bool HasEnded(string? state) => state == RestartExtensions.Restarting || KnownResourceStates.TerminalStates.Contains(state);

    /// <summary>Not so the dashboard, and what only starts when it is told to.</summary>
    private static bool CanBeStopped(IResource resource) => resource is ExecutableResource or ProjectResource
        && !resource.Annotations.OfType<ExplicitStartupAnnotation>().Any()
        && resource.Annotations.OfType<ResourceCommandAnnotation>().Any(command => command.Name == KnownResourceCommands.StopCommand);
}

internal static class OrderlyStopExtensions
{
    /// <summary>Adds it after the orchestrator, which is stopped after it.</summary>
    public static IDistributedApplicationBuilder AddOrderlyStop(this IDistributedApplicationBuilder builder)
    {
        builder.Services.AddHostedService<OrderlyStop>();
        return builder;
    }
}
