using Microsoft.AspNetCore.Authorization;

namespace Platform.Api.Security;

/// <summary>What an API key may do. None includes another.</summary>
internal static class Scopes
{
    public const string Read = "read";
    public const string Write = "write";
    public const string Admin = "admin";

    /// <summary>To write what happened at the edge into the audit log: the edge's own, and no key's.</summary>
    public const string Audit = "audit";

    public const string ClaimType = "scope";

    public static IReadOnlyList<string> All { get; } = [Read, Write, Admin];

    /// <summary>Opens the endpoint to keys with the scope: 401 without a key, 403 without the scope.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder endpoint, string scope) where TBuilder : IEndpointConventionBuilder =>
        endpoint.RequireAuthorization(new AuthorizationPolicyBuilder().RequireClaim(ClaimType, scope).Build())
            .WithMetadata(new RequiredScope(scope));
}

/// <summary>Tells the OpenAPI document which scope an endpoint needs.</summary>
internal sealed record RequiredScope(string Scope);
