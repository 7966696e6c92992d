// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ServiceNodes;

/// <summary>How a service mounts a secret.</summary>
public sealed class SecretReference
{
    /// <summary>The name of the secret.</summary>
    public string? Source { get; set; }

    /// <summary>The path in the container.</summary>
    public string? Target { get; set; }

    /// <summary>The owner.</summary>
    public int? Uid { get; set; }

    /// <summary>The group.</summary>
    public int? Gid { get; set; }

    /// <summary>The mode.</summary>
    public int? Mode { get; set; }
}
