namespace Platform.AppHost.PostgresExporter;

/// <summary>What PostgreSQL counts of itself.</summary>
internal static class PostgresExporterExtensions
{
    private static readonly MonitorProgram Program = new()
    {
        Image = "prometheuscommunity/postgres-exporter",
        Tag = "v0.19.1",
        Programs = ["prometheus-postgres-exporter", "postgres_exporter"],
        Port = 9187,
        HealthPath = "/",
        Memory = "128M",
    };

    /// <summary>A postgres exporter for one server.</summary>
    public static IResourceBuilder<IMonitor>? AddPostgresExporter(
        this IDistributedApplicationBuilder builder, string name, PlatformTopology topology,
        IResourceBuilder<IResourceWithEndpoints> server, IResourceBuilder<ParameterResource> password) =>
        builder.AddMonitor(name, topology, Program) is { } exporter
            ? exporter
                .WithEnvironment("DATA_SOURCE_URI", $"{server.GetEndpoint("tcp").Property(EndpointProperty.HostAndPort)}/postgres?sslmode=disable")
                .WithEnvironment("DATA_SOURCE_USER", "postgres")
                .WithEnvironment("DATA_SOURCE_PASS", password)
                // Debian's asks for columns that PostgreSQL 17 has moved, and logs an error at every scrape.
                .WithArgs("--no-collector.bgwriter")
                .WithArgs(context => context.Args.Add(ReferenceExpression.Create($"--web.listen-address={exporter.ListenAddress()}")))
            : null;
}
