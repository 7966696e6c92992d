namespace Platform.AppHost.Services;

/// <summary>Who may sign in at the edge, and how the API knows them.</summary>
internal static class SignInExtensions
{
    /// <summary>
    /// People sign in with the OpenID Connect provider that the parameters <c>oidc-*</c> name; where they name none, as the administrator of
    /// the parameters <c>admin-*</c>. The API learns from the edge who they are.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithSignIn(
        this IResourceBuilder<ProjectResource> edge, IResourceBuilder<ProjectResource> api)
    {
        var builder = edge.ApplicationBuilder;
        var edgeKey = builder.AddSecret(KnownParameters.EdgeKey);
        api.WithEnvironment("Security__EdgeKey", edgeKey);
        edge.WithEnvironment("Authentication__ApiTokenKey", edgeKey)
            .WithEnvironment("Authentication__Administrator__UserName", builder.AddChoice(KnownParameters.AdminUser, "admin"))
            .WithEnvironment("Authentication__Administrator__Password", builder.AddSecret(KnownParameters.AdminPassword));
        if (string.IsNullOrEmpty(builder.Given(KnownParameters.OidcAuthority)) && builder.ExecutionContext.IsRunMode)
        {
            return edge;
        }

        return edge
            .WithEnvironment("Authentication__Oidc__Authority", builder.AddChoice(KnownParameters.OidcAuthority, ""))
            .WithEnvironment("Authentication__Oidc__ClientId", builder.AddChoice(KnownParameters.OidcClientId, ""))
            .WithEnvironment("Authentication__Oidc__ClientSecret", builder.AddChoice(KnownParameters.OidcClientSecret, "", secret: true));
    }
}
