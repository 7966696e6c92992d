using Platform.AppHost.Postgres;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Graph;

/// <summary>What the embedded PostgreSQL does with a data folder that it cannot use: one clear line, and nothing destroyed.</summary>
public sealed class PostgresClusterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;

    private string Data => Path.Combine(_folder, "postgres");

    [Fact]
    public async Task A_folder_with_other_files_is_refused_and_left_as_it_was()
    {
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, "thesis.txt"), "the only copy");
        var refusal = await Assert.ThrowsAsync<PostgresClusterException>(PrepareAsync);
        Assert.Contains("is not a PostgreSQL data folder", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.Equal("the only copy", await File.ReadAllTextAsync(Path.Combine(Data, "thesis.txt")));
    }

    [Fact]
    public async Task A_folder_of_another_major_version_is_refused_and_left_as_it_was()
    {
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, "PG_VERSION"), "15\n");
        var refusal = await Assert.ThrowsAsync<PostgresClusterException>(PrepareAsync);
        Assert.Contains("belongs to PostgreSQL 15, this is 18", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(["PG_VERSION"], Directory.GetFileSystemEntries(Data).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_first_run_that_was_killed_half_way_is_done_again()
    {
        Directory.CreateDirectory(Data + ".new");
        await File.WriteAllTextAsync(Path.Combine(Data + ".new", "PG_VERSION"), "half of a cluster");
        await PrepareAsync();
        Assert.Equal("18", (await File.ReadAllTextAsync(Path.Combine(Data, "PG_VERSION"))).Trim());
        Assert.Equal(["postgres"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Nobody_else_may_read_the_data()
    {
        await PrepareAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Data));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task PrepareAsync() =>
        new PostgresCluster(Repository.ToolsDirectory, Data).PrepareAsync("of-a-test-only", _ => { }, CancellationToken.None);
}
