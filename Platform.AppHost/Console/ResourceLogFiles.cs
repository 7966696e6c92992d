using Microsoft.Extensions.Hosting;

namespace Platform.AppHost.Console;

/// <summary>The console of every resource as a file, begun anew at every run: for who has no browser at hand.</summary>
/// <remarks>A resource with replicas has a file for each: <c>api-1.log</c>, <c>api-2.log</c>.</remarks>
internal sealed class ResourceLogFiles(string folder, ResourceNotificationService notifications, ResourceLoggerService consoles) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Directory.CreateDirectory(folder);
        foreach (var earlier in Directory.EnumerateFiles(folder, "*.log"))
        {
            File.Delete(earlier);
        }

        Dictionary<string, Task> copies = [];
        Dictionary<string, int> instances = [];
        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (change.Resource is (ExecutableResource or ProjectResource or ContainerResource)
                    && !string.IsNullOrEmpty(change.Snapshot.State?.Text) && !change.Snapshot.IsHidden && !copies.ContainsKey(change.ResourceId))
                {
                    var number = instances[change.Resource.Name] = instances.GetValueOrDefault(change.Resource.Name) + 1;
                    var replicas = change.Resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;
                    var name = replicas > 1 ? $"{change.Resource.Name}-{number}" : change.Resource.Name;
                    copies[change.ResourceId] = CopyAsync(change.ResourceId, Path.Combine(folder, name + ".log"), stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(copies.Values);
        }
    }

    private async Task CopyAsync(string resource, string path, CancellationToken cancellationToken)
    {
        var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        await using var writer = new StreamWriter(file);
        try
        {
            await foreach (var lines in consoles.WatchAsync(resource).WithCancellation(cancellationToken))
            {
                foreach (var line in lines)
                {
                    await writer.WriteLineAsync(line.Content);
                }

                await writer.FlushAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The AppHost is stopping.
        }
    }
}
