using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Platform.Edge.Site;

namespace Platform.Edge.Authentication;

/// <summary>What becomes of the provider's answers: a session for who has a role, else a page that says why not.</summary>
internal sealed partial class ProviderEvents(
    IOptions<SignInOptions> options, Problem problem, AuditTrail audit, ILogger<ProviderEvents> logger) : OpenIdConnectEvents
{
    /// <summary>The claim with the name that a person signs in with.</summary>
    public const string UserName = "preferred_username";

    public const string AwayDetail = "The service that people sign in with does not answer at the moment.";

    // A claim of this type is a role as the provider names it; it does not get into the session.
    private const string ProviderRole = "provider_role";

    private readonly OidcOptions _options = options.Value.Oidc;

    public static TimeSpan AwayWait { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether the provider could not be reached, or is not one.</summary>
    public static bool IsAway(Exception? exception) => exception switch
    {
        null => false,
        HttpRequestException or IOException or TimeoutException or TaskCanceledException => true,
        // IDX20803, IDX20807 and their kin: the provider's description of itself could not be read.
        InvalidOperationException { Message: var message } when message.StartsWith("IDX208", StringComparison.Ordinal) => true,
        _ => IsAway(exception.InnerException),
    };

    public override Task TokenValidated(TokenValidatedContext context)
    {
        using var claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(context.SecurityToken.RawPayload));
        AddRoles(context.Principal!, claims.RootElement);
        if (context.TokenEndpointResponse?.IdToken is { } idToken)
        {
            // All that is kept: the provider wants it back when the person signs out.
            context.Properties!.StoreTokens([new AuthenticationToken { Name = "id_token", Value = idToken }]);
        }

        return Task.CompletedTask;
    }

    public override Task UserInformationReceived(UserInformationReceivedContext context)
    {
        AddRoles(context.Principal!, context.User.RootElement);
        return Task.CompletedTask;
    }

    public override async Task TicketReceived(TicketReceivedContext context)
    {
        var user = context.Principal!;
        var subject = user.FindFirstValue("sub")!;
        var name = user.FindFirstValue(UserName) ?? user.FindFirstValue("email") ?? user.FindFirstValue("name") ?? subject;
        var role = user.HasClaim(ProviderRole, _options.AdministratorRole) ? Identity.Administrator
            : user.HasClaim(ProviderRole, _options.ViewerRole) ? Identity.Viewer
            : null;
        if (role is null)
        {
            audit.Refused(context.HttpContext, Identity.Create(subject, name, email: null, Identity.Viewer).Name);
            context.HandleResponse();
            await problem.WriteAsync(
                context.HttpContext,
                StatusCodes.Status403Forbidden,
                $"You are known, but have no role here. Ask who administers the accounts for the role {_options.ViewerRole} "
                + $"or {_options.AdministratorRole}.");
            return;
        }

        context.Principal = Identity.Create(subject, name, user.FindFirstValue("email"), role);
        audit.SignedIn(context.HttpContext, context.Principal.Name, role, "openid-connect");
    }

    public override Task AccessDenied(AccessDeniedContext context)
    {
        context.HandleResponse();
        return problem.WriteAsync(context.HttpContext, StatusCodes.Status403Forbidden, "You have not signed in: the other side was told not to.");
    }

    public override Task RemoteFailure(RemoteFailureContext context)
    {
        context.HandleResponse();
        var isAway = IsAway(context.Failure);
        LogFailure(isAway ? LogLevel.Warning : LogLevel.Information, context.Failure);
        return isAway
            ? problem.WriteAsync(context.HttpContext, StatusCodes.Status503ServiceUnavailable, AwayDetail, AwayWait)
            : problem.WriteAsync(
                context.HttpContext,
                StatusCodes.Status400BadRequest,
                $"You have not signed in: the answer was not one to a question of ours, or came too late. Begin again at {SignInEndpoints.SignIn}.");
    }

    private void AddRoles(ClaimsPrincipal user, JsonElement claims) => user.AddIdentity(
        new ClaimsIdentity(RolesIn(claims, _options.RoleClaim).Select(role => new Claim(ProviderRole, role))));

    /// <summary>The values of a claim, by its name, or by the path to it where it is inside another.</summary>
    internal static IEnumerable<string> RolesIn(JsonElement claims, string path)
    {
        if (claims.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        if (!claims.TryGetProperty(path, out var value))
        {
            // A name may have dots itself, as those that are addresses do.
            return path.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && claims.TryGetProperty(path[..dot], out var inner)
                ? RolesIn(inner, path[(dot + 1)..])
                : [];
        }

        return value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Array =>
                [.. value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)],
            _ => [],
        };
    }

    [LoggerMessage(Message = "A sign-in at the provider did not work", EventName = "ProviderSignInFailed")]
    private partial void LogFailure(LogLevel level, Exception? exception);
}
