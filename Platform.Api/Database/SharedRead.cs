namespace Platform.Api.Database;

/// <summary>
/// Lets concurrent readers share a query without ever giving one a value from before its arrival: at most one query is in flight, and all
/// who arrive during it share the next.
/// </summary>
/// <param name="read">The query.</param>
/// <param name="timeout">Of one query; a reader waits for two at most.</param>
internal sealed class SharedRead<T>(Func<CancellationToken, Task<T>> read, TimeSpan timeout)
{
    private static readonly TimeSpan CancellationGrace = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private bool _reading;
    private TaskCompletionSource<T>? _waiting;

    /// <summary>A value read after this call.</summary>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public Task<T> ReadAsync()
    {
        TaskCompletionSource<T> group;
        lock (_lock)
        {
            if (_reading)
            {
                return (_waiting ??= NewGroup()).Task;
            }
            _reading = true;
            group = NewGroup();
        }
        _ = RunAsync(group);
        return group.Task;
    }

    private static TaskCompletionSource<T> NewGroup() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync(TaskCompletionSource<T>? group)
    {
        while (group is not null)
        {
            try
            {
                using var deadline = new CancellationTokenSource(timeout);
                // A server that hangs does not answer a cancellation either: do not wait for that.
                group.SetResult(await read(deadline.Token).WaitAsync(timeout + CancellationGrace));
            }
            catch (OperationCanceledException)
            {
                group.SetException(new TimeoutException("The database did not answer in time."));
            }
            catch (Exception failure)
            {
                group.SetException(failure);
            }
            lock (_lock)
            {
                group = _waiting;
                _waiting = null;
                _reading = group is not null;
            }
        }
    }
}
