using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.AppHost.Console;

/// <summary>
/// The console of every resource: a file each, begun anew at every run, for who has no browser at hand, and the last lines in memory.
/// </summary>
/// <remarks>
/// A resource with replicas has a file for each: <c>api-1.log</c>, <c>api-2.log</c>. What is longer than 20 MB moves to
/// <c>api-1.earlier.log</c>, whose place it takes.
/// </remarks>
internal sealed partial class ResourceConsoles(
    string folder, ResourceNotificationService notifications, ResourceLoggerService loggers, ILogger<ResourceConsoles> log) : BackgroundService
{
    private const int LastLines = 10;
    private const long LongestFile = 20 * 1024 * 1024;

    private readonly Dictionary<string, Queue<string>> _last = [];

    /// <summary>The last lines, without stack traces: most programs say there why they end.</summary>
    public string[] Last(string resourceId)
    {
        lock (_last)
        {
            return _last.TryGetValue(resourceId, out var lines) ? [.. lines] : [];
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var earlier in Directory.EnumerateFiles(folder, "*.log"))
            {
                File.Delete(earlier);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(log, folder, exception.Message);
        }

        Dictionary<string, Task> copies = [];
        Dictionary<string, int> instances = [];
        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (change.Runs() && !copies.ContainsKey(change.ResourceId))
                {
                    var number = instances[change.Resource.Name] = instances.GetValueOrDefault(change.Resource.Name) + 1;
                    var name = change.Resource.Replicas() > 1 ? $"{change.Resource.Name}-{number}" : change.Resource.Name;
                    copies[change.ResourceId] = CopyAsync(change.ResourceId, Path.Combine(folder, name + ".log"), stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(copies.Values);
        }
    }

    private async Task CopyAsync(string resourceId, string path, CancellationToken cancellationToken)
    {
        FileStream? file = null;
        var writes = true;
        try
        {
            await foreach (var lines in loggers.WatchAsync(resourceId).WithCancellation(cancellationToken))
            {
                foreach (var line in lines)
                {
                    Remember(resourceId, line.Content);
                }

                try
                {
                    if (writes)
                    {
                        file ??= Open(path);
                        var text = string.Concat(lines.Select(line => line.Content + Environment.NewLine));
                        await file.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
                    }

                    if (file?.Length > LongestFile)
                    {
                        await file.DisposeAsync();
                        file = null;
                        File.Move(path, Path.ChangeExtension(path, ".earlier.log"), overwrite: true);
                    }
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    // A full disk: what is missing in the file is on the dashboard.
                    LogNotWritten(log, path, exception.Message);
                    writes = false;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The AppHost is stopping.
        }
        finally
        {
            await (file?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    // Without a buffer: what is written is there to be read.
    private static FileStream Open(string path) =>
        new(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private void Remember(string resourceId, string line)
    {
        // Lines begin with the time that Aspire gives them: 2026-11-24T18:12:40.5275068Z Waiting ...
        var end = line.StartsWith("20", StringComparison.Ordinal) ? line.IndexOf(' ', StringComparison.Ordinal) : -1;
        var text = line[(end + 1)..];
        lock (_last)
        {
            if (!_last.TryGetValue(resourceId, out var lines))
            {
                _last[resourceId] = lines = new(LastLines);
            }

            if (text.StartsWith("[sys] Starting", StringComparison.Ordinal))
            {
                // What follows is of the next process.
                lines.Clear();
            }

            if (text.StartsWith("   at ", StringComparison.Ordinal) || text.StartsWith("[sys]", StringComparison.Ordinal))
            {
                return;
            }

            if (lines.Count == LastLines)
            {
                lines.Dequeue();
            }

            lines.Enqueue(Colour().Replace(text, ""));
        }
    }

    [GeneratedRegex(@"\e\[[0-9;]*m")]
    private static partial Regex Colour();

    [LoggerMessage(LogLevel.Warning, "{Path} cannot be written: {Reason}")]
    private static partial void LogNotWritten(ILogger logger, string path, string reason);
}
