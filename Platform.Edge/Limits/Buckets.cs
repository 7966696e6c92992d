namespace Platform.Edge.Limits;

/// <summary>
/// Token buckets, one a client, for one rate. A client's bucket is one of a fixed number, chosen by a hash that differs from one run to
/// the next, so that the memory is bounded whatever the number of clients. A bucket is one number, the time at which it is full again,
/// from which follows how many tokens are in it now (the generic cell rate algorithm, ITU-T I.371).
/// </summary>
internal sealed class Buckets(string policy, Rate rate, int count, TimeProvider time)
{
    // In ticks of time. A conversion that overflows gives the largest number, of which the sums below need room for two.
    private readonly long _perToken = Math.Min((long)(time.TimestampFrequency / rate.PerSecond), long.MaxValue / 4);
    private readonly long _toFill = Math.Min((long)(time.TimestampFrequency / rate.PerSecond * rate.Burst), long.MaxValue / 4);
    private readonly long[] _fullAt = new long[count];

    /// <summary>The name under which refusals are counted.</summary>
    public string Policy { get; } = policy;

    /// <summary>Takes one token; false when there is none, with the time until there is.</summary>
    public bool TryTake(ulong client, out TimeSpan retryAfter)
    {
        ref var bucket = ref _fullAt[(uint)HashCode.Combine(client) % (uint)_fullAt.Length];
        var now = time.GetTimestamp();
        while (true)
        {
            var fullAt = Volatile.Read(ref bucket);
            var next = Math.Max(fullAt, now) + _perToken;
            if (next - now > _toFill)
            {
                retryAfter = time.GetElapsedTime(now + _toFill, next);
                return false;
            }

            if (Interlocked.CompareExchange(ref bucket, next, fullAt) == fullAt)
            {
                retryAfter = TimeSpan.Zero;
                return true;
            }
        }
    }
}
