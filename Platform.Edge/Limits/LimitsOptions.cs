namespace Platform.Edge.Limits;

/// <summary>How often: a token bucket.</summary>
/// <param name="PerSecond">Requests that flow back each second, above 0.</param>
/// <param name="Burst">Requests that a full bucket holds, at least 1.</param>
internal sealed record Rate(double PerSecond, int Burst);

/// <summary>A rate for one path in place of the general one.</summary>
/// <param name="Path">The path, which matches up to a segment boundary and regardless of case.</param>
/// <param name="PerSecond">As in <see cref="Rate"/>.</param>
/// <param name="Burst">As in <see cref="Rate"/>.</param>
/// <param name="Method">The method it is for; all when missing.</param>
internal sealed record PathRate(string Path, double PerSecond, int Burst, string? Method = null);

/// <summary>What one client may take: section <c>Limits</c>. Sizes are bytes.</summary>
internal sealed record LimitsOptions
{
    /// <summary>POST, PUT, PATCH and DELETE on the API, per client address.</summary>
    public Rate Writes { get; init; } = new(10, 20);

    /// <summary>Other methods on the API, per client address.</summary>
    public Rate Reads { get; init; } = new(100, 200);

    /// <summary>Pages and files of the site, and unknown paths, per client address.</summary>
    public Rate Site { get; init; } = new(500, 1000);

    /// <summary>Requests with a good API key, per key.</summary>
    public Rate Keys { get; init; } = new(1000, 2000);

    /// <summary>Rates for single paths, per client address; the first that matches counts.</summary>
    public IReadOnlyList<PathRate> Paths { get; init; } = [];

    /// <summary>Buckets of each rate at most; clients are spread over them when there are more.</summary>
    public int Buckets { get; init; } = 65_536;

    /// <summary>How long a good API key is believed without asking the API again.</summary>
    public TimeSpan GoodKeyLifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a wrong API key is refused without asking the API again.</summary>
    public TimeSpan WrongKeyLifetime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Good keys, and wrong keys, remembered at most.</summary>
    public int RememberedKeys { get; init; } = 10_000;

    /// <summary>Keys being verified at one time at most.</summary>
    public int KeysInVerification { get; init; } = 256;

    /// <summary>Body of a form or a small document.</summary>
    public long SmallBody { get; init; } = 64 * 1024;

    /// <summary>Body of any other request: a file of 50 MiB, and 64 KiB for the form around it.</summary>
    public long Body { get; init; } = (50 * 1024 * 1024) + (64 * 1024);

    /// <summary>
    /// Connections at one time. By default as many as there is memory for, and 10 000 at most: one of HTTP/2 over TLS takes 600 KB when it is
    /// full of requests. The runtime may have three quarters of a container's memory, or all of the machine's.
    /// </summary>
    public int Connections { get; init; } = (int)Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (768 * 1024), 1, 10_000);

    /// <summary>Connections of one client address at one time; those of known proxies are not counted.</summary>
    public int ConnectionsPerClient { get; init; } = 256;

    /// <summary>Requests that may be under way on one connection of HTTP/2.</summary>
    public int RequestsPerConnection { get; init; } = 32;

    /// <summary>
    /// Requests of one client address that may be under way at one time. Each has memory, and most a connection to a server behind the edge,
    /// until its answer is read: one client that is slow to send or to read must not have all of them.
    /// </summary>
    public int Concurrent { get; init; } = 100;

    /// <summary>The same for requests with a good API key, per key.</summary>
    public int ConcurrentPerKey { get; init; } = 250;

    /// <summary>Connections at one time that were upgraded, to WebSockets for instance.</summary>
    public long UpgradedConnections { get; init; } = 1_000;

    /// <summary>Request line and headers together.</summary>
    public int Headers { get; init; } = 32 * 1024;

    /// <summary>Time for the headers of a request to arrive.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time that a connection may be idle between two requests.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// How long a client may leave what was sent to it without reading or acknowledging any of it (RFC 5482; only Linux ends the connection).
    /// </summary>
    public TimeSpan UserTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Slowest body that is put up with, in bytes per second after <see cref="BodyGracePeriod"/>.</summary>
    public double MinBodyRate { get; init; } = 240;

    /// <summary>How long a body may be slower than <see cref="MinBodyRate"/>, above one second.</summary>
    public TimeSpan BodyGracePeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether every number can work.</summary>
    public bool IsValid() =>
        new[] { Writes, Reads, Site, Keys }.Concat(Paths.Select(path => new Rate(path.PerSecond, path.Burst)))
            .All(rate => rate is { PerSecond: > 0 and < 1_000_000, Burst: > 0 })
        && Paths.All(path => path.Path.StartsWith('/'))
        && Buckets > 0 && RememberedKeys > 0 && KeysInVerification > 0 && SmallBody > 0 && Body > 0
        && Connections > 0 && ConnectionsPerClient > 0 && RequestsPerConnection > 0 && Concurrent > 0 && ConcurrentPerKey > 0
        && UserTimeout.TotalMilliseconds is >= 1 and <= int.MaxValue;
}
