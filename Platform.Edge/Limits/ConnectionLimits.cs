using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Limits;

/// <summary>What the server itself refuses, before any middleware sees a request.</summary>
internal static class ConnectionLimits
{
    public static void AddConnectionLimits(this WebApplicationBuilder builder) => builder.Services
        .AddOptions<KestrelServerOptions>()
        .Configure<IOptions<LimitsOptions>>((server, options) =>
        {
            var limits = options.Value;
            server.AddServerHeader = false;
            // A server behind the edge may say anything in a header; it passes as it came.
            server.ResponseHeaderEncodingSelector = _ => Encoding.UTF8;
            server.Limits.MaxConcurrentConnections = limits.Connections;
            server.Limits.MaxConcurrentUpgradedConnections = limits.UpgradedConnections;
            server.Limits.MaxRequestHeadersTotalSize = limits.Headers;
            server.Limits.MaxRequestLineSize = Math.Min(8 * 1024, limits.Headers);
            server.Limits.MaxRequestBodySize = limits.Body;
            server.Limits.RequestHeadersTimeout = limits.HeadersTimeout;
            server.Limits.KeepAliveTimeout = limits.KeepAliveTimeout;
            server.Limits.MinRequestBodyDataRate = new MinDataRate(limits.MinBodyRate, limits.BodyGracePeriod);
            server.Limits.MinResponseDataRate = new MinDataRate(limits.MinBodyRate, limits.BodyGracePeriod);
        });
}
