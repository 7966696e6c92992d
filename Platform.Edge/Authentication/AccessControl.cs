using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;
using Platform.Edge.Limits;
using Platform.Edge.Routing;
using Platform.Edge.Site;

namespace Platform.Edge.Authentication;

/// <summary>
/// Lets through who may use a path, whether or not anything is there: a stranger cannot tell. A request to the API with a key is the API's to
/// judge. What a person's browser sends on another site's behalf changes nothing.
/// </summary>
internal sealed class AccessControl(RequestDelegate next, IAntiforgery antiforgery, Problem problem, AccessMetrics metrics)
{
    public const string TokenHeader = "X-CSRF-Token";

    public Task InvokeAsync(HttpContext context)
    {
        var route = context.GetEdgeRoute();
        var access = RouteTable.AccessOf(context.Request.Path);
        if (route?.Access > access)
        {
            access = route.Access;
        }

        return access == Access.Public && !SessionAuthentication.IsPossible(context.Request) ? next(context) : GuardAsync(context, route, access);
    }

    private async Task GuardAsync(HttpContext context, EdgeRoute? route, Access access)
    {
        if (route?.Cluster == RouteTable.Api && context.Request.Headers.ContainsKey(ApiKeys.Header))
        {
            await next(context);
            return;
        }

        var result = await context.AuthenticateAsync(SessionAuthentication.SchemeName);
        if (!result.Succeeded)
        {
            await (access == Access.Public ? next(context) : ChallengeAsync(context, route));
            return;
        }

        context.User = result.Principal;
        await (access == Access.Administrator && !context.User.IsAdministrator ? RefuseAsync(context)
            : route is null || !ForwardedIdentity.IsTold(route) ? next(context)
            : route.Cluster == RouteTable.Api ? ApiAsync(context)
            : access == Access.Public ? next(context)
            : ApplicationAsync(context));
    }

    private Task RefuseAsync(HttpContext context)
    {
        metrics.Refused(Refusal.Role);
        return problem.WriteAsync(
            context, StatusCodes.Status403Forbidden, "This is for administrators. Ask one of them, or sign in as one.");
    }

    private Task ChallengeAsync(HttpContext context, EdgeRoute? route)
    {
        metrics.Refused(Refusal.SignedOut);
        var request = context.Request;
        var response = context.Response;
        if ((HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) && request.AcceptsHtml())
        {
            response.Headers.CacheControl = "no-store";
            response.Redirect(ReturnUrl.SignInFor(request));
            return Task.CompletedTask;
        }

        // RFC 9110, 11.6.1: a 401 names a scheme that would do.
        response.Headers.WWWAuthenticate = route?.Cluster == RouteTable.Api ? "ApiKey" : SessionAuthentication.SchemeName;
        return problem.WriteAsync(context, StatusCodes.Status401Unauthorized, "Sign in first.");
    }

    /// <summary>The token must be in the header: a form in the body is on its way to the API.</summary>
    private async Task ApiAsync(HttpContext context)
    {
        var request = context.Request;
        await (IsSafe(request.Method) || (request.Headers.ContainsKey(TokenHeader) && await antiforgery.IsRequestValidAsync(context))
            ? next(context)
            : problem.WriteAsync(
                context, StatusCodes.Status400BadRequest, $"The header {TokenHeader} is missing or was not made for you. Reload the page."));
    }

    /// <summary>Applications have tokens of their own; here a request only has to come from a page of this site.</summary>
    private Task ApplicationAsync(HttpContext context)
    {
        var mayChange = !IsSafe(context.Request.Method) || context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
        return mayChange && !IsSameOrigin(context.Request)
            ? problem.WriteAsync(context, StatusCodes.Status403Forbidden, "The request did not come from a page of this site.")
            : next(context);
    }

    /// <summary>Whether a request with this method changes nothing (RFC 9110 section 9.2.1).</summary>
    public static bool IsSafe(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method);

    // Browsers do not send Sec-Fetch-Site for WebSockets, or over http to other hosts than this machine.
    private static bool IsSameOrigin(HttpRequest request) => request.Headers["Sec-Fetch-Site"].ToString() switch
    {
        "same-origin" or "none" => true,
        "" => string.Equals(request.Headers.Origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };
}
