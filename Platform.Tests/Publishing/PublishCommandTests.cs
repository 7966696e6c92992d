using Aspire.Hosting;
using Platform.AppHost.Console;
using Platform.AppHost.Publishing;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Publishing;

/// <summary>What the publish command tells a person, and a script.</summary>
[Collection(PublishingSuite.Name)]
public sealed class PublishCommandTests(PublishedProjects projects)
{
    [Fact]
    public void Success_is_one_line_that_says_where_and_what_next()
    {
        var line = Assert.Single(projects.Report.Lines);
        Assert.EndsWith(
            $" Wrote docker-compose.yaml, .env and the files that they need to {projects.StandardFolder}: fill in .env, then `docker compose up -d` there", line,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_relative_path_begins_at_the_folder_of_the_solution()
    {
        var folder = $"artifacts/published-{Guid.NewGuid():n}";
        var published = await Publication.IntoAsync(folder);
        Assert.Contains($" to {Path.Combine(Repository.Root, folder)}: ", published.Console, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Repository.Root, folder, "docker-compose.yaml")));
        Directory.Delete(Path.Combine(Repository.Root, folder), recursive: true);
    }

    [Theory]
    [InlineData("Platform:Topology=embedded cannot be published", "--Platform:Topology=embedded")]
    [InlineData("Platform:Topology=nonsense cannot be published", "--Platform:Topology=nonsense")]
    [InlineData("There is no parameter api-kye", "--Parameters:api-kye=x")]
    [InlineData("Platform:Keycloak=maybe is neither true nor false", "--Platform:Keycloak=maybe")]
    [InlineData("Platform:Edge:Port=many is not a port", "--Platform:Edge:Port=many")]
    [InlineData("Platform:Api:Replicas=0 is no number of replicas", "--Platform:Api:Replicas=0")]
    [InlineData("Publishing failed: Step 'everything' not found", "--step", "everything")]
    public async Task Bad_input_is_one_line_that_names_it_and_nothing_is_written(string reason, params string[] arguments)
    {
        var folder = projects.NewFolder();
        var publication = await Publication.RunAsync(folder, [], arguments);
        Assert.NotEqual(0, publication.ExitCode);
        Assert.StartsWith(reason, Assert.Single(publication.Lines), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_one_line_that_names_it()
    {
        var file = projects.NewFolder();
        await File.WriteAllTextAsync(file, "");
        var publication = await Publication.RunAsync(Path.Combine(file, "compose"), []);
        Assert.NotEqual(0, publication.ExitCode);
        var line = Assert.Single(publication.Lines);
        Assert.StartsWith("Publishing failed: ", line, StringComparison.Ordinal);
        Assert.Contains(file, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asks_for_the_details_of_a_failure_gets_them()
    {
        var publication = await Publication.RunAsync("/dev/null/compose", [], "--include-exception-details", "true");
        Assert.NotEqual(0, publication.ExitCode);
        Assert.Contains("   at ", publication.Console, StringComparison.Ordinal);
    }

    [Fact]
    public Task A_service_without_a_health_check_is_not_published() => FailsAsync(
        "Publishing failed: forgotten has no health check: say how it is published with PublishAs.",
        builder => builder.AddContainer("forgotten", "example/forgotten", "1.0"));

    [Fact]
    public Task A_server_that_the_host_could_reach_is_not_published() => FailsAsync(
        "Publishing failed: open would be open to the network of the host: only the edge is.",
        builder => builder.AddContainer("open", "example/open", "1.0").WithHttpEndpoint(port: 8090, targetPort: 80).WithExternalHttpEndpoints()
            .PublishAs(new() { Healthcheck = ["CMD", "true"], Memory = "64M", Cpus = "0.1" }));

    private async Task FailsAsync(string reason, Action<IDistributedApplicationBuilder> graph)
    {
        var folder = projects.NewFolder();
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => Build().RunOrFailAsync());
        Assert.Equal(reason, failure.Message);
        Assert.NotEqual(0, await Build().RunToExitCodeAsync());
        Assert.False(File.Exists(Path.Combine(folder, "docker-compose.yaml")));

        DistributedApplication Build()
        {
            var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
            {
                AssemblyName = "Platform.AppHost",
                Args = ["--operation", "publish", "--step", "publish", "--output-path", folder],
            });
            graph(builder.AddComposeEnvironment());
            return builder.Build();
        }
    }
}
