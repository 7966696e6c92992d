// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ServiceNodes;

/// <summary>Where the output of a service goes.</summary>
public sealed class Logging
{
    /// <summary>The logging driver.</summary>
    public string? Driver { get; set; }

    /// <summary>Options of the driver.</summary>
    public Dictionary<string, string> Options { get; set; } = [];
}
