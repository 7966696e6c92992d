using System.Diagnostics;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Images;

/// <summary>
/// The images of both services, published as a deployment does it - <c>dotnet publish -t:PublishContainer</c> - from what the tests were built
/// with, into a folder of their own: nothing that other tests use is written.
/// </summary>
public sealed class ImageFixture : IAsyncLifetime
{
    private readonly Dictionary<string, PublishedImage> _images = [];

    /// <summary>Where everything is; others may enter it, for the programs run as an account of their own.</summary>
    internal DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("platform-test-");

    internal PublishedImage this[string project] => _images[project];

    public async Task InitializeAsync()
    {
        Folder.UnixFileMode |= UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        await using var registry = await BaseImageRegistry.StartAsync();
        foreach (var project in new[] { "Platform.Api", "Platform.Edge" })
        {
            _images[project] = await PublishAsync(project, registry);
        }
    }

    /// <summary>A folder that everybody may write to.</summary>
    internal DirectoryInfo CreateWritableFolder()
    {
        var folder = Folder.CreateSubdirectory(Guid.NewGuid().ToString("n"));
        folder.UnixFileMode |= UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        return folder;
    }

    public Task DisposeAsync()
    {
        Folder.Delete(recursive: true);
        return Task.CompletedTask;
    }

    private async Task<PublishedImage> PublishAsync(string project, BaseImageRegistry registry)
    {
        var archive = Path.Combine(Folder.FullName, $"{project}.tar");
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var published = await Finished.RunAsync(new ProcessStartInfo("dotnet",
        [
            "publish", Path.Combine(Repository.Root, project), "--no-build", "--configuration", configuration, "-target:PublishContainer",
            $"-property:ContainerBaseImage={registry.Image}",
            $"-property:ContainerArchiveOutputPath={archive}",
            $"-property:PublishDir={Path.Combine(Folder.FullName, "publish", project)}/",
            "--nologo",
        ])
        {
            // The SDK keeps layers in the temporary folder; a build server would outlive the test.
            Environment = { ["TMPDIR"] = Folder.FullName, ["MSBUILDDISABLENODEREUSE"] = "1", ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" },
        });
        Assert.True(published.ExitCode == 0, published.Output);
        Assert.DoesNotContain("warning", published.Output, StringComparison.OrdinalIgnoreCase);
        return new(archive, registry.LayerDigest);
    }
}

[CollectionDefinition(Name)]
public sealed class ImagesSuite : ICollectionFixture<ImageFixture>
{
    public const string Name = "Images";
}
