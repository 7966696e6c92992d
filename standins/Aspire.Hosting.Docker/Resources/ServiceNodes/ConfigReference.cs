// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ServiceNodes;

/// <summary>How a service mounts a configuration file.</summary>
public sealed class ConfigReference
{
    /// <summary>The name of the configuration file.</summary>
    public string? Source { get; set; }

    /// <summary>The path in the container.</summary>
    public string? Target { get; set; }

    /// <summary>The owner.</summary>
    public string? Uid { get; set; }

    /// <summary>The group.</summary>
    public string? Gid { get; set; }

    /// <summary>The mode.</summary>
    public UnixFileMode? Mode { get; set; }
}
