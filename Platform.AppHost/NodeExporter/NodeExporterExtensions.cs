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
            ?.WithArgs(
                // Partitions and folders of containers are none of the machine's own file systems.
                "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys|run|var/lib/(docker|containers))($|/)",
                "--collector.filesystem.fs-types-exclude=^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|"
                    + "mqueue|nsfs|overlay|proc|procfs|pstore|ramfs|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tmpfs|tracefs)$");
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
