namespace Platform.AppHost.NodeExporter;

/// <summary>The machine itself: processors, memory, file systems.</summary>
internal static class NodeExporterExtensions
{
    private const string HostFolder = "/host";

    private static readonly MonitorProgram Program = new()
    {
        Image = "prom/node-exporter",
        Tag = "v1.11.1",
        Programs = ["prometheus-node-exporter", "node_exporter"],
        Port = 9100,
        HealthPath = "/",
        Memory = "128M",
        HostFolders = [("/", HostFolder)],
    };

    /// <summary>A node exporter for the machine that it runs on.</summary>
    public static IResourceBuilder<IMonitor>? AddNodeExporter(this IDistributedApplicationBuilder builder, string name, PlatformTopology topology)
    {
        var exporter = builder.AddMonitor(name, topology, Program)
            // Debian's asks it by itself, and logs an error at every scrape where there is none.
            ?.WithArgs("--no-collector.systemd");
        if (exporter?.Resource is ContainerResource)
        {
            exporter.WithArgs(
                $"--path.rootfs={HostFolder}",
                $"--path.procfs={HostFolder}/proc",
                $"--path.sysfs={HostFolder}/sys",
                // A container sees its own network only, and that is not the machine's.
                "--no-collector.netdev",
                "--no-collector.netclass");
        }

        return exporter?.WithArgs(context => context.Args.Add(ReferenceExpression.Create($"--web.listen-address={exporter.ListenAddress()}")));
    }
}
