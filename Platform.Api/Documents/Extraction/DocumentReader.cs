using System.Diagnostics;
using Platform.Api.Documents.Extraction.Worker;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Documents.Extraction;

/// <summary>
/// Reads documents in child processes with limits, so that a hostile one costs its own task and nothing else. A process serves one document
/// after the other; one that fails in any way is not used again.
/// </summary>
internal sealed partial class DocumentReader : IAsyncDisposable
{
    private readonly ExtractionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<DocumentReader> _logger;
    private readonly SemaphoreSlim _free;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _sweep;

    /// <summary>The idle ones, the last used on top. Also the lock.</summary>
    private readonly Stack<(WorkerProcess Worker, long Since)> _idle = [];

    public DocumentReader(ExtractionOptions options, TimeProvider time, ILogger<DocumentReader> logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _free = new(options.Workers, options.Workers);
        var idle = TimeSpan.FromSeconds(options.IdleSeconds);
        _sweep = time.CreateTimer(_ => EndIdle(idle, kept: 1), null, idle / 2, idle / 2);
    }

    /// <summary>Reads the file; waits for a free worker first.</summary>
    /// <param name="path">A file of this machine.</param>
    /// <param name="extension">Which says what the file is, with its dot, in lower case.</param>
    /// <exception cref="UnreadableDocumentException">It cannot be read.</exception>
    /// <exception cref="ServiceUnavailableException">No worker could be started, or one was killed from outside: try again.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public async Task<DocumentContent> ReadAsync(string path, string extension, CancellationToken cancellationToken)
    {
        path = Path.GetFullPath(path);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException("The document to read is not there.", path);
        }

        using var activity = Telemetry.Source.StartActivity("document.extract");
        activity?.SetTag("document.extension", extension);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        var outcome = "failed";
        await _free.WaitAsync(ending.Token);
        try
        {
            var content = await ReadAsync(new ExtractionRequest(path, extension, _options.OcrLanguages), ending.Token);
            outcome = "read";
            return content;
        }
        catch (UnreadableDocumentException)
        {
            outcome = "unreadable";
            throw;
        }
        finally
        {
            activity?.SetTag("outcome", outcome);
            if (outcome == "failed")
            {
                activity?.SetStatus(ActivityStatusCode.Error);
            }

            _free.Release();
        }
    }

    /// <summary>Starts a worker, so that the first document does not wait for one. One is kept from then on.</summary>
    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        await _free.WaitAsync(ending.Token);
        try
        {
            var worker = TakeIdle() ?? await StartAsync(ending.Token);
            if (!GiveBack(worker))
            {
                await worker.DisposeAsync();
            }
        }
        catch (ServiceUnavailableException)
        {
            // The log has it; the first document tries again.
        }
        finally
        {
            _free.Release();
        }
    }

    private async Task<DocumentContent> ReadAsync(ExtractionRequest request, CancellationToken cancellationToken)
    {
        var worker = TakeIdle() ?? await StartAsync(cancellationToken);
        var isUsable = false;
        try
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(_options.TimeoutSeconds), _time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
            try
            {
                var answer = await worker.AskAsync(request, limit.Token);
                if (answer is null)
                {
                    throw await ExplainAsync(worker, request.Extension);
                }

                isUsable = !answer.IsLast;
                return answer.Content ?? throw new UnreadableDocumentException(answer.Unreadable ?? "The file cannot be read.");
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                LogTooLong(request.Extension, _options.TimeoutSeconds);
                throw new UnreadableDocumentException($"The file took longer than {_options.TimeoutSeconds} s to read.");
            }
        }
        finally
        {
            if (!isUsable || !GiveBack(worker))
            {
                await worker.DisposeAsync();
            }
        }
    }

    /// <summary>A worker that has shown that it serves.</summary>
    private async Task<WorkerProcess> StartAsync(CancellationToken cancellationToken)
    {
        var worker = WorkerProcess.Start(_options.MemoryMegabytes);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(WorkerProcess.StartTimeout);
            if (await worker.IsReadyAsync(limit.Token))
            {
                return worker;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Too slow is as good as not at all.
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }

        LogNotStarted(worker.FirstWords);
        await worker.DisposeAsync();
        throw new ServiceUnavailableException(WorkerProcess.Dependency, WorkerProcess.RetryAfter);
    }

    /// <summary>Why the worker ended in the middle of a document.</summary>
    private async Task<Exception> ExplainAsync(WorkerProcess worker, string extension)
    {
        var exitCode = await worker.KillAsync();
        LogCrashed(extension, exitCode);
        return worker switch
        {
            { WasKilled: true } => new ServiceUnavailableException(WorkerProcess.Dependency, WorkerProcess.RetryAfter),
            { RanOutOfMemory: true } => new UnreadableDocumentException("The file needs more memory to read than a document may take."),
            { OverflowedItsStack: true } => new UnreadableDocumentException("The file is nested too deeply."),
            _ => new UnreadableDocumentException("The file is broken: the program that reads it ended unexpectedly."),
        };
    }

    private WorkerProcess? TakeIdle()
    {
        while (true)
        {
            WorkerProcess worker;
            lock (_idle)
            {
                if (_idle.Count == 0)
                {
                    return null;
                }

                worker = _idle.Pop().Worker;
            }

            if (!worker.HasExited)
            {
                return worker;
            }

            worker.Dispose();
        }
    }

    private bool GiveBack(WorkerProcess worker)
    {
        lock (_idle)
        {
            if (_stopping.IsCancellationRequested)
            {
                return false;
            }

            _idle.Push((worker, _time.GetTimestamp()));
            return true;
        }
    }

    /// <summary>Ends workers that have had nothing to do, but for so many that are kept.</summary>
    private void EndIdle(TimeSpan longerThan, int kept)
    {
        WorkerProcess[] ended;
        lock (_idle)
        {
            // The last used is on top.
            var isEnded = _idle.Select((idle, place) => (Idle: idle, IsEnded: place >= kept && _time.GetElapsedTime(idle.Since) >= longerThan)).ToArray();
            ended = [.. isEnded.Where(worker => worker.IsEnded).Select(worker => worker.Idle.Worker)];
            if (ended.Length == 0)
            {
                return;
            }

            _idle.Clear();
            foreach (var (idle, _) in isEnded.Where(worker => !worker.IsEnded).Reverse())
            {
                _idle.Push(idle);
            }
        }

        foreach (var worker in ended)
        {
            worker.Dispose();
        }
    }

    /// <summary>Ends the workers, those that are reading too.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _sweep.DisposeAsync();
        await _stopping.CancelAsync();
        // Whoever is reading gives its place back.
        for (var worker = 0; worker < _options.Workers; worker++)
        {
            await _free.WaitAsync();
        }

        EndIdle(TimeSpan.Zero, kept: 0);
        _stopping.Dispose();
        _free.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading a {Extension} was given up after {Seconds} s.", EventName = "DocumentReaderTimedOut")]
    private partial void LogTooLong(string extension, int seconds);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The worker ended with {ExitCode} while it read a {Extension}.", EventName = "DocumentReaderCrashed")]
    private partial void LogCrashed(string extension, int exitCode);

    [LoggerMessage(
        Level = LogLevel.Error, Message = "A worker that reads documents could not be started: {Reason}", EventName = "DocumentReaderNotStarted")]
    private partial void LogNotStarted(string reason);
}
