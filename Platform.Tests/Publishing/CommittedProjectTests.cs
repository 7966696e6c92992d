using Platform.Tests.Fixtures;
using Platform.Tests.Standins;

namespace Platform.Tests.Publishing;

/// <summary><c>deploy/compose</c>, for who deploys without building.</summary>
[Collection(PublishingSuite.Name)]
public sealed class CommittedProjectTests(PublishedProjects projects)
{
    private const string Renewal =
        "rm -f deploy/compose/.env && dotnet run --project Platform.AppHost -- --operation publish --step publish --output-path deploy/compose";

    private static readonly string Folder = Path.Combine(Repository.Root, "deploy", "compose");

    [Fact]
    public void The_committed_project_is_what_the_graph_gives_today()
    {
        Assert.Equal([.. Files(projects.StandardFolder)], Files(Folder).Where(name => name != "README.md"));
        Assert.All(Files(projects.StandardFolder), name => Assert.True(
            File.ReadAllText(Path.Combine(Folder, name)) == File.ReadAllText(Path.Combine(projects.StandardFolder, name)),
            $"deploy/compose/{name} is stale. In the folder of the solution, renew it with\n{Renewal}\nand commit what has changed."));

        static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal);
    }

    [Fact, Trait("Defect", "D40")]
    public void No_value_is_committed()
    {
        Assert.All(
            new ComposeOutput(Folder).Env.Where(line => line[0] != '#'),
            line => Assert.True(line.EndsWith('='), $"deploy/compose/.env has a value for {line.Split('=')[0]}: fill in a copy elsewhere."));
    }

    [Fact]
    public void The_README_names_every_variable_that_is_required()
    {
        var readme = File.ReadAllText(Path.Combine(Folder, "README.md"));
        Assert.Contains(Renewal.Split(" && ")[1], readme, StringComparison.Ordinal);
        Assert.All(
            projects.Complete.Env.Where((_, i) => i > 0 && projects.Complete.Env[i - 1].StartsWith("# Required.", StringComparison.Ordinal)),
            line => Assert.Contains($"`{line.TrimEnd('=')}`", readme, StringComparison.Ordinal));
    }
}
