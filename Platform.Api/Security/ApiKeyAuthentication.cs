using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Platform.Api.Requests;

namespace Platform.Api.Security;

/// <summary>The authentication scheme of the header <c>X-API-Key</c>.</summary>
internal sealed class ApiKeyAuthentication(
    ApiKeys keys, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";

    private static readonly Task<AuthenticateResult> None = Task.FromResult(AuthenticateResult.NoResult());
    private static readonly Task<AuthenticateResult> Unknown = Task.FromResult(AuthenticateResult.Fail("No such key."));

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Request.Headers.TryGetValue(ApiKey.HeaderName, out var sent)
        ? sent is [var presented] && keys.Find(presented) is { } key
            ? Task.FromResult(AuthenticateResult.Success(new(key.Principal, Scheme.Name)))
            : Unknown
        : None;

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        // RFC 9110, 11.6.1: a 401 names the scheme that would do.
        Response.Headers.WWWAuthenticate = Scheme.Name;
        var error = Request.Headers.ContainsKey(ApiKey.HeaderName) ? "is not a key that is in use" : "is required";
        await RefuseAsync(StatusCodes.Status401Unauthorized, error);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        RefuseAsync(StatusCodes.Status403Forbidden, "does not have the scope that this needs");

    private Task RefuseAsync(int status, string error) =>
        RequestProblems.Invalid(new Dictionary<string, string[]> { [ApiKey.HeaderName] = [error] }, status).ExecuteAsync(Context);
}
