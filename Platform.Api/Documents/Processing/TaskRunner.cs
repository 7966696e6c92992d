using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Database;
using Platform.Api.Documents.Extraction;
using Platform.Api.Documents.Extraction.Worker;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Documents.Processing;

/// <summary>Takes tasks from the queue and works on a few at a time, woken by PostgreSQL when there are new ones.</summary>
internal sealed partial class TaskRunner(
    NpgsqlDataSource database,
    TaskQueue queue,
    ProcessDocument process,
    DocumentReader reader,
    IndexedDocuments documents,
    Reindex reindex,
    Migrator migrator,
    IOptions<ProcessingOptions> options,
    TimeProvider time,
    ILogger<TaskRunner> logger)
    : BackgroundService
{
    private static readonly TimeSpan ReconnectDelay = TimeSpan.FromSeconds(1);

    /// <summary>Time to put a task back when this instance stops.</summary>
    private static readonly TimeSpan ReleaseTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Between two tasks that find what they need away.</summary>
    private static readonly TimeSpan AwayPause = TimeSpan.FromSeconds(1);

    private const int MaxDoublings = 6;

    private readonly ProcessingOptions _options = options.Value;
    private volatile string? _noticed;

    /// <summary>Holds one sign that there may be work.</summary>
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_options.Concurrency == 0)
        {
            return;
        }
        await migrator.Completion.WaitAsync(stoppingToken);
        await Task.WhenAll(reader.WarmUpAsync(stoppingToken), ListenAsync(stoppingToken), RunAsync(stoppingToken));
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                connection.Notification += (_, _) => _wake.Writer.TryWrite(true);
                await using (var listen = new NpgsqlCommand($"LISTEN {TaskQueue.Channel}", connection))
                {
                    await listen.ExecuteNonQueryAsync(stoppingToken);
                }
                // What came while nobody listened.
                _wake.Writer.TryWrite(true);
                while (true)
                {
                    await connection.WaitAsync(stoppingToken);
                }
            }
            catch (Exception away) when (DatabaseExceptionHandler.IsUnavailable(away))
            {
                LogNotListening(away.Message);
                await Task.Delay(ReconnectDelay, time, stoppingToken);
            }
        }
    }

    private async Task RunAsync(CancellationToken stoppingToken)
    {
        using var slots = new SemaphoreSlim(_options.Concurrency);
        var running = new List<Task>();
        try
        {
            while (true)
            {
                await slots.WaitAsync(stoppingToken);
                running.RemoveAll(work => work.IsCompleted);
                var task = await TakeAsync(stoppingToken);
                if (task is null)
                {
                    slots.Release();
                    await WaitForWorkAsync(stoppingToken);
                    continue;
                }
                running.Add(Task.Run(async () =>
                {
                    try
                    {
                        await WorkAsync(task, stoppingToken);
                    }
                    finally
                    {
                        slots.Release();
                    }
                }, CancellationToken.None));
            }
        }
        finally
        {
            await Task.WhenAll(running);
        }
    }

    private async Task<DocumentTask?> TakeAsync(CancellationToken stoppingToken)
    {
        try
        {
            return await queue.TakeAsync(stoppingToken);
        }
        catch (Exception away) when (DatabaseExceptionHandler.IsUnavailable(away))
        {
            // The listener says so, and wakes this when the database is back.
            return null;
        }
    }

    private async Task WaitForWorkAsync(CancellationToken stoppingToken)
    {
        using var poll = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        poll.CancelAfter(_options.PollInterval);
        try
        {
            await _wake.Reader.ReadAsync(poll.Token);
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            // Time to look by itself: a pause or a lease may have passed.
        }
    }

    /// <summary>Works on a task; whatever happens, the task is ended, put back, or left to whoever takes it when its lease has passed.</summary>
    private async Task WorkAsync(DocumentTask task, CancellationToken stoppingToken)
    {
        using var span = task.StartSpan();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var renewal = RenewAsync(task, stop);
        try
        {
            await DispatchAsync(task, stop.Token);
            _noticed = null;
        }
        catch (Exception failure)
        {
            await PutBackAsync(task, failure, span, stop.IsCancellationRequested, stoppingToken);
        }
        finally
        {
            await stop.CancelAsync();
            await renewal;
        }
    }

    private async Task PutBackAsync(DocumentTask task, Exception failure, Activity? span, bool stopped, CancellationToken stoppingToken)
    {
        try
        {
            switch (failure)
            {
                case LeaseLostException:
                    LogLeaseLost(task.Id);
                    break;
                case OperationCanceledException when stoppingToken.IsCancellationRequested:
                    using (var release = new CancellationTokenSource(ReleaseTimeout))
                    {
                        await queue.RetryAsync(
                            task, TimeSpan.Zero, "The instance that worked on it has stopped.", countsAsAttempt: false, release.Token);
                    }
                    break;
                case OperationCanceledException when stopped:
                    // The renewal has found the lease lost, and has said so.
                    break;
                // A reader that is killed again and again may be killed for what it reads: that counts, below.
                case ServiceUnavailableException { Dependency: not WorkerProcess.Dependency } away:
                    NoticeAway(away.Dependency);
                    await queue.RetryAsync(
                        task, _options.DependencyDelay, $"The {away.Dependency} is not available.", countsAsAttempt: false, stoppingToken);
                    // The tasks behind it are likely to find the same: one after the other, not all at once.
                    await Task.Delay(AwayPause, time, stoppingToken);
                    break;
                case var _ when DatabaseExceptionHandler.IsUnavailable(failure):
                    LogDatabaseAway(task.Id, failure.Message);
                    break;
                default:
                    await RetryAsync(task, failure, span, stoppingToken);
                    break;
            }
        }
        catch (Exception away) when (DatabaseExceptionHandler.IsUnavailable(away) || away is LeaseLostException or OperationCanceledException)
        {
            // It could not even be put back: its lease passes, and somebody takes it.
            LogDatabaseAway(task.Id, away.Message);
        }
    }

    private async Task RetryAsync(DocumentTask task, Exception failure, Activity? span, CancellationToken stoppingToken)
    {
        span?.SetStatus(ActivityStatusCode.Error, failure.Message);
        LogFailed(task.Id, task.Kind, task.Attempts, failure);
        // The last failure is dealt with at once, as a task of its own.
        var last = task.Attempts == _options.MaxAttempts;
        var delay = last ? TimeSpan.Zero : _options.RetryDelay * Math.Pow(2, Math.Min(task.Attempts, MaxDoublings) - 1);
        var reason = last
            ? $"An unexpected error, {task.Attempts} times. The log has the details."
            : "An unexpected error; it is tried again.";
        await queue.RetryAsync(task, delay, reason, countsAsAttempt: true, stoppingToken);
    }

    private Task DispatchAsync(DocumentTask task, CancellationToken cancellationToken)
    {
        if (task.Attempts > _options.MaxAttempts)
        {
            // Without an error it was never put back: those who worked on it died, and one more must not die of it.
            var reason = task.LastError ?? $"Its processing was interrupted {task.Attempts - 1} times.";
            return task.Kind == DocumentTask.Process
                ? process.FailAsync(task, reason, cancellationToken)
                : queue.FailAsync(task, reason, connection: null, cancellationToken);
        }
        return task.Kind switch
        {
            DocumentTask.Process => process.RunAsync(task, cancellationToken),
            DocumentTask.Reindex => reindex.RunAsync(task, cancellationToken),
            _ => SynchronizeAsync(task, cancellationToken),
        };
    }

    /// <summary>Once for each outage, not once for each task that waits.</summary>
    private void NoticeAway(string dependency)
    {
        if (_noticed != dependency)
        {
            _noticed = dependency;
            LogDependencyAway(dependency);
        }
    }

    private async Task SynchronizeAsync(DocumentTask task, CancellationToken cancellationToken)
    {
        await documents.SynchronizeAsync(task.DocumentId!.Value, status: null, cancellationToken);
        await queue.CompleteAsync(task, connection: null, cancellationToken);
    }

    /// <summary>Keeps the lease while the task is worked on; stops the work when it is lost.</summary>
    private async Task RenewAsync(DocumentTask task, CancellationTokenSource stop)
    {
        using var timer = new PeriodicTimer(_options.Lease / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
            {
                try
                {
                    await queue.RenewAsync(task, stop.Token);
                }
                catch (Exception away) when (DatabaseExceptionHandler.IsUnavailable(away))
                {
                    // The next tick tries again; what is written in the end is written only under the lease.
                    LogDatabaseAway(task.Id, away.Message);
                }
            }
        }
        catch (LeaseLostException)
        {
            if (!stop.IsCancellationRequested)
            {
                LogLeaseLost(task.Id);
                await stop.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The work has ended.
        }
    }

    [LoggerMessage(LogLevel.Warning, "New document tasks cannot be noticed at the moment: {Reason}", EventName = "DocumentTasksNotNoticed")]
    private partial void LogNotListening(string reason);

    [LoggerMessage(LogLevel.Warning, "Document tasks wait: the {Dependency} is not available", EventName = "DocumentTasksWait")]
    private partial void LogDependencyAway(string dependency);

    [LoggerMessage(LogLevel.Warning, "The database is away while task {Task} is worked on: {Reason}", EventName = "DocumentTaskDatabaseAway")]
    private partial void LogDatabaseAway(long task, string reason);

    [LoggerMessage(LogLevel.Warning, "The lease of task {Task} has passed; another instance works on it", EventName = "DocumentTaskLeaseLost")]
    private partial void LogLeaseLost(long task);

    [LoggerMessage(LogLevel.Error, "Attempt {Attempt} of task {Task} ({Kind}) failed", EventName = "DocumentTaskFailed")]
    private partial void LogFailed(long task, string kind, int attempt, Exception exception);
}
