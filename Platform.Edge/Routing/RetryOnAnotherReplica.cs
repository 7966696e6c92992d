using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Platform.Edge.Routing;

/// <summary>
/// Gives a request whose replica failed to one other replica: one that may be repeated (RFC 9110 section 9.2.2) and has no body, or any
/// request whose connection was never made, so that nothing of it was sent.
/// </summary>
internal sealed class RetryOnAnotherReplica(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested
            || context.GetForwarderErrorFeature() is not { } failure || !MayRepeat(context, failure))
        {
            return;
        }

        var proxy = context.GetReverseProxyFeature();
        var others = proxy.AllDestinations.Where(replica => replica != proxy.ProxiedDestination).ToList();
        var healthy = others.Where(replica => replica.Health.Active != DestinationHealth.Unhealthy).ToList();
        if (others.Count == 0 || proxy.ProxiedDestination is null)
        {
            return;
        }

        context.Features.Set<IForwarderErrorFeature>(null);
        context.Response.StatusCode = StatusCodes.Status200OK;
        proxy.AvailableDestinations = healthy.Count > 0 ? healthy : others;
        proxy.ProxiedDestination = null;
        await next(context);
    }

    private static bool MayRepeat(HttpContext context, IForwarderErrorFeature failure) =>
        failure.IsUnconnected()
        || (failure.Error == ForwarderError.Request && IsIdempotent(context.Request.Method)
            && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false });

    private static bool IsIdempotent(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method)
        || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method);
}
