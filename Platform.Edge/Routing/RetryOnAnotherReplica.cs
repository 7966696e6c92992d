using Microsoft.AspNetCore.Http.Features;
using Platform.Edge.Authentication;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Platform.Edge.Routing;

/// <summary>
/// Sends a request whose replica failed once more, up to three times in all: one that is safe (RFC 9110 section 9.2.1) and has no body, or
/// any request whose connection was never made, so that nothing of it was sent. PUT and DELETE could be repeated as well, but the answer to
/// the second would hide that the first was carried out: a client would be told that what it has just deleted was never there. It goes to
/// another replica where one is known; else to the same address after a moment, since several may stand behind it.
/// </summary>
internal sealed class RetryOnAnotherReplica(RequestDelegate next)
{
    private const int Attempts = 3;
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(50);

    public async Task InvokeAsync(HttpContext context)
    {
        if (!AccessControl.IsSafe(context.Request.Method) && !CanHaveBody(context))
        {
            // When a connection that was used before ends without an answer, SocketsHttpHandler repeats a request by itself, whatever its
            // method, unless it has begun to send a body: an empty one is a body.
            context.Request.ContentLength ??= 0;
        }

        await next(context);
        for (var attempt = 1; attempt < Attempts && MayRepeat(context); attempt++)
        {
            var proxy = context.GetReverseProxyFeature();
            var failed = proxy.ProxiedDestination;
            var others = proxy.AllDestinations.Where(replica => replica != failed).ToList();
            var healthy = others.Where(replica => replica.Health.Active != DestinationHealth.Unhealthy).ToList();
            if (failed is null)
            {
                return;
            }

            if (others.Count == 0)
            {
                await Task.Delay(Moment * attempt, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            context.Features.Set<IForwarderErrorFeature>(null);
            context.Response.StatusCode = StatusCodes.Status200OK;
            proxy.AvailableDestinations = healthy.Count > 0 ? healthy : others.Count > 0 ? others : [failed];
            proxy.ProxiedDestination = null;
            await next(context);
        }
    }

    private static bool MayRepeat(HttpContext context) =>
        !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested
        && context.GetForwarderErrorFeature() is { } failure && MayRepeat(context, failure);

    private static bool MayRepeat(HttpContext context, IForwarderErrorFeature failure) =>
        failure.IsUnconnected()
        || (failure.Error == ForwarderError.Request && AccessControl.IsSafe(context.Request.Method) && !CanHaveBody(context));

    private static bool CanHaveBody(HttpContext context) => context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false };
}
