namespace Platform.Edge.Limits;

/// <summary>
/// Counts the requests that each client has under way, with one limit for all clients. As with <see cref="Buckets"/>, a client's
/// counter is one of a fixed number.
/// </summary>
internal sealed class Concurrency(string policy, int limit, int count)
{
    private readonly int[] _underWay = new int[count];

    /// <summary>The name under which refusals are counted.</summary>
    public string Policy { get; } = policy;

    /// <summary>Counts one more; false, and not counted, when there are as many as there may be.</summary>
    public bool TryEnter(ulong client)
    {
        ref var underWay = ref Counter(client);
        if (Interlocked.Increment(ref underWay) <= limit)
        {
            return true;
        }

        Interlocked.Decrement(ref underWay);
        return false;
    }

    /// <summary>Counts one less.</summary>
    public void Leave(ulong client) => Interlocked.Decrement(ref Counter(client));

    private ref int Counter(ulong client) => ref _underWay[(uint)HashCode.Combine(client) % (uint)_underWay.Length];
}
