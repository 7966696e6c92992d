namespace Platform.AppHost.Loki;

/// <summary>Logs: Loki.</summary>
internal static class LokiExtensions
{
    private static readonly MonitorProgram Program = new()
    {
        Image = "grafana/loki",
        Tag = "3.7.3",
        Port = 3100,
        HealthPath = "/ready",
        Healthcheck = ["CMD", "/usr/bin/loki", "-health"],
        Memory = "1G",
    };

    /// <summary>A Loki that keeps logs for 30 days; null where there are no containers.</summary>
    public static IResourceBuilder<IMonitor>? AddLoki(this IDistributedApplicationBuilder builder, string name, PlatformTopology topology)
    {
        var loki = builder.AddMonitor(name, topology, Program);
        loki?.WithDataFolder("/loki");
        return loki?.WithArgs($"-config.file={loki.WithFilesOf("Loki", "loki.yaml")}/loki.yaml");
    }
}
