using System.Net;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Platform.Edge.Limits;
using Platform.Edge.Routing;
using Platform.Edge.Site;
using Yarp.ReverseProxy;

namespace Platform.Edge.Authentication;

/// <summary>The paths below <c>/auth</c>: signing in as the built-in administrator or at the provider, and signing out.</summary>
internal sealed class SignInEndpoints(
    SiteFiles site,
    Problem problem,
    IAntiforgery antiforgery,
    AdministratorAccount administrator,
    Sessions sessions,
    AuditTrail audit,
    IProxyStateLookup servers,
    IOptions<SignInOptions> options)
{
    public const string Prefix = "/auth";
    public const string SignIn = Prefix + "/sign-in";
    public const string SignOut = Prefix + "/sign-out";
    public const string Callback = Prefix + "/callback";
    public const string SignedOutCallback = Prefix + "/signed-out";

    private const string SessionPath = Prefix + "/session";
    private const int LargestForm = 8 * 1024;

    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    private readonly bool _hasProvider = options.Value.Oidc.IsConfigured;

    public static void Map(IEndpointRouteBuilder app)
    {
        var endpoints = app.ServiceProvider.GetRequiredService<SignInEndpoints>();
        app.MapMethods(SignIn, Reading, endpoints.AskAsync);
        app.MapPost(SignIn, endpoints.SignInAsync).WithMetadata(new RequestSizeLimitAttribute(LargestForm));
        app.MapMethods(SignOut, Reading, endpoints.AskToSignOutAsync);
        app.MapPost(SignOut, endpoints.SignOutAsync).WithMetadata(new RequestSizeLimitAttribute(LargestForm));
        app.MapMethods(SessionPath, Reading, endpoints.TellAsync);
    }

    /// <summary>The form, or the way to the provider.</summary>
    private Task AskAsync(HttpContext context)
    {
        var destination = ReturnUrl.Local(context.Request.Query["return"]);
        if (context.Features.Get<Session>() is not null)
        {
            context.Response.Redirect(destination);
            return Task.CompletedTask;
        }

        return !IsConfidential(context.Request) ? NeedsHttps(context)
            : _hasProvider ? ToProviderAsync(context, destination)
            : !administrator.IsConfigured ? NotConfigured(context)
            : ShowFormAsync(context);
    }

    private async Task SignInAsync(HttpContext context)
    {
        var request = context.Request;
        if (!IsConfidential(request))
        {
            await NeedsHttps(context);
        }
        else if (_hasProvider)
        {
            await problem.WriteAsync(context, StatusCodes.Status404NotFound, "No passwords are taken here.");
        }
        else if (!administrator.IsConfigured)
        {
            await NotConfigured(context);
        }
        else if (await ReadFormAsync(request) is not { } form)
        {
            await problem.WriteAsync(context, StatusCodes.Status400BadRequest, "The form cannot be read.");
        }
        else if (!await antiforgery.IsRequestValidAsync(context))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "This page was open for too long. Please try again.");
        }
        else
        {
            await TryAsync(context, form["username"].ToString(), form["password"].ToString());
        }
    }

    private async Task TryAsync(HttpContext context, string userName, string password)
    {
        var address = ClientAddress.Of(context.Connection.RemoteIpAddress);
        var (attempt, wait) = await administrator.TryAsync(userName, password, address, context.RequestAborted);
        switch (attempt)
        {
            case Attempt.Succeeded:
                var user = administrator.Principal();
                await context.SignInAsync(SessionAuthentication.SchemeName, user);
                audit.SignedIn(context, user.Name, user.Role, "password");
                SeeOther(context, ReturnUrl.Local(context.Request.Query["return"]));
                return;
            case Attempt.Busy:
                await RefuseAsync(
                    context, StatusCodes.Status503ServiceUnavailable, "Too many people are signing in. Please try again in a moment.", wait);
                return;
            case Attempt.Locked:
                await RefuseAsync(
                    context, StatusCodes.Status429TooManyRequests, $"There were too many attempts. Please wait {InWords(wait)} and try again.", wait);
                return;
            default:
                audit.Failed(context, administrator.Known(userName));
                if (attempt == Attempt.LockedNow)
                {
                    audit.Locked(context, administrator.Known(userName), wait);
                }

                context.Response.Headers.WWWAuthenticate = SessionAuthentication.SchemeName;
                await RefuseAsync(context, StatusCodes.Status401Unauthorized, "The name or the password is wrong.");
                return;
        }
    }

    private async Task ToProviderAsync(HttpContext context, string destination)
    {
        try
        {
            await context.ChallengeAsync(OpenIdConnectDefaults.AuthenticationScheme, new AuthenticationProperties { RedirectUri = destination });
        }
        catch (Exception exception) when (ProviderEvents.IsAway(exception))
        {
            await problem.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, ProviderEvents.AwayDetail, ProviderEvents.AwayWait);
        }
    }

    private Task AskToSignOutAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return context.Features.Get<Session>() is { Ticket.Principal: var user }
            ? site.SignOutPage.WriteAsync(context, new PageValues { User = user.Name, Csrf = Token(context) })
            : site.SignedOutPage.WriteAsync(context);
    }

    private async Task SignOutAsync(HttpContext context)
    {
        if (context.Features.Get<Session>() is not { Ticket.Principal: var user } session)
        {
            SeeOther(context, SignOut);
            return;
        }

        if (await ReadFormAsync(context.Request) is null || !await antiforgery.IsRequestValidAsync(context))
        {
            await problem.WriteAsync(context, StatusCodes.Status400BadRequest, "The form was not made for you, or is too old. Reload the page.");
            return;
        }

        var atProvider = session.Ticket.Properties.GetTokenValue("id_token") is null ? null : await AtProviderAsync(context);
        await context.SignOutAsync(SessionAuthentication.SchemeName);
        audit.SignedOut(context, user.Name);
        if (atProvider is null)
        {
            SeeOther(context, SignOut);
            return;
        }

        // Not a redirect: the page's policy lets a form lead to this site only, redirects included.
        context.Response.Headers["Refresh"] = $"0;url={atProvider}";
        await site.SignedOutPage.WriteAsync(context);
    }

    /// <summary>Where the provider ends its own session (OpenID Connect RP-Initiated Logout); null when it cannot be asked to.</summary>
    private static async Task<string?> AtProviderAsync(HttpContext context)
    {
        var provider = context.RequestServices.GetRequiredService<IOptionsMonitor<OpenIdConnectOptions>>()
            .Get(OpenIdConnectDefaults.AuthenticationScheme);
        try
        {
            var configuration = await provider.ConfigurationManager!.GetConfigurationAsync(context.RequestAborted);
            if (string.IsNullOrEmpty(configuration.EndSessionEndpoint))
            {
                return null;
            }

            await context.SignOutAsync(OpenIdConnectDefaults.AuthenticationScheme, new AuthenticationProperties { RedirectUri = SignOut });
        }
        catch (Exception exception) when (ProviderEvents.IsAway(exception))
        {
            // The session here ends all the same.
            return null;
        }

        var address = context.Response.Headers.Location.ToString();
        context.Response.Headers.Location = default;
        context.Response.StatusCode = StatusCodes.Status200OK;
        return address;
    }

    private Task TellAsync(HttpContext context)
    {
        if (context.Features.Get<Session>() is not { Ticket.Principal: var user } session)
        {
            context.Response.Headers.WWWAuthenticate = SessionAuthentication.SchemeName;
            return problem.WriteAsync(context, StatusCodes.Status401Unauthorized, "Nobody has signed in.");
        }

        var applications = user.IsAdministrator
            ? Application.All.Select(application => application.Name).Where(name => servers.TryGetCluster(name, out _)).ToList()
            : [];
        var answer = new SessionDescription(
            user.Id, user.Name, user.Role, Token(context), sessions.EndOf(session).UtcDateTime, applications);
        return context.Response.WriteAsJsonAsync(answer, SessionJson.Default.SessionDescription, cancellationToken: context.RequestAborted);
    }

    private Task RefuseAsync(HttpContext context, int status, string message, TimeSpan? retryAfter = null)
    {
        if (!context.Request.AcceptsHtml())
        {
            return problem.WriteAsync(context, status, message, retryAfter);
        }

        context.Response.StatusCode = status;
        context.Response.SetRetryAfter(retryAfter);
        return ShowFormAsync(context, message);
    }

    private Task ShowFormAsync(HttpContext context, string? message = null) =>
        site.SignInPage.WriteAsync(context, new PageValues { Csrf = Token(context), Invalid = message });

    private Task NeedsHttps(HttpContext context) => problem.WriteAsync(
        context, StatusCodes.Status403Forbidden, $"Signing in needs https: open https://{context.Request.Host}{SignIn} instead.");

    private Task NotConfigured(HttpContext context) => problem.WriteAsync(
        context, StatusCodes.Status503ServiceUnavailable, "Signing in is not configured: there is neither an administrator nor a provider.");

    /// <summary>The anti-forgery token for the page, which is then kept by nobody's cache.</summary>
    private string Token(HttpContext context) => antiforgery.GetAndStoreTokens(context).RequestToken!;

    /// <summary>https, or this very machine: browsers keep the session's cookie nowhere else.</summary>
    private static bool IsConfidential(HttpRequest request) =>
        request.IsHttps || request.Host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(request.Host.Host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>The form in the body; null when it is none.</summary>
    private static async Task<IFormCollection?> ReadFormAsync(HttpRequest request)
    {
        try
        {
            return request.HasFormContentType ? await request.ReadFormAsync(request.HttpContext.RequestAborted) : null;
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or (IOException and not BadHttpRequestException)
            && !request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            return null;
        }
    }

    private static void SeeOther(HttpContext context, string location)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = location;
    }

    private static string InWords(TimeSpan wait) => wait.TotalSeconds <= 90
        ? $"{Math.Max(1, Math.Ceiling(wait.TotalSeconds)):0} seconds"
        : $"{Math.Ceiling(wait.TotalMinutes):0} minutes";
}

/// <summary>
/// The answer of GET /auth/session, with the names of the applications below their prefixes that run here and that this person may open.
/// </summary>
internal sealed record SessionDescription(
    string User, string Name, string Role, string CsrfToken, DateTime ExpiresAt, IReadOnlyList<string> Applications);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SessionDescription))]
internal sealed partial class SessionJson : JsonSerializerContext;
