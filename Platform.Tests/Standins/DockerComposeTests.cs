#pragma warning disable CS0618 // MinIO's integration is marked obsolete because MinIO's project is archived; Platform knows.

using Aspire.Hosting;

namespace Platform.Tests.Standins;

public sealed class DockerComposeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("platform-compose-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_graph_of_servers_and_projects_is_a_file_of_services()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            var database = builder.AddPostgres("postgres").WithDataVolume("pg").AddDatabase("platformdb");
            var objects = builder.AddMinioContainer("objects").WithDataVolume("objects");
            var search = builder.AddMeilisearch("search").WithDataVolume("search");
            var api = builder.AddProject<Projects.Platform_Api>("api", launchProfileName: null)
                .WithHttpEndpoint()
                .WithReference(database).WaitFor(database)
                .WithReference(objects).WaitFor(objects)
                .WithReference(search).WaitFor(search);
            builder.AddProject<Projects.Platform_Edge>("edge", launchProfileName: null)
                .WithHttpEndpoint(port: 8080).WithExternalHttpEndpoints()
                .WithReference(api).WaitFor(api);
        });
        Console.WriteLine(output.Text + output.Env); File.WriteAllText("/tmp/compose-out.txt", output.Text); File.WriteAllText("/tmp/env-out.txt", output.Env);
    }
}
