namespace Platform.Edge.Status;

/// <summary>An answer that is asked for once, however many want it, and again when it is too old.</summary>
/// <param name="ask">Asks; null is no answer. It ends by itself, since nobody who waits may end it for the others.</param>
/// <param name="lifetime">From the moment of asking.</param>
/// <param name="retry">The same where there was no answer.</param>
/// <param name="time">The clock.</param>
internal sealed class SharedAnswer<T>(Func<Task<T?>> ask, TimeSpan lifetime, TimeSpan retry, TimeProvider time)
    where T : class
{
    private readonly Lock _gate = new();
    private Task<T?>? _answer;
    private long _asked;

    /// <summary>The answer, or the one that is on its way.</summary>
    public Task<T?> GetAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var limit = _answer is { IsCompletedSuccessfully: true, Result: not null } ? lifetime : retry;
            if (_answer is null || (_answer.IsCompleted && time.GetElapsedTime(_asked) >= limit))
            {
                _asked = time.GetTimestamp();
                _answer = ask();
            }

            return _answer.WaitAsync(cancellationToken);
        }
    }
}
