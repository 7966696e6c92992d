namespace Platform.AppHost.Tempo;

/// <summary>Traces: Tempo.</summary>
internal static class TempoExtensions
{
    /// <summary>The name of the endpoint that takes traces, over OTLP with gRPC.</summary>
    public const string OtlpEndpointName = "otlp";

    private static readonly MonitorProgram Program = new()
    {
        Image = "grafana/tempo",
        Tag = "3.0.3",
        Port = 3200,
        HealthPath = "/ready",
        Healthcheck = ["CMD", "/tempo", "-health"],
        Memory = "1G",
    };

    /// <summary>A Tempo that keeps traces for 14 days; null where there are no containers.</summary>
    public static IResourceBuilder<IMonitor>? AddTempo(this IDistributedApplicationBuilder builder, string name, PlatformTopology topology)
    {
        var tempo = builder.AddMonitor(name, topology, Program);
        tempo?.WithDataFolder("/var/tempo");
        return tempo?.WithEndpoint(targetPort: 4317, name: OtlpEndpointName)
            .WithArgs($"-config.file={tempo.WithFilesOf("Tempo", "tempo.yaml")}/tempo.yaml");
    }
}
