using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using YamlDotNet.Serialization;

namespace Platform.Tests.Standins;

/// <summary>What publishing a graph wrote into a folder.</summary>
internal sealed class ComposeOutput(string folder)
{
    /// <summary>The folder.</summary>
    public string Folder => folder;

    /// <summary>docker-compose.yaml.</summary>
    public string Text => File.ReadAllText(Path.Combine(folder, "docker-compose.yaml"));

    /// <summary>The lines of .env that are not empty.</summary>
    public string[] Env => [.. File.ReadLines(Path.Combine(folder, ".env")).Where(line => line.Length > 0)];

    /// <summary>The value at a path of docker-compose.yaml, such as "services/api/ports/0"; null where there is none.</summary>
    public object? this[string path] => path.Split('/').Aggregate(
        new DeserializerBuilder().Build().Deserialize<object?>(Text),
        (node, key) => node switch
        {
            Dictionary<object, object?> map => map.GetValueOrDefault(key),
            List<object?> list => list.ElementAtOrDefault(int.Parse(key, CultureInfo.InvariantCulture)),
            _ => null,
        });

    /// <summary>The keys of the map at a path.</summary>
    public string[] Keys(string path) => this[path] is Dictionary<object, object?> map ? [.. map.Keys.Cast<string>()] : [];

    /// <summary>The texts of the list at a path.</summary>
    public string[] List(string path) => this[path] is List<object?> list ? [.. list.Cast<string>()] : [];

    /// <summary>Publishes a graph with one Docker Compose environment that has no dashboard.</summary>
    public static Task<ComposeOutput> PublishAsync(
        string folder, Action<IDistributedApplicationBuilder, IResourceBuilder<DockerComposeEnvironmentResource>> graph) =>
        PublishAsync(folder, builder => graph(builder, builder.AddDockerComposeEnvironment("compose").WithDashboard(false)));

    /// <summary>Publishes a graph, and throws what publishing it failed with.</summary>
    public static async Task<ComposeOutput> PublishAsync(string folder, Action<IDistributedApplicationBuilder> graph)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--operation", "publish", "--step", "publish", "--output-path", folder],
            AssemblyName = "Platform.AppHost",
        });
        graph(builder);
        await using var app = builder.Build();

        // The pipeline runs as a background service. Its failure stops the application, but does not make it fail.
        var services = app.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToArray();
        await app.RunAsync();
        foreach (var failure in services.Select(service => service.ExecuteTask).OfType<Task>().Where(task => task.IsFaulted))
        {
            await failure;
        }

        return new(folder);
    }
}
