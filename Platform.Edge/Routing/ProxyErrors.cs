using Microsoft.Extensions.Options;
using Platform.Edge.Site;
using Yarp.ReverseProxy.Forwarder;

namespace Platform.Edge.Routing;

/// <summary>Answers for a server that did not: 413, 502, 503 or 504, as a problem document or an error page.</summary>
internal sealed class ProxyErrors(RequestDelegate next, IOptions<ProxyOptions> options, Problem problem, ProxyMetrics metrics)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.GetForwarderErrorFeature() is not { } failure)
        {
            return;
        }

        metrics.Failed(context.GetReverseProxyFeature().Cluster.Config.ClusterId, failure.Error);
        if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        await (failure.Error switch
        {
            ForwarderError.NoAvailableDestinations => Unavailable(context),
            _ when failure.IsUnconnected() => Unavailable(context),
            // As many upgraded connections as there may be.
            ForwarderError.UpgradeResponseClient => NotUpgraded(context),
            // The client's fault: the body was too large, too slow or broken, and the status says which.
            ForwarderError.RequestBodyClient => problem.WriteAsync(context, context.Response.StatusCode),
            ForwarderError.RequestTimedOut => problem.WriteAsync(
                context, StatusCodes.Status504GatewayTimeout, "The service took too long to answer."),
            _ => problem.WriteAsync(context, StatusCodes.Status502BadGateway, "The service ended the request without an answer."),
        });
    }

    private Task NotUpgraded(HttpContext context)
    {
        // The server has agreed to the upgrade, and its headers say so.
        context.Response.Clear();
        return Unavailable(context);
    }

    private Task Unavailable(HttpContext context) => problem.WriteAsync(
        context, StatusCodes.Status503ServiceUnavailable, "The service is not available at the moment.", options.Value.RetryAfter);
}

/// <summary>What is known of a request that a server did not answer.</summary>
internal static class ForwarderErrors
{
    /// <summary>Whether the connection was never made, so that the server has seen nothing of the request.</summary>
    public static bool IsUnconnected(this IForwarderErrorFeature failure) => failure.Exception switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } => true,
        // SocketsHttpHandler's way of saying that ConnectTimeout passed.
        OperationCanceledException { InnerException: TimeoutException } => true,
        _ => false,
    };
}
