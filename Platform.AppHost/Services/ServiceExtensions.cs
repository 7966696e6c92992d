namespace Platform.AppHost.Services;

/// <summary>What the services of Platform get in common.</summary>
internal static class ServiceExtensions
{
    /// <summary>
    /// A listener of its own for health and metrics, that is not handed to other services: nothing that only the operator may ask is
    /// reachable on the port that the public, or the edge, talks to.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithManagementEndpoint(this IResourceBuilder<ProjectResource> service) => service
        .WithHttpEndpoint(name: "management", isProxied: false)
        .WithEndpoint("management", endpoint => endpoint.ExcludeReferenceEndpoint = true, createIfNotExists: false)
        .WithEnvironment("Management__Port", $"{service.GetEndpoint("management").Property(EndpointProperty.TargetPort)}")
        .WithHttpHealthCheck("/health/ready", endpointName: "management")
        .WithUrlForEndpoint("management", url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly);
}
