namespace Platform.Edge.Routing;

/// <summary>How the edge talks to the servers behind it: section <c>Proxy</c>.</summary>
internal sealed record ProxyOptions
{
    /// <summary>How long an exchange may stand still in either direction before it ends in 504.</summary>
    public TimeSpan ActivityTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The same for the applications, whose WebSockets and long polls are quiet for longer.</summary>
    public TimeSpan ApplicationTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a connection to a replica may take to be made.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time between two health probes of a replica.</summary>
    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most connections open to one replica; requests beyond them wait.</summary>
    public int MaxConnectionsPerReplica { get; init; } = 512;

    /// <summary>What <c>Retry-After</c> says when no replica answers.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(5);
}
