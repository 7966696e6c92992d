using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Net.Http.Headers;
using Platform.Api.Requests;

namespace Platform.Api.Security;

/// <summary>
/// The token in which the edge says who has signed in: a JSON Web Token (RFC 7519) as bearer token, signed with a key that only the edge has
/// besides. Without that key there is no such scheme, and the header means nothing.
/// </summary>
internal static class EdgeToken
{
    public const string SchemeName = "Edge";

    /// <summary>The scheme that stands for the one of the request: a key where there is one, else a token.</summary>
    public const string SelectorName = "KeyOrToken";

    private const string Issuer = "platform-edge";
    private const string Audience = "platform-api";
    private const string Bearer = "Bearer";

    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    public static void AddEdgeToken(this AuthenticationBuilder authentication)
    {
        authentication.AddPolicyScheme(SelectorName, displayName: null, selector => selector.ForwardDefaultSelector = context =>
            !context.Request.Headers.ContainsKey(ApiKey.HeaderName) && IsPresentedBy(context) ? SchemeName : ApiKeyAuthentication.SchemeName);
        authentication.AddJwtBearer(SchemeName, configureOptions: null!);
        authentication.Services.AddOptions<JwtBearerOptions>(SchemeName).Configure<IOptions<SecurityOptions>>(Configure);
    }

    /// <summary>Whether the request carries a token, good or not.</summary>
    public static bool IsPresentedBy(HttpContext context) =>
        context.Request.Headers.Authorization is [{ } header, ..]
        && header.StartsWith(Bearer + " ", StringComparison.OrdinalIgnoreCase)
        && context.RequestServices.GetRequiredService<IOptions<SecurityOptions>>().Value.EdgeKey is { Length: > 0 };

    private static void Configure(JwtBearerOptions jwt, IOptions<SecurityOptions> security)
    {
        jwt.MapInboundClaims = false;
        jwt.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = Issuer,
            ValidAudience = Audience,
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            IssuerSigningKey = security.Value.EdgeKey is { Length: > 0 } key ? new SymmetricSecurityKey(Encoding.UTF8.GetBytes(key)) : null,
            ClockSkew = ClockSkew,
        };
        jwt.Events = new JwtBearerEvents
        {
            OnTokenValidated = context =>
            {
                var token = context.Principal!;
                if (token.FindFirstValue("sub") is not { } subject || token.FindFirstValue("name") is not { } name)
                {
                    context.Fail("The token names nobody.");
                    return Task.CompletedTask;
                }

                context.Principal = new ClaimsPrincipal(new ClaimsIdentity(
                    [
                        new(ClaimTypes.Name, name),
                        // Beside those of the keys, which have no prefix.
                        new(ClaimTypes.NameIdentifier, $"user:{subject}"),
                        .. token.FindAll(Scopes.ClaimType),
                    ],
                    SchemeName));
                return Task.CompletedTask;
            },
            OnChallenge = context =>
            {
                context.HandleResponse();
                // RFC 6750, 3: what the token lacks.
                context.Response.Headers.WWWAuthenticate = $"{Bearer} error=\"invalid_token\"";
                return RefuseAsync(context.HttpContext, StatusCodes.Status401Unauthorized, "is not a token that is in use");
            },
            OnForbidden = context => RefuseAsync(
                context.HttpContext, StatusCodes.Status403Forbidden, "does not have the scope that this needs"),
        };
    }

    private static Task RefuseAsync(HttpContext context, int status, string error) =>
        RequestProblems.Invalid(new Dictionary<string, string[]> { [HeaderNames.Authorization] = [error] }, status).ExecuteAsync(context);
}
