using Microsoft.AspNetCore.Http.Features;
using Platform.Edge.Site;

namespace Platform.Edge.Routing;

/// <summary>
/// Refuses CONNECT with a path, which is malformed (RFC 9112, section 3.2.3): the edge opens no tunnels, and a server behind it would count as
/// failing for not doing so. A WebSocket over HTTP/2 is begun with an extended CONNECT (RFC 8441), which passes.
/// </summary>
internal sealed class Tunnels(RequestDelegate next, Problem problem)
{
    public Task InvokeAsync(HttpContext context) =>
        HttpMethods.IsConnect(context.Request.Method) && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true }
            ? problem.WriteAsync(context, StatusCodes.Status400BadRequest, "The edge opens no tunnels.")
            : next(context);
}
