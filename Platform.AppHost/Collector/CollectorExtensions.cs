namespace Platform.AppHost.Collector;

/// <summary>Where the services send their telemetry: the OpenTelemetry Collector.</summary>
internal static class CollectorExtensions
{
    private const string OtlpEndpointName = "otlp";
    private const string MetricsEndpointName = "metrics";

    private static readonly MonitorProgram Program = new()
    {
        Image = "otel/opentelemetry-collector-contrib",
        Tag = "0.153.0",
        Port = 13133,
        HealthPath = "/",
        // Its image holds one program, which cannot ask itself. Nothing waits for it, and Prometheus sees when it is down.
        Healthcheck = [],
        Memory = "512M",
    };

    /// <summary>
    /// A Collector that hands logs to Loki and traces to Tempo, and all of it to Aspire's dashboard where Aspire runs the graph; null where
    /// there are no containers.
    /// </summary>
    public static IResourceBuilder<IMonitor>? AddCollector(
        this IDistributedApplicationBuilder builder, string name, PlatformTopology topology,
        IResourceBuilder<IMonitor>? loki, IResourceBuilder<IMonitor>? tempo)
    {
        if (builder.AddMonitor(name, topology, Program) is not { } collector)
        {
            return null;
        }

        var files = collector.WithFilesOf("Collector", "*.yaml");
        collector.WithArgs($"--config={files}/collector.yaml")
            .WithEndpoint(targetPort: 4317, name: OtlpEndpointName, scheme: "http")
            .WithHttpEndpoint(targetPort: 8888, name: MetricsEndpointName)
            .WithAddress("LOKI_ADDRESS", loki)
            .WithAddress("TEMPO_ADDRESS", tempo, TempoExtensions.OtlpEndpointName);
        if (builder.ExecutionContext.IsRunMode)
        {
            collector.WithArgs($"--config={files}/dashboard.yaml")
                .WithOtlpExporter()
                .WithEnvironment("DASHBOARD_API_KEY", builder.Configuration["AppHost:OtlpApiKey"] ?? "");
        }

        return collector;
    }

    /// <summary>Has the service send its logs and traces there, where it runs.</summary>
    public static IResourceBuilder<ProjectResource> WithCollector(
        this IResourceBuilder<ProjectResource> service, IResourceBuilder<IMonitor>? collector)
    {
        if (collector is null)
        {
            return service;
        }

        service.WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", collector.GetEndpoint(OtlpEndpointName))
            .WithEnvironment("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
            .WithEnvironment("OTEL_SERVICE_NAME", service.Resource.Name);
        return service.ApplicationBuilder.ExecutionContext.IsPublishMode
            // Prometheus scrapes them.
            ? service.WithEnvironment("OTEL_METRICS_EXPORTER", "none")
            : service;
    }

    /// <summary>Scrapes what the Collector counts of itself, where it runs.</summary>
    public static IResourceBuilder<IMonitor> WatchingCollector(this IResourceBuilder<IMonitor> prometheus, IResourceBuilder<IMonitor>? collector) =>
        prometheus.Watching("collector", collector, endpoint: MetricsEndpointName);
}
