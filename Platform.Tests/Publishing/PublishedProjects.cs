using Platform.Tests.Standins;

namespace Platform.Tests.Publishing;

/// <summary>The Compose projects that the graph is published as, once for all tests that read them.</summary>
public sealed class PublishedProjects : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("platform-publish-");

    /// <summary>The arguments that add everything that can be added.</summary>
    internal static string[] WithEverything { get; } = ["--Platform:Keycloak=true", "--Parameters:tunnel-token=given"];

    /// <summary>What is published when nothing is asked for.</summary>
    internal ComposeOutput Standard => new(StandardFolder);

    /// <summary>The same with Keycloak and the tunnel.</summary>
    internal ComposeOutput Complete => new(CompleteFolder);

    internal string StandardFolder => Path.Combine(_folder.FullName, "standard");

    internal string CompleteFolder => Path.Combine(_folder.FullName, "complete");

    /// <summary>What the console said of the first.</summary>
    internal Publication Report { get; private set; } = new(-1, "", "");

    public async Task InitializeAsync()
    {
        Report = await Publication.IntoAsync(StandardFolder);
        await Publication.IntoAsync(CompleteFolder, WithEverything);
    }

    public Task DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>A folder that is not there yet.</summary>
    internal string NewFolder() => Path.Combine(_folder.FullName, Guid.NewGuid().ToString("n"));
}

/// <summary>Tests that share the published projects.</summary>
[CollectionDefinition(Name)]
public sealed class PublishingSuite : ICollectionFixture<PublishedProjects>
{
    public const string Name = "Publishing";
}
