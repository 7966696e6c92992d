using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Authentication;

/// <summary>
/// The authentication scheme of the session cookie, which holds the session's id and nothing else. A cookie that is not one of ours, or of a
/// session that has ended, is a stranger's. Each sign-in begins a session with a new id and ends the one before; the framework's cookie
/// handler would go on with the id that the browser had.
/// </summary>
internal sealed class SessionAuthentication(
    Sessions sessions, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : SignInAuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Session";

    /// <summary>What the names of all cookies of the edge begin with. Browsers take such a one over https only, for this host only.</summary>
    public const string CookiePrefix = "__Host-platform";

    /// <summary>Whether the request may belong to a session; cheap.</summary>
    public static bool IsPossible(HttpRequest request) => request.Headers.Cookie.Count > 0 && request.Cookies.ContainsKey(CookiePrefix);

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Cookies[CookiePrefix] is not { } id || sessions.Find(id) is not { } session)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        Context.Features.Set(session);
        return Task.FromResult(AuthenticateResult.Success(session.Ticket));
    }

    protected override Task HandleSignInAsync(ClaimsPrincipal user, AuthenticationProperties? properties)
    {
        EndSession();
        var id = sessions.Start(new AuthenticationTicket(user, properties, Scheme.Name));
        Response.Cookies.Append(CookiePrefix, id, Cookie());
        return Task.CompletedTask;
    }

    protected override Task HandleSignOutAsync(AuthenticationProperties? properties)
    {
        EndSession();
        Response.Cookies.Delete(CookiePrefix, Cookie());
        return Task.CompletedTask;
    }

    private static CookieOptions Cookie() => new() { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/" };

    private void EndSession()
    {
        if (Request.Cookies[CookiePrefix] is { } id)
        {
            sessions.End(id);
        }
    }
}
