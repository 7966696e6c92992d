using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Platform.Edge.Limits;

namespace Platform.Edge.Authentication;

/// <summary>
/// Makes an address wait that gave wrong passwords, longer each time, and bounds the attempts of all addresses together. The right password
/// does not shorten the wait, or guessing would go on meanwhile.
/// </summary>
internal sealed class Lockout(IOptions<SignInOptions> options, TimeProvider time) : IDisposable
{
    private const int Doublings = 30;

    private readonly LockoutOptions _options = options.Value.Lockout;
    private readonly Buckets _account = new("sign-in", options.Value.Lockout.Account, count: 1, time);
    private readonly MemoryCache _addresses = new(new MemoryCacheOptions { SizeLimit = options.Value.Lockout.Addresses });
    private readonly Lock _gate = new();

    /// <summary>How long the address has to wait; zero when it may try.</summary>
    public TimeSpan WaitOf(ulong address)
    {
        var wait = (_addresses.Get<Failures>(address)?.Until ?? DateTimeOffset.MinValue) - time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>
    /// Counts an attempt as a failure before it is known to be one, so that attempts at the same time do not slip through together.
    /// </summary>
    /// <param name="address">Who tries, as <see cref="ClientAddress"/> numbers them.</param>
    /// <param name="wait">How long the address has to wait before the next attempt, or before this one when it is refused.</param>
    /// <returns>Whether the password may be looked at.</returns>
    public bool TryBegin(ulong address, out TimeSpan wait)
    {
        lock (_gate)
        {
            wait = WaitOf(address);
            if (wait > TimeSpan.Zero || !_account.TryTake(0, out wait))
            {
                return false;
            }

            var count = (_addresses.Get<Failures>(address)?.Count ?? 0) + 1;
            wait = count < _options.Failures ? TimeSpan.Zero : WaitAfter(count - _options.Failures);
            _addresses.Set(
                address,
                new Failures(count, time.GetUtcNow() + wait),
                new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = wait + _options.LongestWait });
            return true;
        }
    }

    /// <summary>The password was right.</summary>
    public void Forget(ulong address) => _addresses.Remove(address);

    public void Dispose() => _addresses.Dispose();

    private TimeSpan WaitAfter(int further)
    {
        var wait = _options.FirstWait * Math.Pow(2, Math.Min(further, Doublings));
        return wait < _options.LongestWait ? wait : _options.LongestWait;
    }

    private sealed record Failures(int Count, DateTimeOffset Until);
}
