using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Logging;

/// <summary>
/// The access log as a file of JSON lines, written in the background. A full queue or disk costs lines, which are counted in
/// <c>edge_access_log_dropped_total</c>, and never a request.
/// </summary>
internal sealed partial class AccessLogFile : BackgroundService
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromSeconds(5);

    /// <summary>How long an entry waits for others, so that a busy edge does not wake a thread and write to the disk for each.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);

    private readonly AccessLogOptions _options;
    private readonly ILogger<AccessLogFile> _logger;
    private readonly Channel<AccessLogEntry> _queue;
    private readonly Counter<long> _dropped;
    private int _unwritten;

    public AccessLogFile(IOptions<AccessLogOptions> options, IMeterFactory meters, ILogger<AccessLogFile> logger)
    {
        _options = options.Value;
        _logger = logger;
        _dropped = meters.Create(Telemetry.MeterName).CreateCounter<long>(
            "edge_access_log_dropped_total", description: "Lines that are missing in the access log's file.");
        _dropped.Add(0);
        _queue = Channel.CreateBounded<AccessLogEntry>(
            new BoundedChannelOptions(_options.Queue) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite },
            _ => _dropped.Add(1));
    }

    /// <summary>Whether a file is configured.</summary>
    public bool IsOpen => !string.IsNullOrEmpty(_options.Path);

    /// <summary>Puts the entry in the queue, without waiting.</summary>
    public void Add(in AccessLogEntry entry)
    {
        if (IsOpen)
        {
            _queue.Writer.TryWrite(entry);
        }
    }

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        // What is in the queue by now is still written; then the loop ends by itself.
        _queue.Writer.TryComplete();
        return base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!IsOpen)
        {
            return;
        }

        while (await WaitAsync(stoppingToken))
        {
            try
            {
                await WriteAsync(_options.Path!, stoppingToken);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                LogFailed(_options.Path!, exception);
                _dropped.Add(_unwritten);
                _unwritten = 0;
                // The queue holds what comes meanwhile, up to its limit. A service that ends has no time to wait for a disk.
                await Task.Delay(PauseAfterError, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                while (stoppingToken.IsCancellationRequested && _queue.Reader.TryRead(out _))
                {
                    _dropped.Add(1);
                }
            }
        }
    }

    /// <summary>Waits for entries; false when the queue has ended.</summary>
    private async Task<bool> WaitAsync(CancellationToken stoppingToken)
    {
        if (!await _queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            return false;
        }

        await Task.Delay(Gathering, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return true;
    }

    /// <summary>Writes into the current file until it is full or the queue has ended.</summary>
    private async Task WriteAsync(string path, CancellationToken stoppingToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete, 64 * 1024);
        var line = new ArrayBufferWriter<byte>();
        await using var json = new Utf8JsonWriter(line);
        while (file.Length < _options.FileSize)
        {
            var size = file.Length;
            while (size < _options.FileSize && _queue.Reader.TryRead(out var entry))
            {
                JsonSerializer.Serialize(json, entry, AccessLogJson.Default.AccessLogEntry);
                line.Write("\n"u8);
                file.Write(line.WrittenSpan);
                size += line.WrittenCount;
                line.ResetWrittenCount();
                json.Reset();
                _unwritten++;
            }

            await file.FlushAsync(CancellationToken.None);
            _unwritten = 0;
            if (size < _options.FileSize && !await WaitAsync(stoppingToken))
            {
                return;
            }
        }

        await file.DisposeAsync();
        PutAside(path);
    }

    private void PutAside(string path)
    {
        if (_options.KeptFiles == 0)
        {
            File.Delete(path);
            return;
        }

        for (var number = _options.KeptFiles - 1; number >= 1; number--)
        {
            if (File.Exists($"{path}.{number}"))
            {
                File.Move($"{path}.{number}", $"{path}.{number + 1}", overwrite: true);
            }
        }

        File.Move(path, $"{path}.1", overwrite: true);
    }

    [LoggerMessage(LogLevel.Error, "The access log cannot be written to {Path}; lines will be missing", EventName = "AccessLogNotWritten")]
    private partial void LogFailed(string path, Exception exception);
}
