// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ComposeNodes;

/// <summary>A network.</summary>
public sealed class Network : NamedComposeMember
{
    /// <summary>The network driver.</summary>
    public string? Driver { get; set; }

    /// <summary>Options of the driver.</summary>
    public Dictionary<string, string> DriverOpts { get; set; } = [];

    /// <summary>Whether it exists outside of the Compose file.</summary>
    public bool? External { get; set; }

    /// <summary>Labels.</summary>
    public Dictionary<string, string> Labels { get; set; } = [];

    /// <summary>Whether containers outside of the Compose file may join.</summary>
    public bool? Attachable { get; set; }

    /// <summary>Whether it is the ingress network of a swarm.</summary>
    public bool? Ingress { get; set; }

    /// <summary>Whether it has no way out.</summary>
    public bool? Internal { get; set; }
}
