using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Npgsql;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Database;

/// <summary>
/// Lets concurrent writers share a transaction. What arrives while a commit is under way makes up the next one, so an idle system writes at
/// once and a busy one pays one commit for many writers. A writer hears of success only after its commit.
/// </summary>
internal sealed class GroupCommit<T> : IAsyncDisposable
{
    /// <summary>How long a writer waits. With the network and the answer on top it stays below 2 s.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1.5);

    private readonly Func<IReadOnlyList<T>, CancellationToken, Task<long>> _commit;
    private readonly int _maxBatchSize;
    private readonly Channel<Entry> _queue;
    private readonly CancellationTokenSource _stop = new();
    private readonly Histogram<int> _batchSizes;
    private readonly Task[] _writers;

    /// <param name="commit">Writes all items in one transaction and returns the counter's value after the last of them.</param>
    /// <param name="options">Sizes and numbers.</param>
    /// <param name="meters">Of the histogram <c>group_commit_batch_size</c>, which all instances share.</param>
    public GroupCommit(Func<IReadOnlyList<T>, CancellationToken, Task<long>> commit, DatabaseOptions options, IMeterFactory meters)
    {
        _batchSizes = meters.Create(Telemetry.MeterName).CreateHistogram<int>(
            "group_commit_batch_size",
            description: "Submissions and visits that shared a commit.",
            advice: new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] });
        _commit = commit;
        _maxBatchSize = options.MaxBatchSize;
        _queue = Channel.CreateBounded<Entry>(new BoundedChannelOptions(options.QueueCapacity));
        // Whoever needs it first makes it: the commits of all others are no part of that request's trace.
        using (ExecutionContext.SuppressFlow())
        {
            _writers = [.. Enumerable.Range(0, options.CommitsInFlight).Select(_ => Task.Run(WriteAsync))];
        }
    }

    /// <summary>Queues the item and waits for its commit.</summary>
    /// <returns>The item's own value of the counter.</returns>
    /// <exception cref="ServiceUnavailableException">The queue is full: nothing was written.</exception>
    /// <exception cref="TimeoutException">No answer in time: the item may or may not have been written.</exception>
    /// <exception cref="NpgsqlException">The commit failed; when the connection broke, the item may or may not have been
    /// written.</exception>
    public async Task<long> WriteAsync(T item, CancellationToken cancellationToken)
    {
        var entry = new Entry(item);
        if (!_queue.Writer.TryWrite(entry))
        {
            throw new ServiceUnavailableException("database", TimeSpan.FromSeconds(1));
        }
        try
        {
            return await entry.Task.WaitAsync(Deadline, cancellationToken);
        }
        catch
        {
            entry.Abandon();
            throw;
        }
    }

    private async Task WriteAsync()
    {
        var batch = new List<Entry>(_maxBatchSize);
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (batch.Count < _maxBatchSize && _queue.Reader.TryRead(out var entry))
            {
                if (entry.Take())
                {
                    batch.Add(entry);
                }
            }
            if (batch.Count > 0)
            {
                await CommitAsync(batch);
                batch.Clear();
            }
        }
    }

    private async Task CommitAsync(List<Entry> batch)
    {
        using var span = StartSpan(batch);
        try
        {
            var last = await _commit(batch.ConvertAll(entry => entry.Item), _stop.Token);
            _batchSizes.Record(batch.Count);
            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].SetResult(last - batch.Count + 1 + i);
            }
        }
        catch (PostgresException refused) when (batch.Count > 1 && IsRefusalOfData(refused))
        {
            // The server rolled the transaction back, so nothing of it is written: one bad item must not fail the others. Halves find it in
            // few commits.
            await CommitAsync(batch[..(batch.Count / 2)]);
            await CommitAsync(batch[(batch.Count / 2)..]);
        }
        catch (Exception failure)
        {
            // The writers translate it; whether a broken connection had committed is not known, so nobody is told of success.
            batch.ForEach(entry => entry.SetException(failure));
        }
    }

    /// <summary>
    /// The commit belongs to the trace of its first writer; the others' traces are linked. Where that trace is not kept, the commit is not
    /// either, and is there all the same: without it, its SQL would begin traces of its own.
    /// </summary>
    private static Activity? StartSpan(List<Entry> batch)
    {
        if (!Telemetry.Source.HasListeners())
        {
            return null;
        }
        var span = Telemetry.Source.StartActivity(
            "commit", ActivityKind.Internal, batch[0].Trace, links: batch.Skip(1).Select(entry => new ActivityLink(entry.Trace)));
        if (span is not null)
        {
            return span.SetTag("batch.size", batch.Count);
        }

        var unrecorded = new Activity("commit");
        return batch[0].Trace is var trace && trace != default
            ? unrecorded.SetParentId(trace.TraceId, trace.SpanId).Start()
            : unrecorded.Start();
    }

    /// <summary>Class 22 is a data exception, class 23 an integrity constraint violation.</summary>
    private static bool IsRefusalOfData(PostgresException exception) =>
        exception.SqlState.StartsWith("22", StringComparison.Ordinal) || exception.SqlState.StartsWith("23", StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        // What is queued is still written; a commit that hangs is cut off.
        _queue.Writer.TryComplete();
        _stop.CancelAfter(TimeSpan.FromSeconds(5));
        await Task.WhenAll(_writers);
        _stop.Dispose();
    }

    private sealed class Entry(T item) : TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private int _owned;

        public T Item => item;

        public ActivityContext Trace { get; } = Activity.Current?.Context ?? default;

        /// <summary>The writer takes the entry, unless it was abandoned.</summary>
        public bool Take() => Interlocked.Exchange(ref _owned, 1) == 0;

        /// <summary>The caller gave up: an entry that is still queued is not written.</summary>
        public void Abandon() => Interlocked.Exchange(ref _owned, 1);
    }
}
