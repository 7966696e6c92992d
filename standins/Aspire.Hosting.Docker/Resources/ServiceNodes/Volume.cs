// Stands in for Aspire.Hosting.Docker 13.6.5.

using Aspire.Hosting.Docker.Resources.ComposeNodes;

namespace Aspire.Hosting.Docker.Resources.ServiceNodes;

/// <summary>A named volume, or how a service mounts one.</summary>
public sealed class Volume : NamedComposeMember
{
    /// <summary>"volume" or "bind".</summary>
    public string? Type { get; set; }

    /// <summary>The path in the container.</summary>
    public string? Target { get; set; }

    /// <summary>The volume, or the path on the host.</summary>
    public string? Source { get; set; }

    /// <summary>Whether the service can only read it.</summary>
    public bool? ReadOnly { get; set; }

    /// <summary>The volume driver.</summary>
    public string? Driver { get; set; }

    /// <summary>Options of the driver.</summary>
    public Dictionary<string, string> DriverOpts { get; set; } = [];

    /// <summary>Whether it exists outside of the Compose file.</summary>
    public bool? External { get; set; }

    /// <summary>Labels.</summary>
    public Dictionary<string, string> Labels { get; set; } = [];
}
