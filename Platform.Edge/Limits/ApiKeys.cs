using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Platform.Edge.Routing;
using Yarp.ReverseProxy;

namespace Platform.Edge.Limits;

/// <summary>What is known of an API key.</summary>
internal enum KeyState
{
    /// <summary>Nothing: the API has not been asked.</summary>
    Unknown,

    /// <summary>The API takes it.</summary>
    Good,

    /// <summary>The API refuses it.</summary>
    Wrong,

    /// <summary>The API could not be asked.</summary>
    Unverified,

    /// <summary>The client may not have it verified: it has no token left, or too many keys are being verified.</summary>
    Refused,
}

/// <summary>An API key as the edge keeps it: its SHA-256, never the key.</summary>
internal readonly record struct KeyHash(UInt128 Head, UInt128 Tail)
{
    /// <summary>A number for the client that holds the key.</summary>
    public ulong Client => (ulong)Head;

    /// <summary>The hash of <paramref name="key"/>.</summary>
    public static KeyHash Of(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        return new KeyHash(BitConverter.ToUInt128(hash), BitConverter.ToUInt128(hash[16..]));
    }
}

/// <summary>
/// Knows which API keys are good by asking the API, which answers 401 to a wrong key on every path: once for all requests that come with
/// the same key at the same time, and again when <see cref="LimitsOptions.GoodKeyLifetime"/> has passed.
/// </summary>
internal sealed class ApiKeys(IProxyStateLookup proxy, IOptions<LimitsOptions> options, TimeProvider time) : IDisposable
{
    public const string Header = "X-API-Key";

    private const int LongestKey = 256;

    private static readonly TimeSpan VerificationTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long an unused good key is known to have been good, so that to verify it again costs its client nothing.</summary>
    private static readonly TimeSpan GoodKeyMemory = TimeSpan.FromMinutes(10);

    // Two caches, so that no flood of wrong keys pushes the good ones out.
    private readonly MemoryCache _good = new(new MemoryCacheOptions { SizeLimit = options.Value.RememberedKeys });
    private readonly MemoryCache _wrong = new(new MemoryCacheOptions { SizeLimit = options.Value.RememberedKeys });
    private readonly Dictionary<KeyHash, Task<KeyState>> _verifications = [];
    private readonly Lock _gate = new();

    /// <summary>What is known already: <see cref="KeyState.Good"/>, <see cref="KeyState.Wrong"/> or <see cref="KeyState.Unknown"/>.</summary>
    public KeyState Find(KeyHash hash)
    {
        if (_good.TryGetValue(hash, out DateTimeOffset believedUntil))
        {
            return time.GetUtcNow() < believedUntil ? KeyState.Good : KeyState.Unknown;
        }

        return _wrong.TryGetValue(hash, out _) ? KeyState.Wrong : KeyState.Unknown;
    }

    /// <summary>
    /// Asks the API, or waits for the answer to another request with this key. The first to ask pays with <paramref name="mayAsk"/>,
    /// unless the key has been good before.
    /// </summary>
    public Task<KeyState> VerifyAsync(string key, KeyHash hash, Func<bool> mayAsk)
    {
        lock (_gate)
        {
            if (_verifications.TryGetValue(hash, out var running))
            {
                return running;
            }

            // Another request may have had the answer since this one looked.
            if (Find(hash) is var known and not KeyState.Unknown)
            {
                return Task.FromResult(known);
            }

            if (_verifications.Count >= options.Value.KeysInVerification || (!_good.TryGetValue(hash, out _) && !mayAsk()))
            {
                return Task.FromResult(KeyState.Refused);
            }

            // Task.Run: the answer must not come, and the verification not be taken off, before it is put in.
            return _verifications[hash] = Task.Run(() => RememberAsync(key, hash));
        }
    }

    /// <summary>Whether <paramref name="key"/> can be a key at all: such a header is sent on as it came.</summary>
    public static bool IsPossible(string key) => key.Length is > 0 and <= LongestKey && Ascii.IsValid(key) && !key.Any(char.IsControl);

    public void Dispose()
    {
        _good.Dispose();
        _wrong.Dispose();
    }

    private async Task<KeyState> RememberAsync(string key, KeyHash hash)
    {
        var state = KeyState.Unverified;
        try
        {
            state = await AskAsync(key);
        }
        finally
        {
            lock (_gate)
            {
                if (state == KeyState.Good)
                {
                    _good.Set(
                        hash,
                        time.GetUtcNow() + options.Value.GoodKeyLifetime,
                        new MemoryCacheEntryOptions { Size = 1, SlidingExpiration = GoodKeyMemory });
                }
                else if (state == KeyState.Wrong)
                {
                    _good.Remove(hash);
                    _wrong.Set(
                        hash,
                        true,
                        new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = options.Value.WrongKeyLifetime });
                }

                _verifications.Remove(hash);
            }
        }

        return state;
    }

    /// <summary>Asks one replica after the other until one answers.</summary>
    private async Task<KeyState> AskAsync(string key)
    {
        if (!proxy.TryGetCluster(RouteTable.Api, out var cluster))
        {
            return KeyState.Unverified;
        }

        using var timeout = new CancellationTokenSource(VerificationTimeout, time);
        foreach (var replica in cluster.DestinationsState.AvailableDestinations)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(replica.Model.Config.Address), "/api"));
            request.Headers.TryAddWithoutValidation(Header, key);
            try
            {
                using var answer = await cluster.Model.HttpClient.SendAsync(request, timeout.Token);
                switch ((int)answer.StatusCode)
                {
                    case StatusCodes.Status401Unauthorized:
                        return KeyState.Wrong;
                    case < 400 or StatusCodes.Status403Forbidden:
                        return KeyState.Good;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                // This replica could not say; the next may, and without any the key stays unverified.
            }
        }

        return KeyState.Unverified;
    }
}
