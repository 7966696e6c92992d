// Stands in for CommunityToolkit.Aspire.Hosting.Meilisearch 13.5.0.

using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

/// <summary>Adds Meilisearch servers to the graph.</summary>
public static class MeilisearchBuilderExtensions
{
    /// <summary>Adds a Meilisearch server. Without a key one is made up.</summary>
    public static IResourceBuilder<MeilisearchResource> AddMeilisearch(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        IResourceBuilder<ParameterResource>? masterKey = null,
        int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);

        var meilisearch = new MeilisearchResource(
            name, masterKey?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-masterKey"));

        var check = $"{name}_check";
        builder.Services.AddHealthChecks().AddUrlGroup(
            options => options.AddUri(new Uri(new(meilisearch.PrimaryEndpoint.Url), "/health"), setup => setup.ExpectHttpCode(200)), check);

        return builder.AddResource(meilisearch)
            .WithImage("getmeili/meilisearch", "v1.21")
            .WithImageRegistry("docker.io")
            .WithHttpEndpoint(port, targetPort: 7700, MeilisearchResource.PrimaryEndpointName)
            .WithEnvironment("MEILI_MASTER_KEY", meilisearch.MasterKeyParameter)
            .WithHealthCheck(check);
    }

    /// <summary>Keeps the index in a named volume.</summary>
    public static IResourceBuilder<MeilisearchResource> WithDataVolume(this IResourceBuilder<MeilisearchResource> builder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), "/meili_data");
    }

    /// <summary>Keeps the index in a folder of the host.</summary>
    public static IResourceBuilder<MeilisearchResource> WithDataBindMount(this IResourceBuilder<MeilisearchResource> builder, string source)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(source);
        return builder.WithBindMount(source, "/meili_data");
    }
}
