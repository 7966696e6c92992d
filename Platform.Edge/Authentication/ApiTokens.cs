using System.Security.Claims;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Platform.Edge.Authentication;

/// <summary>A token for the API, and when to make another one.</summary>
internal sealed record ApiToken(string Value, DateTimeOffset ReplaceAt);

/// <summary>
/// Tells the API who has signed in: short-lived JSON Web Tokens (RFC 7519) under a key that only the edge and the API have.
/// </summary>
internal sealed class ApiTokens(IOptions<SignInOptions> options, TimeProvider time)
{
    private const string Issuer = "platform-edge";
    private const string Audience = "platform-api";

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>A token is not used up to its last second, which the other clock may have passed.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private static readonly string[] AdministratorScopes = ["read", "write", "admin"];
    private static readonly string[] ViewerScopes = ["read"];
    private static readonly string[] AuditScopes = ["audit"];

    private readonly JsonWebTokenHandler _handler = new();
    private readonly SigningCredentials? _credentials = options.Value.ApiTokenKey is { Length: > 0 } key
        ? new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(key)), SecurityAlgorithms.HmacSha256)
        : null;

    /// <summary>Whether there is a key to sign with.</summary>
    public bool IsConfigured => _credentials is not null;

    /// <summary>The token of a session; null without a key.</summary>
    public string? For(Session session)
    {
        if (_credentials is null)
        {
            return null;
        }

        var now = time.GetUtcNow();
        if (session.Token is not { } token || now >= token.ReplaceAt)
        {
            session.Token = token = new ApiToken(Create(session.Ticket.Principal, now), now + Lifetime - Margin);
        }

        return token.Value;
    }

    /// <summary>The token with which the edge writes into the audit log, for itself and nothing else; null without a key.</summary>
    public string? ForAudit() => _credentials is null ? null : Create("edge", "edge", AuditScopes, time.GetUtcNow());

    private string Create(ClaimsPrincipal user, DateTimeOffset now) =>
        Create(user.Id, user.Name, user.IsAdministrator ? AdministratorScopes : ViewerScopes, now);

    private string Create(string subject, string name, string[] scopes, DateTimeOffset now) => _handler.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = Issuer,
        Audience = Audience,
        IssuedAt = now.UtcDateTime,
        NotBefore = now.UtcDateTime,
        Expires = (now + Lifetime).UtcDateTime,
        Claims = new Dictionary<string, object> { ["sub"] = subject, ["name"] = name, ["scope"] = scopes },
        SigningCredentials = _credentials,
    });
}
