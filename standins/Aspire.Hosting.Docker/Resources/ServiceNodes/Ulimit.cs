// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ServiceNodes;

/// <summary>A limit of a process.</summary>
public sealed class Ulimit
{
    /// <summary>The limit, which the process may raise.</summary>
    public int? Soft { get; set; }

    /// <summary>How far it may raise it.</summary>
    public int? Hard { get; set; }
}
