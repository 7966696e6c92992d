using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Limits;

/// <summary>
/// Ends a connection at once when its client has as many as one may have (<c>edge_connections_refused_total</c>). Proxies whose word the edge
/// takes bring those of all of their clients.
/// </summary>
internal sealed class ConnectionsPerClient
{
    private readonly Concurrency _connections;
    private readonly Counter<long> _refused;
    private readonly ForwardedHeadersOptions _proxies;

    public ConnectionsPerClient(IOptions<LimitsOptions> options, IOptions<ForwardedHeadersOptions> proxies, IMeterFactory meters)
    {
        _connections = new Concurrency("connections", options.Value.ConnectionsPerClient, options.Value.Buckets);
        _proxies = proxies.Value;
        _refused = meters.Create(Telemetry.MeterName).CreateCounter<long>(
            "edge_connections_refused_total", description: "Connections refused because their client had too many.");
        _refused.Add(0);
    }

    public ConnectionDelegate Limit(ConnectionDelegate next) => connection =>
        connection.RemoteEndPoint is IPEndPoint { Address: var address } && !IsProxy(address)
            ? CountedAsync(connection, ClientAddress.Of(address), next)
            : next(connection);

    private bool IsProxy(IPAddress address) =>
        _proxies.KnownIPNetworks.Any(network => network.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));

    private async Task CountedAsync(ConnectionContext connection, ulong client, ConnectionDelegate next)
    {
        if (!_connections.TryEnter(client))
        {
            _refused.Add(1);
            connection.Abort();
            return;
        }

        try
        {
            await next(connection);
        }
        finally
        {
            _connections.Leave(client);
        }
    }
}
