using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker;
using YamlDotNet.Serialization;

namespace Platform.Tests.Standins;

/// <summary>What publishing a graph wrote.</summary>
internal sealed class ComposeOutput(string folder)
{
    /// <summary>docker-compose.yaml as it was written.</summary>
    public string Text { get; } = File.ReadAllText(Path.Combine(folder, "docker-compose.yaml"));

    /// <summary>.env as it was written.</summary>
    public string Env => File.ReadAllText(Path.Combine(folder, ".env"));

    /// <summary>The node of docker-compose.yaml at a path, such as services/api/image; null where there is none.</summary>
    public object? this[params string[] path] =>
        path.Aggregate(new DeserializerBuilder().Build().Deserialize<object?>(Text), (node, key) => node switch
        {
            Dictionary<object, object> map => map.GetValueOrDefault(key),
            List<object> list => list.ElementAtOrDefault(int.Parse(key, System.Globalization.CultureInfo.InvariantCulture)),
            _ => null,
        });

    /// <summary>Publishes a graph, whose environment is named "compose" and has no dashboard, into a folder.</summary>
    public static async Task<ComposeOutput> PublishAsync(
        string folder, Action<IDistributedApplicationBuilder, IResourceBuilder<DockerComposeEnvironmentResource>> graph)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--operation", "publish", "--step", "publish", "--output-path", folder],
            AssemblyName = "Platform.AppHost",
        });
        graph(builder, builder.AddDockerComposeEnvironment("compose").WithDashboard(false));
        await using var app = builder.Build();
        await app.RunAsync();
        return new(folder);
    }
}
