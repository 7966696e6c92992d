namespace Platform.AppHost.Keycloak;

/// <summary>A Keycloak: who may sign in, and as what, over OpenID Connect.</summary>
internal sealed class KeycloakResource(string name) : ContainerResource(name)
{
    /// <summary>The name of the endpoint for browsers.</summary>
    public const string HttpEndpointName = "http";

    /// <summary>The name of the endpoint that tells its health.</summary>
    public const string ManagementEndpointName = "management";
}
