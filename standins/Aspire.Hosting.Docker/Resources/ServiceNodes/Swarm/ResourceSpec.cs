// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

/// <summary>An amount of processor and memory.</summary>
public sealed class ResourceSpec
{
    /// <summary>Processors, such as "0.5".</summary>
    public string? Cpus { get; set; }

    /// <summary>Memory, such as "512M".</summary>
    public string? Memory { get; set; }
}
