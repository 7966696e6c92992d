using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

using System.Globalization;

namespace Platform.AppHost.Services;

/// <summary>The two services of Platform.</summary>
internal static class ServiceExtensions
{
    private const int ApiReplicas = 2;
    private const int HttpPort = 8080;
    private const int ManagementPort = 8081;

    // All of the solution has one version, and the images have it as their tag.
    private static readonly string Version = typeof(ServiceExtensions).Assembly.GetName().Version!.ToString(3);

    /// <summary>The API: replicas behind one endpoint, on <c>Platform:Api:Port</c> or any free port.</summary>
    public static IResourceBuilder<ProjectResource> AddApi(this IDistributedApplicationBuilder builder, string name, PlatformTopology topology)
    {
        // A Prometheus in a container reaches processes of this machine through one tunnel, behind which it could not tell replicas apart.
        var isMixed = topology == PlatformTopology.Containers && builder.ExecutionContext.IsRunMode;
        var replicas = builder.Replicas("Platform:Api:Replicas", isMixed ? 1 : ApiReplicas);
        return builder.AddProject<Projects.Platform_Api>(name, launchProfileName: null)
            // One process listens itself; in front of several, the orchestrator does, and hands connections on.
            .WithHttpEndpoint(builder.Port("Platform:Api:Port"), builder.ContainerPort(HttpPort), isProxied: replicas > 1)
            .WithPlatformDefaults(isProxied: replicas > 1)
            .WithReplicas(replicas)
            .WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString)
            .PublishAs(new()
            {
                Image = $"${{API_IMAGE:-platform-api:{Version}}}",
                Healthcheck = ["CMD", "dotnet", "Platform.Api.dll", "--health"],
                StartPeriod = TimeSpan.FromMinutes(1),
                // Readers of documents are processes of their own, with a heap of up to 256 MB each.
                Memory = "2G",
                Cpus = "2.0",
                // The documents that are being read: two at once, of up to 50 MB each. It counts as memory.
                Tmpfs = ["/tmp:size=256M"],
                StopGracePeriod = TimeSpan.FromSeconds(40),
            });
    }

    /// <summary>The edge: the one public door, on <c>Platform:Edge:Port</c>, 8080 when nothing is said.</summary>
    public static IResourceBuilder<ProjectResource> AddEdge(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddProject<Projects.Platform_Edge>(name, launchProfileName: null)
            // Not behind the orchestrator's proxy: the edge must see who its clients are.
            .WithHttpEndpoint(builder.Port("Platform:Edge:Port", HttpPort), builder.ContainerPort(HttpPort), isProxied: false)
            .WithExternalHttpEndpoints()
            .WithPlatformDefaults(isProxied: false)
            .WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ServiceDiscovery)
            // What answers are compressed with comes from the C library, which would keep some of it for each thread that ever did.
            .WithEnvironment("MALLOC_ARENA_MAX", "2")
            // What comes from the servers behind is passed on by the thread that waits for it, one a processor, in place of waking another.
            .WithEnvironment("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1")
            .WithUrlForEndpoint("http", url => url.DisplayText = "Site")
            .PublishAs(new()
            {
                Image = $"${{EDGE_IMAGE:-platform-edge:{Version}}}",
                Healthcheck = ["CMD", "dotnet", "Platform.Edge.dll", "--health"],
                // A connection for each MiB: Limits__Connections.
                Memory = "1G",
                Cpus = "2.0",
                StopGracePeriod = TimeSpan.FromSeconds(40),
            });

    /// <summary>Has the edge show a server, where it runs, below <c>/{name}</c>: its table of applications knows the names.</summary>
    /// <remarks>It waits for none of them: the site is there without.</remarks>
    public static IResourceBuilder<ProjectResource> WithApplication(
        this IResourceBuilder<ProjectResource> edge, IResourceBuilder<IResource>? server, string endpoint = "http") => server is null
        ? edge
        : edge.WithEnvironment(
            $"services__{server.Resource.Name}__http__0", new EndpointReference((IResourceWithEndpoints)server.Resource, endpoint));

    /// <summary>The address that people reach the edge at: what the parameter <c>site-url</c> says, else its own on this machine.</summary>
    public static ReferenceExpression SiteUrl(this IResourceBuilder<ProjectResource> edge)
    {
        var builder = edge.ApplicationBuilder;
        if (builder.ExecutionContext.IsPublishMode || !string.IsNullOrEmpty(builder.Given(KnownParameters.SiteUrl)))
        {
            return ReferenceExpression.Create($"{builder.AddChoice(KnownParameters.SiteUrl, "")}");
        }

        var endpoint = edge.Site();
        return endpoint.EndpointAnnotation.Port is { } port
            ? ReferenceExpression.Create($"{endpoint.Scheme}://localhost:{port.ToString(CultureInfo.InvariantCulture)}")
            : ReferenceExpression.Create($"{endpoint.Scheme}://localhost:{endpoint.Property(EndpointProperty.Port)}");
    }

    /// <summary>The edge's endpoint for people: https where it has that, since http only leads there then.</summary>
    public static EndpointReference Site(this IResourceBuilder<ProjectResource> edge) =>
        edge.GetEndpoint(edge.Resource.Annotations.OfType<EndpointAnnotation>().Any(endpoint => endpoint.Name == "https") ? "https" : "http");

    /// <summary>What both have in common.</summary>
    private static IResourceBuilder<ProjectResource> WithPlatformDefaults(this IResourceBuilder<ProjectResource> service, bool isProxied)
    {
#pragma warning disable ASPIRECERTIFICATES001 // For evaluation in Aspire 13. Without it, who has no certificate for developers is warned for nothing.
        service.WithoutHttpsCertificate();
#pragma warning restore ASPIRECERTIFICATES001
        return service
            // Whose word about its clients the edge takes is said by name (KnownProxies); Aspire would have every proxy believed.
            .DisableForwardedHeaders()
            .WithManagementEndpoint(isProxied)
            .RunsDirectly()
            .WithRestart();
    }

    /// <summary>
    /// A listener of its own for health and metrics, that is not handed to other services: nothing that only the operator may ask is
    /// reachable on the port that the public, or the edge, talks to.
    /// </summary>
    private static IResourceBuilder<ProjectResource> WithManagementEndpoint(this IResourceBuilder<ProjectResource> service, bool isProxied)
    {
        const string Name = "management";
        var builder = service.ApplicationBuilder;
        var check = $"{service.Resource.Name}_ready_check";
        var management = service.GetEndpoint(Name);
        builder.Services.AddHealthChecks().Add(new(check, new ReadinessCheck(management), HealthStatus.Unhealthy, tags: null));
        return service
            .WithHttpEndpoint(targetPort: builder.ContainerPort(ManagementPort), name: Name, isProxied: isProxied)
            .WithEndpoint(Name, endpoint => endpoint.ExcludeReferenceEndpoint = true, createIfNotExists: false)
            .WithUrlForEndpoint(Name, url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly)
            .WithEnvironment("Management__Port", $"{management.Property(EndpointProperty.TargetPort)}")
            .WithHealthCheck(check);
    }

    /// <summary>
    /// Has the orchestrator start the program that was built with the AppHost. By itself it starts <c>dotnet run --no-build</c>, which is
    /// one process of 100 MB and a second of CPU more for every replica.
    /// </summary>
    private static IResourceBuilder<ProjectResource> RunsDirectly(this IResourceBuilder<ProjectResource> service)
    {
        var project = service.Resource.GetProjectMetadata().ProjectPath;
        // artifacts/bin/{project}/{configuration}/
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var name = Path.GetFileNameWithoutExtension(project);
        var program = Path.Combine(output.Parent!.Parent!.FullName, name, output.Name, OperatingSystem.IsWindows() ? name + ".exe" : name);
        return service.ApplicationBuilder.ExecutionContext.IsRunMode && File.Exists(program)
            ? service.WithAnnotation(new ExecutableAnnotation { Command = program, WorkingDirectory = Path.GetDirectoryName(project)! })
            : service;
    }

    /// <summary>In a container the ports are always the same; processes of one machine take those that are free.</summary>
    private static int? ContainerPort(this IDistributedApplicationBuilder builder, int port) => builder.ExecutionContext.IsPublishMode ? port : null;

    private static int Replicas(this IDistributedApplicationBuilder builder, string key, int standard)
    {
        if (builder.Configuration[key] is not { Length: > 0 } configured)
        {
            return standard;
        }

        if (int.TryParse(configured, out var replicas) && replicas is >= 1 and <= 16)
        {
            return replicas;
        }

        builder.Refuse($"{key}={configured} is no number of replicas: give 1 to 16.");
        return standard;
    }
}
