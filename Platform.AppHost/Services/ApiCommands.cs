namespace Platform.AppHost.Services;

/// <summary>What an operator can ask of the API from the dashboard.</summary>
internal static class ApiCommands
{
    /// <summary>Rebuilds the search index from the documents, beside the index that is in use.</summary>
    public static IResourceBuilder<ProjectResource> WithReindexCommand(
        this IResourceBuilder<ProjectResource> api, IResourceBuilder<ParameterResource> apiKey) =>
        api.WithHttpCommand(
            "/admin/search/reindex",
            "Rebuild the search index",
            endpointName: "http",
            commandName: "reindex",
            commandOptions: new HttpCommandOptions
            {
                Description = "Reads every document's text into a new index, which then takes the place of the old one. Searching goes on meanwhile.",
                IconName = "ArrowSyncCircle",
                PrepareRequest = async context =>
                    context.Request.Headers.Add("X-API-Key", await apiKey.Resource.GetValueAsync(context.CancellationToken)),
            });
}
