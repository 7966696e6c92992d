using System.Threading.RateLimiting;

namespace Platform.Edge.Limits;

/// <summary>
/// Token buckets, one a client, for one rate. A client's bucket is one of a fixed number, chosen by a hash that differs from one run to
/// the next, so that the memory is bounded whatever the number of clients; a bucket that is full again is dropped.
/// </summary>
internal sealed class Buckets(string policy, Rate rate, int count) : IDisposable
{
    private readonly PartitionedRateLimiter<ulong> _limiter = PartitionedRateLimiter.Create<ulong, int>(client =>
        RateLimitPartition.GetTokenBucketLimiter((int)((uint)HashCode.Combine(client) % (uint)count), _ => Options(rate)));

    /// <summary>The name under which refusals are counted.</summary>
    public string Policy { get; } = policy;

    /// <summary>Takes one token; false when there is none, with the time until there is.</summary>
    public bool TryTake(ulong client, out TimeSpan retryAfter)
    {
        using var lease = _limiter.AttemptAcquire(client);
        lease.TryGetMetadata(MetadataName.RetryAfter, out retryAfter);
        return lease.IsAcquired;
    }

    public void Dispose() => _limiter.Dispose();

    // The limiters are refilled ten times a second, by the time that has passed.
    private static TokenBucketRateLimiterOptions Options(Rate rate)
    {
        var tokens = Math.Max(1, (int)(rate.PerSecond / 10));
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = rate.Burst,
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromSeconds(tokens / rate.PerSecond),
            QueueLimit = 0,
            AutoReplenishment = false,
        };
    }
}
