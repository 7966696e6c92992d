using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.Docker.Resources;
using Aspire.Hosting.Docker.Resources.ServiceNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

namespace Platform.AppHost.Publishing;

/// <summary>
/// What <c>--operation publish --step publish</c> writes: Aspire's Compose file, in which nothing starts before what it waits for is
/// healthy, nothing may do more than it has to, and nothing runs without the values that it needs.
/// </summary>
internal static partial class ComposeExtensions
{
    private const string EnvironmentName = "compose";

    /// <summary>Publishes the graph as a Compose project with one network.</summary>
    public static IDistributedApplicationBuilder AddComposeEnvironment(this IDistributedApplicationBuilder builder)
    {
        builder.AddDockerComposeEnvironment(EnvironmentName)
            // Logs, traces and metrics of what is deployed are not kept in the memory of a dashboard for developers.
            .WithDashboard(false)
            .WithProperties(environment => environment.DefaultNetworkName = "platform")
            .ConfigureComposeFile(Verify)
            .ConfigureEnvFile(EnvFileDescriptions.Describe);
        return builder.AddPublicationReport(EnvironmentName);
    }

    /// <summary>Says how Compose runs the resource.</summary>
    public static IResourceBuilder<T> PublishAs<T>(this IResourceBuilder<T> resource, ComposeService compose) where T : IComputeResource =>
        resource.PublishAsDockerComposeService((_, service) =>
        {
            service.Image = compose.Image ?? service.Image;
            service.Healthcheck = compose.Healthcheck.Length == 0 ? null : new Healthcheck
            {
                Test = [.. compose.Healthcheck],
                Interval = "10s",
                Timeout = "5s",
                StartPeriod = Seconds(compose.StartPeriod),
                Retries = 5,
            };
            service.Restart = "unless-stopped";
            service.Init = compose.Init;
            service.ReadOnly = compose.ReadOnly;
            service.Volumes.AddRange(resource.Resource.ConfigFolders().Select(folder => Bind($"./{resource.Resource.Name}", folder)));
            service.Volumes.AddRange(compose.HostFolders.Select(folder => Bind(folder.Source, folder.Target)));
            service.Tmpfs = [.. compose.Tmpfs];
            service.ShmSize = compose.SharedMemory;
            service.CapDrop = ["ALL"];
            service.CapAdd = [.. compose.Capabilities];
            service.SecurityOpt = ["no-new-privileges:true"];
            service.StopGracePeriod = Seconds(compose.StopGracePeriod);
            service.Logging = new Logging { Driver = "json-file", Options = new() { ["max-size"] = "10m", ["max-file"] = "5" } };
            service.Deploy = new Deploy
            {
                Replicas = resource.Resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas,
                Resources = new() { Limits = new() { Cpus = compose.Cpus, Memory = compose.Memory } },
            };

            // Aspire writes service_started: its own health checks are not in the file. These are.
            foreach (var dependency in service.DependsOn.Values.Where(dependency => dependency.Condition == "service_started"))
            {
                dependency.Condition = "service_healthy";
            }

            foreach (var (name, value) in service.Environment.ToArray())
            {
                service.Environment[name] = Required(value);
            }

            service.Command = [.. service.Command.Select(Required)];
        });

    /// <summary>Nothing leaves the rules by being forgotten.</summary>
    private static void Verify(ComposeFile file)
    {
        foreach (var (name, service) in file.Services)
        {
            // Who was said how it is published is restarted.
            if (service.Healthcheck is null && service.Restart is null)
            {
                throw new DistributedApplicationException($"{name} has no health check: say how it is published with {nameof(PublishAs)}.");
            }

            if (service.Ports.Count > 0 && name != "edge")
            {
                throw new DistributedApplicationException($"{name} would be open to the network of the host: only the edge is.");
            }
        }
    }

    /// <summary>Compose puts nothing for a variable that is not set, and a server without its password would be open; so it must be set.</summary>
    private static string Required(string value) => Placeholder().Replace(value, match => EnvFileDescriptions.IsOptional(match.Groups["name"].Value)
        ? match.Value
        : $"${{{match.Groups["name"].Value}:?set {match.Groups["name"].Value} in .env}}");

    private static Volume Bind(string source, string target) =>
        new() { Name = target, Type = "bind", Source = source, Target = target, ReadOnly = true };

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0}s");

    [GeneratedRegex(@"(?<!\$)\$\{(?<name>[A-Z][A-Z0-9_]*)\}")]
    private static partial Regex Placeholder();
}
