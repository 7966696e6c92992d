namespace Platform.AppHost.Blackbox;

/// <summary>Questions to Platform as a stranger would ask them: the Blackbox exporter.</summary>
internal static class BlackboxExtensions
{
    private static readonly MonitorProgram Program = new()
    {
        Image = "prom/blackbox-exporter",
        Tag = "v0.28.0",
        Programs = ["prometheus-blackbox-exporter", "blackbox_exporter"],
        Port = 9115,
        HealthPath = "/-/healthy",
        Memory = "128M",
    };

    /// <summary>A Blackbox exporter with the modules of <c>Blackbox/blackbox.yaml</c>.</summary>
    public static IResourceBuilder<IMonitor>? AddBlackbox(this IDistributedApplicationBuilder builder, string name, PlatformTopology topology) =>
        builder.AddMonitor(name, topology, Program) is { } blackbox
            ? blackbox
                .WithArgs($"--config.file={blackbox.WithFilesOf("Blackbox", "blackbox.yaml")}/blackbox.yaml")
                .WithArgs(context => context.Args.Add(ReferenceExpression.Create($"--web.listen-address={blackbox.ListenAddress()}")))
            : null;

    /// <summary>A page that everybody sees.</summary>
    public static Probe PublicPage(this IResourceBuilder<ProjectResource> edge, string target, string path) =>
        new(target, "public", "http_ok", edge.Site(), path);

    /// <summary>A page that a stranger is refused.</summary>
    public static Probe AdminPage(this IResourceBuilder<ProjectResource> edge, string target, string path) =>
        new(target, "admin", "http_signed_out", edge.Site(), path);

    /// <summary>A port that takes connections.</summary>
    public static Probe Port(this IResourceBuilder<IResourceWithEndpoints> server, string target, string endpoint) =>
        new(target, "server", "tcp_connect", server.GetEndpoint(endpoint), Path: null);
}
