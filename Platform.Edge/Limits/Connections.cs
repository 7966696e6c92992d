using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Limits;

/// <summary>
/// Ends a connection at once when its client has as many as one may have. When all clients together have as many, one of the client that has
/// the most ends for it, so that a few cannot keep the others out (<c>edge_connections_refused_total</c>). Proxies whose word the edge takes
/// bring the connections of all of their clients: theirs are counted, and left alone.
/// </summary>
internal sealed class Connections
{
    private readonly LimitsOptions _limits;
    private readonly ForwardedHeadersOptions _proxies;
    private readonly Counter<long> _refused;
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, List<Connection>> _clients = [];
    private int _count;

    public Connections(IOptions<LimitsOptions> options, IOptions<ForwardedHeadersOptions> proxies, IMeterFactory meters)
    {
        (_limits, _proxies) = (options.Value, proxies.Value);
        _refused = meters.Create(Telemetry.MeterName).CreateCounter<long>(
            "edge_connections_refused_total", description: "Connections ended because their client, or all together, had too many.");
        foreach (var reason in (ReadOnlySpan<string>)[Reasons.Client, Reasons.Full, Reasons.Displaced])
        {
            Count(reason, 0);
        }
    }

    public ConnectionDelegate Limit(ConnectionDelegate next) => async context =>
    {
        var address = (context.RemoteEndPoint as IPEndPoint)?.Address;
        var connection = new Connection(context, address is null || IsProxy(address) ? null : ClientAddress.Of(address));
        if (!TryEnter(connection, out var displaced))
        {
            context.Abort();
            return;
        }

        try
        {
            if (displaced is not null)
            {
                Count(Reasons.Displaced, 1);
                displaced.Context.Abort(new ConnectionAbortedException("Its client has more connections than others."));
                // What it has in memory is not given up before it has ended.
                await displaced.Ended.Task;
            }

            await next(context);
        }
        finally
        {
            Leave(connection);
            connection.Ended.SetResult();
        }
    };

    private bool TryEnter(Connection connection, out Connection? displaced)
    {
        displaced = null;
        lock (_lock)
        {
            List<Connection> own = connection.Client is { } client ? _clients.GetValueOrDefault(client) ?? [] : [];
            if (own.Count >= _limits.ConnectionsPerClient)
            {
                Count(Reasons.Client, 1);
                return false;
            }

            if (_count >= _limits.Connections)
            {
                var most = _clients.Values.MaxBy(connections => connections.Count) ?? [];
                if (most.Count <= own.Count + 1)
                {
                    Count(Reasons.Full, 1);
                    return false;
                }

                displaced = most[^1];
                Remove(displaced);
            }

            own.Add(connection);
            if (connection.Client is { } added)
            {
                _clients[added] = own;
            }

            _count++;
            return true;
        }
    }

    private void Leave(Connection connection)
    {
        lock (_lock)
        {
            Remove(connection);
        }
    }

    private void Remove(Connection connection)
    {
        if (connection.IsIn)
        {
            connection.IsIn = false;
            _count--;
            if (connection.Client is { } client && _clients[client] is var own && own.Remove(connection) && own.Count == 0)
            {
                _clients.Remove(client);
            }
        }
    }

    private bool IsProxy(IPAddress address) =>
        _proxies.KnownIPNetworks.Any(network => network.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));

    private void Count(string reason, long connections) => _refused.Add(connections, new KeyValuePair<string, object?>("reason", reason));

    private static class Reasons
    {
        public const string Client = "client", Full = "full", Displaced = "displaced";
    }

    private sealed class Connection(ConnectionContext context, ulong? client)
    {
        public ConnectionContext Context => context;

        /// <summary>Whose it is; nobody's when it is a proxy's.</summary>
        public ulong? Client => client;

        /// <summary>Whether it is counted.</summary>
        public bool IsIn { get; set; } = true;

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
