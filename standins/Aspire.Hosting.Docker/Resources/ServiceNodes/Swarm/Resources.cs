// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

/// <summary>What a container may use.</summary>
public sealed class Resources
{
    /// <summary>The most that it gets.</summary>
    public ResourceSpec? Limits { get; set; }

    /// <summary>The least that it gets.</summary>
    public ResourceSpec? Reservations { get; set; }
}
