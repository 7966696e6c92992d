namespace Platform.AppHost.Services;

/// <summary>What an operator can ask of the API from the dashboard.</summary>
internal static class ApiCommands
{
    /// <summary>Rebuilds the search index from the documents, beside the index that is in use.</summary>
    public static IResourceBuilder<ProjectResource> WithReindexCommand(
        this IResourceBuilder<ProjectResource> api, IResourceBuilder<ParameterResource> apiKey) =>
        api.WithKeyedCommand(
            "reindex",
            "/admin/search/reindex",
            "Rebuild the search index",
            "Reads every document's text into a new index, which then takes the place of the old one. Searching goes on meanwhile.",
            "ArrowSyncCircle",
            apiKey);

    /// <summary>Makes a backup, besides those of the schedule.</summary>
    public static IResourceBuilder<ProjectResource> WithBackupCommand(
        this IResourceBuilder<ProjectResource> api, IResourceBuilder<ParameterResource> apiKey) =>
        api.WithKeyedCommand(
            "backup",
            "/admin/backups",
            "Back up now",
            "Writes the database and all documents into one archive. The console's page of backups shows how far it is.",
            "ArchiveArrowBack",
            apiKey);

    private static IResourceBuilder<ProjectResource> WithKeyedCommand(
        this IResourceBuilder<ProjectResource> api, string name, string path, string displayName, string description, string icon,
        IResourceBuilder<ParameterResource> apiKey) =>
        api.WithHttpCommand(
            path,
            displayName,
            endpointName: "http",
            commandName: name,
            commandOptions: new HttpCommandOptions
            {
                Description = description,
                IconName = icon,
                PrepareRequest = async context =>
                    context.Request.Headers.Add("X-API-Key", await apiKey.Resource.GetValueAsync(context.CancellationToken)),
            });
}
