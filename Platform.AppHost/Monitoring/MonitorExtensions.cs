using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Platform.Tools;

namespace Platform.AppHost.Monitoring;

internal static partial class MonitorExtensions
{
    /// <summary>The name of the endpoint that each of them has.</summary>
    public const string HttpEndpointName = "http";

    private const string Setting = "Platform:Monitoring";

    /// <summary>The folder of configuration files in each container.</summary>
    private const string ConfigFolder = "/etc/platform";

    /// <summary>
    /// Adds the server. Null in the embedded topology where this machine has no such program, which the console says, and everywhere when
    /// <c>Platform:Monitoring</c> is <c>false</c>.
    /// </summary>
    public static IResourceBuilder<IMonitor>? AddMonitor(
        this IDistributedApplicationBuilder builder, string name, PlatformTopology topology, MonitorProgram program)
    {
        if (!builder.IsMonitored())
        {
            return null;
        }

        if (topology == PlatformTopology.Containers)
        {
            return builder.AddResource(new MonitorContainer(name))
                .WithImage(program.Image, program.Tag)
                .WithImageRegistry("docker.io")
                .WithHttpEndpoint(targetPort: program.Port, name: HttpEndpointName)
                .WithHttpHealthCheck(program.HealthPath, endpointName: HttpEndpointName)
                .PublishAs(new()
                {
                    Healthcheck = program.Healthcheck
                        ?? ["CMD", "wget", "--quiet", "--output-document=-", $"http://127.0.0.1:{program.Port}{program.HealthPath}"],
                    Memory = program.Memory,
                    Cpus = "0.5",
                    HostFolders = program.HostFolders,
                });
        }

        if (program.Programs.Length == 0)
        {
            return null;
        }

        if (program.Programs.Select(ProgramPath.Find).FirstOrDefault(path => path is not null) is not { } path)
        {
            builder.Services.AddSingleton(new MissingMonitor(name, program.Programs[0]));
            return null;
        }

        return builder.AddResource(new MonitorProcess(name, path, program.StartedByShell ? MonitorProgram.Shell : path, builder.AppHostDirectory))
            // It has no secret of Platform's to give away, and who wants its pages signs in at the edge: it listens on loopback alone.
            .WithHttpEndpoint(name: HttpEndpointName, isProxied: false)
            .WithHttpHealthCheck(program.HealthPath, endpointName: HttpEndpointName)
            .WithUrlForEndpoint(HttpEndpointName, url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly)
            .WithRestart();
    }

    /// <summary>One line for all that this machine lacks.</summary>
    public static IDistributedApplicationBuilder ReportMissingMonitors(this IDistributedApplicationBuilder builder)
    {
        builder.Eventing.Subscribe<BeforeStartEvent>((starting, _) =>
        {
            var missing = starting.Services.GetServices<MissingMonitor>().ToList();
            if (missing.Count > 0)
            {
                LogMissing(
                    starting.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Platform.AppHost"),
                    string.Join(", ", missing.Select(monitor => monitor.Name)),
                    string.Join(' ', missing.Select(monitor => monitor.Package)));
            }

            return Task.CompletedTask;
        });
        return builder;
    }

    /// <summary>Where the server has to listen: on its port in a container, and on loopback alone as a process.</summary>
    public static ReferenceExpression ListenAddress(this IResourceBuilder<IMonitor> monitor)
    {
        var port = monitor.GetEndpoint(HttpEndpointName).Property(EndpointProperty.TargetPort);
        return monitor.Resource is ContainerResource ? ReferenceExpression.Create($":{port}") : ReferenceExpression.Create($"127.0.0.1:{port}");
    }

    /// <summary>Gives the server files of its folder here, and says where it finds them: <c>{0}/rules/alerts.yaml</c>.</summary>
    /// <param name="monitor">The server.</param>
    /// <param name="folder">The folder in this project, and beside the program that it is built into.</param>
    /// <param name="patterns">The files, such as <c>rules/*.yaml</c>.</param>
    public static string WithFilesOf(this IResourceBuilder<IMonitor> monitor, string folder, params string[] patterns)
    {
        var root = Path.Combine(AppContext.BaseDirectory, folder);
        if (monitor is not IResourceBuilder<MonitorContainer> container)
        {
            return root;
        }

        container.WithConfigFiles(ConfigFolder,
        [
            .. patterns.SelectMany(pattern => Directory.EnumerateFiles(root, pattern).Order(StringComparer.Ordinal))
                .Select(path => new ConfigFile(Path.GetRelativePath(root, path), cancellationToken => File.ReadAllTextAsync(path, cancellationToken))),
        ]);
        return ConfigFolder;
    }

    /// <summary>Gives the container a variable with host and port of another server, where that runs.</summary>
    public static IResourceBuilder<IMonitor> WithAddress(
        this IResourceBuilder<IMonitor> monitor, string variable, IResourceBuilder<IMonitor>? other, string endpoint = HttpEndpointName) =>
        other is null ? monitor : monitor.WithEnvironment(variable, $"{other.GetEndpoint(endpoint).Property(EndpointProperty.HostAndPort)}");

    /// <summary>A folder that the server keeps data in: a volume of its container, or one below the data folder of Platform.</summary>
    public static string WithDataFolder(this IResourceBuilder<IMonitor> monitor, string pathInContainer)
    {
        if (monitor is IResourceBuilder<MonitorContainer> container)
        {
            container.WithVolume($"platform-{container.Resource.Name}", pathInContainer);
            return pathInContainer;
        }

        return Path.Combine(monitor.OwnFolder(), "data");
    }

    /// <summary>Where what is generated for a server that is a process lies.</summary>
    public static string OwnFolder(this IResourceBuilder<IMonitor> monitor) =>
        Path.Combine(monitor.ApplicationBuilder.DataDirectory(), monitor.Resource.Name);

    private static bool IsMonitored(this IDistributedApplicationBuilder builder)
    {
        var asked = builder.Configuration[Setting];
        if (string.IsNullOrEmpty(asked) || asked.Equals("true", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        if (!asked.Equals("false", StringComparison.OrdinalIgnoreCase))
        {
            builder.Refuse($"{Setting}={asked} is neither true nor false.");
        }

        return false;
    }

    [LoggerMessage(LogLevel.Information, "Left out, because this machine has them not: {Servers} (on Debian: apt install {Packages})")]
    private static partial void LogMissing(ILogger logger, string servers, string packages);

    /// <summary>A server that this machine has no program for.</summary>
    private sealed record MissingMonitor(string Name, string Package);
}
