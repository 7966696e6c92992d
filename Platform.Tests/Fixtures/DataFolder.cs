using Platform.AppHost.Postgres;
using Platform.Tools;

namespace Platform.Tests.Fixtures;

/// <summary>The data that a run of Platform leaves, made once, of which every test has a copy.</summary>
public sealed class DataFolder : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;

    public async Task InitializeAsync()
    {
        // What is fetched on a first run is said on the console, and a test that comes first would see it there.
        await NpmPackages.Maildev.InstallAsync(Repository.ToolsDirectory, progress: null, CancellationToken.None);
        await new PostgresCluster(Repository.ToolsDirectory, Path.Combine(_folder, "data", "postgres"))
            .PrepareAsync("of-a-test-only", _ => { }, CancellationToken.None);
    }

    /// <summary>A copy with modes and owners. Nobody but its owner may read it.</summary>
    public async Task<string> CopyAsync()
    {
        var copy = Path.Combine(_folder, Guid.NewGuid().ToString("n"));
        using var cp = System.Diagnostics.Process.Start("cp", ["-a", Path.Combine(_folder, "data"), copy]);
        await cp.WaitForExitAsync();
        Assert.Equal(0, cp.ExitCode);
        return copy;
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }
}
