using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Limits;

/// <summary>What the server itself refuses, before any middleware sees a request.</summary>
internal static class ConnectionLimits
{
    // Of Linux: netinet/tcp.h.
    private const int TcpUserTimeout = 18;

    public static void AddConnectionLimits(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Connections>();
        var management = builder.Configuration.GetValue<int?>("Management:Port");
        builder.Services.AddOptions<SocketTransportOptions>().Configure<IOptions<LimitsOptions>>((transport, options) =>
            transport.CreateBoundListenSocket = endpoint => Listener(endpoint, options.Value.UserTimeout));
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<LimitsOptions>>((server, options) =>
        {
            var limits = options.Value;
            server.AddServerHeader = false;
            // A server behind the edge may say anything in a header; it passes as it came.
            server.ResponseHeaderEncodingSelector = _ => Encoding.UTF8;
            server.ConfigureEndpointDefaults(endpoint =>
            {
                // Who watches may stand on the same machine as a busy client, and must not take the edge for dead.
                if (endpoint.IPEndPoint?.Port != management)
                {
                    endpoint.Use(server.ApplicationServices.GetRequiredService<Connections>().Limit);
                }
            });
            server.Limits.MaxConcurrentUpgradedConnections = limits.UpgradedConnections;
            server.Limits.Http2.MaxStreamsPerConnection = limits.RequestsPerConnection;
            server.Limits.MaxRequestHeadersTotalSize = limits.Headers;
            server.Limits.MaxRequestLineSize = Math.Min(8 * 1024, limits.Headers);
            server.Limits.MaxRequestBodySize = limits.Body;
            server.Limits.RequestHeadersTimeout = limits.HeadersTimeout;
            server.Limits.KeepAliveTimeout = limits.KeepAliveTimeout;
            server.Limits.MinRequestBodyDataRate = new MinDataRate(limits.MinBodyRate, limits.BodyGracePeriod);
            server.Limits.MinResponseDataRate = new MinDataRate(limits.MinBodyRate, limits.BodyGracePeriod);
        });
    }

    /// <summary>
    /// The server times answers, but not what it says by itself on a connection of HTTP/2: who sends settings or pings and reads nothing
    /// would have the connection for good. Connections have this option from the socket that accepts them.
    /// </summary>
    private static Socket Listener(EndPoint endpoint, TimeSpan userTimeout)
    {
        var listener = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        if (OperatingSystem.IsLinux() && endpoint is IPEndPoint)
        {
            listener.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeout, BitConverter.GetBytes((int)userTimeout.TotalMilliseconds));
        }

        return listener;
    }
}
