// Stands in for CommunityToolkit.Aspire.Hosting.Minio 13.5.0.

using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

/// <summary>Adds MinIO servers to the graph.</summary>
[Obsolete("The MinIO OSS project has been archived and is no longer maintained.")]
public static class MinioBuilderExtensions
{
    private const int ConsolePort = 9001;

    /// <summary>Adds a MinIO server. Without a password one is made up.</summary>
    public static IResourceBuilder<MinioContainerResource> AddMinioContainer(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        IResourceBuilder<ParameterResource>? rootUser = null,
        IResourceBuilder<ParameterResource>? rootPassword = null,
        int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);

        var password = rootPassword?.Resource
            ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-rootPassword");
        var minio = new MinioContainerResource(name, rootUser?.Resource ?? new ParameterResource("user", _ => "minioadmin"), password);

        var check = $"{name}_check";
        builder.Services.AddHealthChecks().AddUrlGroup(
            options =>
            {
                var address = new Uri(minio.PrimaryEndpoint.Url);
                foreach (var path in (string[])["/minio/health/live", "/minio/health/cluster", "/minio/health/cluster/read"])
                {
                    options.AddUri(new Uri(address, path), setup => setup.ExpectHttpCode(200));
                }
            },
            check);

        return builder.AddResource(minio)
            .WithImage("minio/minio", "RELEASE.2025-09-07T16-13-09Z")
            .WithImageRegistry("docker.io")
            .WithHttpEndpoint(port, targetPort: 9000, MinioContainerResource.PrimaryEndpointName)
            .WithHttpEndpoint(targetPort: ConsolePort, name: MinioContainerResource.ConsoleEndpointName)
            .WithEnvironment("MINIO_ROOT_USER", $"{minio.RootUser}")
            .WithEnvironment("MINIO_ROOT_PASSWORD", $"{minio.PasswordParameter}")
            .WithArgs("server", "/data", "--console-address", $":{ConsolePort}")
            .WithHealthCheck(check);
    }

    /// <summary>Fixes the port of the S3 interface on the host.</summary>
    public static IResourceBuilder<MinioContainerResource> WithHostPort(this IResourceBuilder<MinioContainerResource> builder, int? port)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithEndpoint(MinioContainerResource.PrimaryEndpointName, endpoint => endpoint.Port = port);
    }

    /// <summary>Keeps the objects in a named volume.</summary>
    public static IResourceBuilder<MinioContainerResource> WithDataVolume(
        this IResourceBuilder<MinioContainerResource> builder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), "/data");
    }

    /// <summary>Keeps the objects in a folder of the host.</summary>
    public static IResourceBuilder<MinioContainerResource> WithDataBindMount(this IResourceBuilder<MinioContainerResource> builder, string source)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(source);
        return builder.WithBindMount(source, "/data");
    }
}
