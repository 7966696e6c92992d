using System.Collections.Frozen;
using Microsoft.Extensions.Primitives;
using Platform.Edge.Limits;
using Platform.Edge.Routing;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Platform.Edge.Authentication;

/// <summary>
/// Who the servers behind the edge are told has signed in: the API in a bearer token, applications in the headers that they know for a proxy
/// that signs people in. Nobody else's word reaches them, and the edge's cookies stay here.
/// </summary>
internal static class ForwardedIdentity
{
    private const string User = "X-WEBAUTH-USER";
    private const string Email = "X-WEBAUTH-EMAIL";
    private const string Role = "X-WEBAUTH-ROLE";
    private const string ForwardedUser = "X-Forwarded-User";

    /// <summary>What applications believe about a user.</summary>
    private static readonly FrozenSet<string> IdentityHeaders = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        User, Email, Role, "X-WEBAUTH-NAME", "X-WEBAUTH-GROUPS",
        ForwardedUser, "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Remote-User", "Remote-User");

    /// <summary>The API's routes that answer everybody alike.</summary>
    private static readonly FrozenSet<string> Anonymous =
        FrozenSet.Create("/api", "/contact", "/visits", "/stats", "/health", "/d/{token}");

    public static void AddForwardedIdentity(this TransformBuilderContext builder)
    {
        var route = RouteTable.Routes.Single(route => route.Path == builder.Route.RouteId);
        var tokens = builder.Services.GetRequiredService<ApiTokens>();
        builder.AddRequestTransform(transform =>
        {
            RemoveClaimed(transform);
            KeepCookies(transform);
            if (route.Cluster == RouteTable.Api)
            {
                TellApi(transform, route, tokens);
            }
            else if (route.Access != Access.Public && transform.HttpContext.Features.Get<Session>() is { } session)
            {
                TellApplication(transform, session);
            }

            return ValueTask.CompletedTask;
        });
        builder.AddResponseTransform(transform =>
        {
            RefuseCookies(transform.HttpContext.Response.Headers);
            return ValueTask.CompletedTask;
        });
    }

    /// <summary>Whether a request to the route is made in the name of who has signed in.</summary>
    public static bool IsTold(EdgeRoute route) =>
        route.Cluster != RouteTable.Api || !Anonymous.Contains(route.StripPrefix is { } prefix ? route.Path[prefix.Length..] : route.Path);

    private static void RemoveClaimed(RequestTransformContext transform)
    {
        foreach (var (name, _) in transform.HttpContext.Request.Headers)
        {
            // Some servers read an underscore as a hyphen; a header with one has no other use.
            if (IdentityHeaders.Contains(name) || (name.Contains('_', StringComparison.Ordinal) && IdentityHeaders.Contains(name.Replace('_', '-'))))
            {
                transform.ProxyRequest.Headers.Remove(name);
            }
        }
    }

    private static void KeepCookies(RequestTransformContext transform)
    {
        var sent = transform.HttpContext.Request.Headers.Cookie;
        if (!IsOurs(sent))
        {
            return;
        }

        var others = sent
            .SelectMany(header => header!.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Where(cookie => !IsOurs(cookie));
        transform.ProxyRequest.Headers.Remove("Cookie");
        if (string.Join("; ", others) is { Length: > 0 } cookies)
        {
            transform.ProxyRequest.Headers.TryAddWithoutValidation("Cookie", cookies);
        }
    }

    private static void TellApi(RequestTransformContext transform, EdgeRoute route, ApiTokens tokens)
    {
        var headers = transform.ProxyRequest.Headers;
        headers.Remove("Authorization");
        if (transform.HttpContext.Features.Get<Session>() is { } session && IsTold(route)
            && !transform.HttpContext.Request.Headers.ContainsKey(ApiKeys.Header) && tokens.For(session) is { } token)
        {
            headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }
    }

    private static void TellApplication(RequestTransformContext transform, Session session)
    {
        var user = session.Ticket.Principal;
        var headers = transform.ProxyRequest.Headers;
        headers.TryAddWithoutValidation(User, user.Name);
        headers.TryAddWithoutValidation(ForwardedUser, user.Name);
        headers.TryAddWithoutValidation(Role, user.IsAdministrator ? "Admin" : "Viewer");
        if (user.Email is { } email)
        {
            headers.TryAddWithoutValidation(Email, email);
        }
    }

    private static void RefuseCookies(IHeaderDictionary headers)
    {
        if (IsOurs(headers.SetCookie))
        {
            headers.SetCookie = headers.SetCookie.Where(cookie => !IsOurs(cookie)).ToArray();
        }
    }

    private static bool IsOurs(StringValues cookies)
    {
        foreach (var cookie in cookies)
        {
            // The names of such cookies are matched regardless of case by browsers.
            if (cookie?.Contains(SessionAuthentication.CookiePrefix, StringComparison.OrdinalIgnoreCase) == true)
            {
                return true;
            }
        }

        return false;
    }
}
