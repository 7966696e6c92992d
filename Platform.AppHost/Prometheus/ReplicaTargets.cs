using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Platform.AppHost.Prometheus;

/// <summary>
/// Tells Prometheus where each process of a service has its management port: the orchestrator gives every replica, and every new start,
/// another one, and what it listens on itself leads to any of them.
/// </summary>
internal sealed class ReplicaTargets(IResource service, string file, ResourceNotificationService notifications) : BackgroundService
{
    private readonly SortedDictionary<string, string> _ports = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.Delete(file);
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                // A process that has died stays a target, which is down, until it is started again.
                if (change.Resource == service
                    && change.Snapshot.EnvironmentVariables.SingleOrDefault(variable => variable.Name == "Management__Port")?.Value is { } port
                    && ushort.TryParse(port, out _)
                    && _ports.GetValueOrDefault(change.ResourceId) != port)
                {
                    _ports[change.ResourceId] = port;
                    await WriteAsync(stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The AppHost is stopping, and Prometheus with it.
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var targets = new[] { new { targets = _ports.Values.Select(port => $"localhost:{port}") } };
        var next = file + ".new";
        await File.WriteAllBytesAsync(next, JsonSerializer.SerializeToUtf8Bytes(targets), cancellationToken);
        File.Move(next, file, overwrite: true);
    }
}

internal static class ReplicaTargetsExtensions
{
    /// <summary>Keeps the file, as <c>file_sd_configs</c> reads it, in step with the processes of the service.</summary>
    public static void AddReplicaTargets(this IDistributedApplicationBuilder builder, IResource service, string file) =>
        // First of all: the orchestrator's own service comes back only when everything is on its way.
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(services =>
            ActivatorUtilities.CreateInstance<ReplicaTargets>(services, service, file)));
}
