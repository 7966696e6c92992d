using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Platform.Api.Requests;

internal static class RequestLimits
{
    /// <summary>Bounds what a client can send where its endpoint does not allow more.</summary>
    public static void AddRequestLimits(this IHostApplicationBuilder builder) => builder.Services.Configure<KestrelServerOptions>(server =>
    {
        server.Limits.MaxRequestBodySize = TextFields.MaxBodyBytes;
        server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
    });
}
