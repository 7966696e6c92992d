namespace Platform.AppHost.Prometheus;

/// <summary>Metrics, rules and alerts: Prometheus.</summary>
internal static class PrometheusExtensions
{
    /// <summary>The path below which it is reached through the edge, and everywhere else.</summary>
    private const string BasePath = "/prometheus";

    private const string Retention = "30d";
    private const string ConfigurationFile = "prometheus.yml";

    private static readonly MonitorProgram Program = new()
    {
        Image = "prom/prometheus",
        Tag = "v3.5.1",
        Programs = ["prometheus"],
        Port = 9090,
        HealthPath = BasePath + "/-/healthy",
        Memory = "1G",
    };

    /// <summary>A Prometheus with the rules of <c>Prometheus/rules</c>, which watches itself and what it is told to.</summary>
    /// <param name="builder">The graph.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="topology">Whether it is a container or a process.</param>
    /// <param name="site">The address that people reach the edge at: links in alerts begin with it.</param>
    public static IResourceBuilder<IMonitor>? AddPrometheus(
        this IDistributedApplicationBuilder builder, string name, PlatformTopology topology, ReferenceExpression site)
    {
        if (builder.AddMonitor(name, topology, Program) is not { } prometheus)
        {
            return null;
        }

        var files = prometheus.WithFilesOf("Prometheus", "rules/*.yaml");
        var configuration = new PrometheusConfiguration { Rules = files + "/rules/*.yaml" };
        prometheus.Resource.Annotations.Add(configuration);
        configuration.Add(new ScrapeJob("prometheus")
        {
            Endpoint = prometheus.GetEndpoint(MonitorExtensions.HttpEndpointName),
            MetricsPath = BasePath + "/metrics",
        });
        return prometheus
            .WithArgs($"--config.file={prometheus.WithConfiguration(configuration, files)}")
            .WithArgs(
                $"--storage.tsdb.path={prometheus.WithDataFolder("/prometheus")}",
                $"--storage.tsdb.retention.time={Retention}",
                "--storage.tsdb.retention.size=4GB",
                "--enable-feature=exemplar-storage",
                $"--web.route-prefix={BasePath}/")
            .WithArgs(context =>
            {
                context.Args.Add(ReferenceExpression.Create($"--web.external-url={site}{BasePath}/"));
                context.Args.Add(ReferenceExpression.Create($"--web.listen-address={prometheus.ListenAddress()}"));
            });
    }

    /// <summary>Scrapes every process of the service by itself, at its management port.</summary>
    public static IResourceBuilder<IMonitor> Watching(this IResourceBuilder<IMonitor> prometheus, IResourceBuilder<ProjectResource> service)
    {
        var management = service.GetEndpoint("management");
        if (prometheus.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            // In Compose the name of a service has an address for each of its containers.
            return prometheus.Watching(new ScrapeJob(service.Resource.Name) { DnsName = service.Resource.Name, Port = management.TargetPort!.Value });
        }

        if (prometheus.Resource is ContainerResource)
        {
            // The tunnel that containers see the host through has one end for all replicas: there is one only (Services/ServiceExtensions.cs).
            return prometheus.Watching(new ScrapeJob(service.Resource.Name) { Endpoint = management });
        }

        var file = Path.Combine(prometheus.OwnFolder(), "targets", service.Resource.Name + ".json");
        prometheus.ApplicationBuilder.AddReplicaTargets(service.Resource, file);
        return prometheus.Watching(new ScrapeJob(service.Resource.Name) { Files = file });
    }

    /// <summary>Scrapes a server, where it runs.</summary>
    public static IResourceBuilder<IMonitor> Watching(
        this IResourceBuilder<IMonitor> prometheus, string job, IResourceBuilder<IResourceWithEndpoints>? server,
        string metricsPath = "/metrics", string endpoint = MonitorExtensions.HttpEndpointName) => server is null
        ? prometheus
        : prometheus.Watching(new ScrapeJob(job) { Endpoint = server.GetEndpoint(endpoint), MetricsPath = metricsPath });

    /// <summary>Sends alerts there, where it runs.</summary>
    public static IResourceBuilder<IMonitor> WithAlertmanager(this IResourceBuilder<IMonitor> prometheus, IResourceBuilder<IMonitor>? alertmanager)
    {
        if (alertmanager is null)
        {
            return prometheus;
        }

        prometheus.Configuration().Alertmanager = alertmanager.GetEndpoint(MonitorExtensions.HttpEndpointName);
        return prometheus.Watching("alertmanager", alertmanager, "/alertmanager/metrics");
    }

    /// <summary>Has the exporter probe what <see cref="Probing"/> names, where it runs.</summary>
    public static IResourceBuilder<IMonitor> WithBlackbox(this IResourceBuilder<IMonitor> prometheus, IResourceBuilder<IMonitor>? blackbox)
    {
        if (blackbox is null)
        {
            return prometheus;
        }

        prometheus.Configuration().Blackbox = blackbox.GetEndpoint(MonitorExtensions.HttpEndpointName);
        return prometheus.Watching("blackbox", blackbox);
    }

    /// <summary>Has something asked as a stranger would.</summary>
    public static IResourceBuilder<IMonitor> Probing(this IResourceBuilder<IMonitor> prometheus, params Probe[] probes)
    {
        foreach (var probe in probes)
        {
            prometheus.Configuration().Add(probe);
        }

        return prometheus;
    }

    private static IResourceBuilder<IMonitor> Watching(this IResourceBuilder<IMonitor> prometheus, ScrapeJob job)
    {
        prometheus.Configuration().Add(job);
        return prometheus;
    }

    private static PrometheusConfiguration Configuration(this IResourceBuilder<IMonitor> prometheus) =>
        prometheus.Resource.Annotations.OfType<PrometheusConfiguration>().Single();

    /// <summary>Has the configuration written where the server finds it, as late as possible; the path is the server's.</summary>
    private static string WithConfiguration(this IResourceBuilder<IMonitor> prometheus, PrometheusConfiguration configuration, string files)
    {
        var execution = prometheus.ApplicationBuilder.ExecutionContext;
        if (prometheus is IResourceBuilder<MonitorContainer> container)
        {
            container.WithConfigFiles(files, new ConfigFile(ConfigurationFile, cancellationToken => configuration.WriteAsync(
                endpoint => AddressAsync(endpoint, cancellationToken))));
            return $"{files}/{ConfigurationFile}";
        }

        var path = Path.Combine(prometheus.OwnFolder(), ConfigurationFile);
        prometheus.WithArgs(async context =>
        {
            Directory.CreateDirectory(prometheus.OwnFolder());
            await File.WriteAllTextAsync(
                path, await configuration.WriteAsync(endpoint => AddressAsync(endpoint, context.CancellationToken)), context.CancellationToken);
        });
        return path;

        async ValueTask<string> AddressAsync(EndpointReference endpoint, CancellationToken cancellationToken) => execution.IsPublishMode
            ? $"{endpoint.Resource.Name}:{endpoint.TargetPort}"
            : (await endpoint.Property(EndpointProperty.HostAndPort).GetValueAsync(
                new ValueProviderContext { ExecutionContext = execution, Caller = prometheus.Resource }, cancellationToken))!;
    }
}
