using System.Text;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;

namespace Platform.Edge.Routing;

/// <summary>Makes the connections to the servers behind the edge.</summary>
internal sealed class ReplicaClients(IOptions<ProxyOptions> options, ILogger<ForwarderHttpClientFactory> logger) : ForwarderHttpClientFactory(logger)
{
    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        handler.ConnectTimeout = options.Value.ConnectTimeout;
        handler.MaxConnectionsPerServer = options.Value.MaxConnectionsPerReplica;
        handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60);
        // A replica that was away gets its share of the requests again: behind one address it is new connections that are shared out.
        handler.PooledConnectionLifetime = TimeSpan.FromMinutes(1);
        // Header values pass as the bytes that came; the default would end a request with an umlaut in a header in 502.
        handler.RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8;
        handler.ResponseHeaderEncodingSelector = (_, _) => Encoding.UTF8;
        // ReplicaSpans does it.
        handler.ActivityHeadersPropagator = null;
    }

    protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) =>
        new ReplicaSpans(base.WrapHandler(context, handler));
}
