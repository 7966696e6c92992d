namespace Platform.AppHost.Search;

/// <summary>Full-text search: Meilisearch in a container.</summary>
internal static class SearchExtensions
{
    /// <remarks>docker.io/getmeili/meilisearch</remarks>
    private const string Tag = "v1.21";

    /// <summary>A Meilisearch server in production mode, which answers nobody without the key. The API makes its index.</summary>
    public static IResourceBuilder<MeilisearchResource> AddSearch(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource> key) =>
        builder.AddMeilisearch(name, key)
            .WithImageTag(Tag)
            .WithDataVolume("platform-meilisearch")
            .WithEnvironment("MEILI_ENV", "production")
            .WithEnvironment("MEILI_NO_ANALYTICS", "true")
            .WithEnvironment("MEILI_MAX_INDEXING_MEMORY", "512MiB")
            .WithEnvironment("MEILI_MAX_INDEXING_THREADS", "2")
            .PublishAs(new()
            {
                Healthcheck = ["CMD", "curl", "--fail", "--silent", "--show-error", "http://127.0.0.1:7700/health"],
                Memory = "1G",
                Cpus = "1.0",
                // The image starts it with tini, which complains when it is not the first process.
                Init = false,
            });

    /// <summary>Has the service search there.</summary>
    public static IResourceBuilder<ProjectResource> WithSearch(
        this IResourceBuilder<ProjectResource> service, IResourceBuilder<IResourceWithConnectionString> search) => service
        .WithEnvironment("Search__Provider", "meilisearch")
        .WithReference(search, connectionName: "search");
}
