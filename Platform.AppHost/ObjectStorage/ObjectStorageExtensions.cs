namespace Platform.AppHost.ObjectStorage;

/// <summary>Documents' bytes, over S3: MinIO in a container.</summary>
internal static class ObjectStorageExtensions
{
    /// <remarks>docker.io/minio/minio</remarks>
    private const string Tag = "RELEASE.2025-09-07T16-13-09Z";

    /// <summary>The name of the endpoint for browsers.</summary>
    public const string ConsoleEndpointName = "console";

    /// <summary>The path of its metrics.</summary>
    public const string MetricsPath = "/minio/v2/metrics/cluster";

    /// <summary>A MinIO server. The API makes its bucket, private, when it starts.</summary>
    /// <param name="builder">The graph.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="user">Its user; the one that the toolkit would use by itself is published as <c>${USER}</c>, whoever that is.</param>
    /// <param name="password">Its password.</param>
    public static IResourceBuilder<ContainerResource> AddObjectStorage(
        this IDistributedApplicationBuilder builder, string name,
        IResourceBuilder<ParameterResource> user, IResourceBuilder<ParameterResource> password) =>
#pragma warning disable CS0618 // MinIO's repository is archived. Its last image is pinned, and what the API speaks is S3: any other server will do.
        builder.AddMinioContainer(name, user, password)
            .WithImageTag(Tag)
            .WithDataVolume("platform-minio")
#pragma warning restore CS0618
            // Its console takes only the path of this address, below which the edge shows it; nothing is redirected to it.
            .WithEnvironment("MINIO_BROWSER_REDIRECT_URL", "http://localhost:8080/minio")
            .WithEnvironment("MINIO_BROWSER_REDIRECT", "false")
            .WithEnvironment("MC_CONFIG_DIR", "/tmp/mc")
            // Its metrics ask for no token, and are reached from the network of the servers only: the edge shows its console, not this port.
            .WithEnvironment("MINIO_PROMETHEUS_AUTH_TYPE", "public")
            .PublishAs(new()
            {
                Healthcheck = ["CMD", "mc", "ready", "local"],
                Memory = "1G",
                Cpus = "1.0",
                Tmpfs = ["/tmp", "/root/.minio"],
            });

    /// <summary>Has the service keep its objects there.</summary>
    public static IResourceBuilder<ProjectResource> WithObjectStorage(
        this IResourceBuilder<ProjectResource> service, IResourceBuilder<ContainerResource> storage) => service
        .WithEnvironment("Storage__Provider", "s3")
        .WithReference((IResourceBuilder<IResourceWithConnectionString>)storage, connectionName: "objects");

    /// <summary>A bucket of the server, for who has its keys already.</summary>
    public static ReferenceExpression Bucket(this IResourceBuilder<ContainerResource> storage, string name) =>
        ReferenceExpression.Create($"s3+http://{storage.GetEndpoint("http").Property(EndpointProperty.HostAndPort)}/{name}");

    /// <summary>Has the service keep its objects as files of this machine.</summary>
    public static IResourceBuilder<ProjectResource> WithFileStorage(this IResourceBuilder<ProjectResource> service, string folder) => service
        .WithEnvironment("Storage__Directory", folder);
}
