// Stands in for Aspire.Hosting.Docker 13.6.5.

using Aspire.Hosting.Docker.Resources.ServiceNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

namespace Aspire.Hosting.Docker.Resources.ComposeNodes;

/// <summary>A service.</summary>
public sealed class Service : NamedComposeMember
{
    /// <summary>The image.</summary>
    public string? Image { get; set; }

    /// <summary>When the image is pulled.</summary>
    public string? PullPolicy { get; set; }

    /// <summary>The name of the container, which allows only one of it.</summary>
    public string? ContainerName { get; set; }

    /// <summary>The arguments, in place of those of the image.</summary>
    public List<string> Command { get; set; } = [];

    /// <summary>The program, in place of that of the image.</summary>
    public List<string> Entrypoint { get; set; } = [];

    /// <summary>Environment variables.</summary>
    public Dictionary<string, string> Environment { get; set; } = [];

    /// <summary>Files with environment variables.</summary>
    public List<string> EnvFile { get; set; } = [];

    /// <summary>The working directory.</summary>
    public string? WorkingDir { get; set; }

    /// <summary>Ports published on the host: "8080:80", or "80" for a host port of Docker's choice.</summary>
    public List<string> Ports { get; set; } = [];

    /// <summary>Ports that only other services reach.</summary>
    public List<string> Expose { get; set; } = [];

    /// <summary>Volumes and paths of the host that are mounted.</summary>
    public List<Volume> Volumes { get; set; } = [];

    /// <summary>The services that it waits for.</summary>
    public Dictionary<string, ServiceDependency> DependsOn { get; set; } = [];

    /// <summary>The user that the program runs as.</summary>
    public string? User { get; set; }

    /// <summary>The networks that it is on.</summary>
    public List<string> Networks { get; set; } = [];

    /// <summary>When it is started again: "no", "always", "on-failure" or "unless-stopped".</summary>
    public string? Restart { get; set; }

    /// <summary>Replicas and limits.</summary>
    public Deploy? Deploy { get; set; }

    /// <summary>How Docker tells whether it is healthy.</summary>
    public Healthcheck? Healthcheck { get; set; }

    /// <summary>Where its output goes.</summary>
    public Logging? Logging { get; set; }

    /// <summary>Labels.</summary>
    public Dictionary<string, string> Labels { get; set; } = [];

    /// <summary>The host name that the program sees.</summary>
    public string? Hostname { get; set; }

    /// <summary>The IPC namespace.</summary>
    public string? Ipc { get; set; }

    /// <summary>The size of /dev/shm.</summary>
    public string? ShmSize { get; set; }

    /// <summary>The PID namespace.</summary>
    public string? Pid { get; set; }

    /// <summary>Whether it may do what root of the host may.</summary>
    public bool? Privileged { get; set; }

    /// <summary>Capabilities that are added.</summary>
    public List<string> CapAdd { get; set; } = [];

    /// <summary>Capabilities that are dropped.</summary>
    public List<string> CapDrop { get; set; } = [];

    /// <summary>Devices of the host.</summary>
    public List<string> Devices { get; set; } = [];

    /// <summary>DNS servers.</summary>
    public List<string> Dns { get; set; } = [];

    /// <summary>DNS search domains.</summary>
    public List<string> DnsSearch { get; set; } = [];

    /// <summary>Addresses by host name.</summary>
    public Dictionary<string, string> ExtraHosts { get; set; } = [];

    /// <summary>Further groups of the user.</summary>
    public List<string> GroupAdd { get; set; } = [];

    /// <summary>Whether an init process reaps children and forwards signals.</summary>
    public bool? Init { get; set; }

    /// <summary>The network namespace, in place of networks.</summary>
    public string? NetworkMode { get; set; }

    /// <summary>The profiles that it belongs to; without any it always runs.</summary>
    public List<string> Profiles { get; set; } = [];

    /// <summary>Whether the root file system is read-only.</summary>
    public bool? ReadOnly { get; set; }

    /// <summary>Security options, such as "no-new-privileges:true".</summary>
    public List<string> SecurityOpt { get; set; } = [];

    /// <summary>The secrets that it reads.</summary>
    public List<SecretReference> Secrets { get; set; } = [];

    /// <summary>The configuration files that it mounts.</summary>
    public List<ConfigReference> Configs { get; set; } = [];

    /// <summary>How long it may take to stop before it is killed.</summary>
    public string? StopGracePeriod { get; set; }

    /// <summary>The signal that asks it to stop.</summary>
    public string? StopSignal { get; set; }

    /// <summary>Kernel parameters.</summary>
    public Dictionary<string, string> Sysctls { get; set; } = [];

    /// <summary>Paths that are kept in memory.</summary>
    public List<string> Tmpfs { get; set; } = [];

    /// <summary>Whether its standard input stays open.</summary>
    public bool? StdinOpen { get; set; }

    /// <summary>Whether it has a terminal.</summary>
    public bool? Tty { get; set; }

    /// <summary>Limits of the process, by name.</summary>
    public Dictionary<string, Ulimit> Ulimits { get; set; } = [];

    /// <summary>Mounts a volume.</summary>
    public Service AddVolume(Volume volume)
    {
        Volumes.Add(volume);
        return this;
    }

    /// <summary>Mounts volumes.</summary>
    public Service AddVolumes(IEnumerable<Volume> volumes)
    {
        Volumes.AddRange(volumes);
        return this;
    }

    /// <summary>Sets an environment variable.</summary>
    public Service AddEnvironmentalVariable(string key, string? value)
    {
        Environment[key] = value ?? "";
        return this;
    }

    /// <summary>Mounts a configuration file.</summary>
    public Service AddConfig(ConfigReference config)
    {
        Configs.Add(config);
        return this;
    }
}
