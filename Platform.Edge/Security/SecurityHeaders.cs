using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using Platform.Edge.Routing;

namespace Platform.Edge.Security;

/// <summary>
/// Puts the security headers on every answer, whoever made it, in place of what a server behind the edge may have said. They are set at
/// the last moment, so that an error handler that clears the response does not take them away.
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    private const string NothingAllowed = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // What the API says of the contents of documents: stricter than what is said here.
    private const string Sandbox = "sandbox";
    private const string NoReferrer = "no-referrer";

    private const string Permissions =
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), "
        + "payment=(), usb=(), xr-spatial-tracking=()";

    // One StringValues each, made once: a header set from a string literal would be wrapped on each request.
    private static readonly StringValues NoSniff = "nosniff";
    private static readonly StringValues Deny = "DENY";
    private static readonly StringValues SameOriginFrames = "SAMEORIGIN";
    private static readonly StringValues Referrer = "strict-origin-when-cross-origin";
    private static readonly StringValues PermissionsValue = Permissions;
    private static readonly StringValues SameOrigin = "same-origin";
    private static readonly StringValues Hsts = "max-age=31536000; includeSubDomains";
    private static readonly StringValues NothingAllowedValue = NothingAllowed;
    private static readonly StringValues SandboxValue = $"{NothingAllowed}; {Sandbox}";

    private static readonly Func<object, Task> SetHeaders = state =>
    {
        Set((HttpContext)state);
        return Task.CompletedTask;
    };

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(SetHeaders, context);
        return next(context);
    }

    private static void Set(HttpContext context)
    {
        var headers = context.Response.Headers;
        var route = context.GetEdgeRoute();
        headers.XContentTypeOptions = NoSniff;
        headers.XFrameOptions = route?.Application is null ? Deny : SameOriginFrames;
        headers["Referrer-Policy"] = headers["Referrer-Policy"] == NoReferrer ? NoReferrer : Referrer;
        headers["Permissions-Policy"] = PermissionsValue;
        headers["Cross-Origin-Opener-Policy"] = SameOrigin;
        headers["Cross-Origin-Resource-Policy"] = SameOrigin;
        headers.ContentSecurityPolicy = context.Features.Get<PageNonce>() is { } nonce ? PagePolicy(nonce)
            : headers.ContentSecurityPolicy == Sandbox ? SandboxValue
            // A browser holds a page to every policy that it comes with: what an application says of itself can only narrow this one.
            : route is { ContentSecurityPolicy.Count: > 0 } ? StringValues.Concat(OwnPolicy(route, headers), route.ContentSecurityPolicy)
            : NothingAllowedValue;
        // RFC 6797 section 7.2: not over plain HTTP.
        headers.StrictTransportSecurity = context.Request.IsHttps ? Hsts : default;
        headers.Server = default;
        headers.XPoweredBy = default;
    }

    private static StringValues OwnPolicy(EdgeRoute route, IHeaderDictionary headers) =>
        route.Application is null ? StringValues.Empty : headers.ContentSecurityPolicy;

    private static string PagePolicy(PageNonce nonce) =>
        $"default-src 'none'; script-src 'nonce-{nonce.Value}'; style-src 'nonce-{nonce.Value}'; img-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
}

/// <summary>The number used once that lets a page's own scripts and styles run; a page of the edge puts it on its request.</summary>
internal sealed class PageNonce
{
    /// <summary>128 random bits in base64url, which needs no escaping in HTML.</summary>
    public string Value { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
}

internal static class SecurityHeadersExtensions
{
    public static void UseSecurityHeaders(this WebApplication app) => app.UseMiddleware<SecurityHeaders>();
}
