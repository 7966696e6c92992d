// Stands in for the package Aspire.Hosting 13.5.4.

using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Dcp;

/// <summary>The console of every resource: a file each, begun anew at every run, and its last lines in memory.</summary>
internal sealed class ResourceLogs(IConfiguration configuration) : IDisposable
{
    private const int LastLines = 30;

    private readonly ConcurrentDictionary<string, Log> _logs = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Where the files are: beside the tools unless <c>AspireLogsPath</c> says otherwise; null for no files.</summary>
    public string? Folder { get; } = (configuration["AspireLogsPath"], configuration["AspireToolsPath"]) switch
    {
        ("", _) => null,
        ({ } logs, _) => Path.GetFullPath(logs),
        (_, { } tools) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(tools))!, "logs"),
        _ => null,
    };

    public void Write(string resource, string line) => _logs.GetOrAdd(resource, name => new Log(Folder, name)).Write(line);

    public string[] Last(string resource) => _logs.TryGetValue(resource, out var log) ? log.Last() : [];

    public void Dispose()
    {
        foreach (var log in _logs.Values)
        {
            log.Dispose();
        }
    }

    private sealed class Log : IDisposable
    {
        private readonly Lock _gate = new();
        private readonly Queue<string> _last = new(LastLines);
        private readonly StreamWriter? _file;

        public Log(string? folder, string resource)
        {
            if (folder is not null)
            {
                Directory.CreateDirectory(folder);
                _file = new StreamWriter(new FileStream(Path.Combine(folder, resource + ".log"), FileMode.Create, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
            }
        }

        public void Write(string line)
        {
            lock (_gate)
            {
                if (_last.Count == LastLines)
                {
                    _last.Dequeue();
                }

                _last.Enqueue(line);
                _file?.WriteLine(line);
            }
        }

        public string[] Last()
        {
            lock (_gate)
            {
                return [.. _last];
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _file?.Dispose();
            }
        }
    }
}
