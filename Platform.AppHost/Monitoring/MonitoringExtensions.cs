namespace Platform.AppHost.Monitoring;

/// <summary>Who watches Platform, and tells when something is wrong.</summary>
internal static class MonitoringExtensions
{
    /// <summary>
    /// Adds Prometheus with its exporters and Alertmanager, and in containers the Collector, Loki, Tempo and Grafana, too. In the embedded
    /// topology those run whose programs this machine has.
    /// </summary>
    public static void AddMonitoring(this IDistributedApplicationBuilder builder, PlatformTopology topology, Watched watched)
    {
        var (api, edge) = (watched.Api, watched.Edge);
        var site = edge.SiteUrl();
        if (builder.AddPrometheus("prometheus", topology, site) is { } prometheus)
        {
            var alertmanager = builder.AddAlertmanager("alertmanager", topology, site, watched.Mail);
            var loki = builder.AddLoki("loki", topology);
            var tempo = builder.AddTempo("tempo", topology);
            var collector = builder.AddCollector("collector", topology, loki, tempo);
            var grafana = builder.AddGrafana("grafana", topology, site)
                .Showing("PROMETHEUS", prometheus).Showing("ALERTMANAGER", alertmanager).Showing("LOKI", loki).Showing("TEMPO", tempo);

            prometheus
                .Watching(api)
                .Watching(edge)
                .Watching("node", builder.AddNodeExporter("node-exporter", topology))
                .Watching("postgres", builder.AddPostgresExporter("postgres-exporter", topology, watched.Postgres, watched.PostgresPassword))
                .Watching("minio", watched.ObjectStorage, ObjectStorageExtensions.MetricsPath)
                .Watching("loki", loki)
                .Watching("tempo", tempo)
                .Watching("grafana", grafana)
                .WatchingCollector(collector)
                .WithAlertmanager(alertmanager)
                .WithBlackbox(builder.AddBlackbox("blackbox-exporter", topology))
                .Probing(edge.PublicPage("home", "/"), edge.PublicPage("contact form", "/contact"), edge.PublicPage("health", "/health"))
                .Probing(edge.AdminPage("console", "/console/"), edge.AdminPage("api documentation", "/docs/index.html"))
                .Probing([.. Applications().Select(application => edge.AdminPage(application.Resource.Name, $"/{application.Resource.Name}/"))])
                .Probing(watched.Postgres.Port("postgres", "tcp"));
            if (watched.Search is { } search)
            {
                prometheus.Probing(search.Port("search", "http"));
            }

            if (watched.Mail?.Maildev is { } maildev)
            {
                prometheus.Probing(maildev.Port("mail", MaildevResource.SmtpEndpointName));
            }

            api.WithCollector(collector);
            edge.WithCollector(collector);
            foreach (var application in Applications())
            {
                edge.WithApplication(application);
            }

            IEnumerable<IResourceBuilder<IMonitor>> Applications() => new[] { prometheus, alertmanager, grafana, loki }.OfType<IResourceBuilder<IMonitor>>();
        }

        builder.ReportMissingMonitors();
    }
}

/// <summary>What is watched.</summary>
internal sealed record Watched(IResourceBuilder<ProjectResource> Api, IResourceBuilder<ProjectResource> Edge)
{
    /// <summary>The database server, with an endpoint <c>tcp</c>.</summary>
    public required IResourceBuilder<IResourceWithEndpoints> Postgres { get; init; }

    /// <summary>The password of its superuser.</summary>
    public required IResourceBuilder<ParameterResource> PostgresPassword { get; init; }

    /// <summary>The object store, where it is a server.</summary>
    public IResourceBuilder<IResourceWithEndpoints>? ObjectStorage { get; init; }

    /// <summary>The search engine, where it is a server.</summary>
    public IResourceBuilder<IResourceWithEndpoints>? Search { get; init; }

    /// <summary>The mail server, where mail is sent.</summary>
    public MailServer? Mail { get; init; }
}
