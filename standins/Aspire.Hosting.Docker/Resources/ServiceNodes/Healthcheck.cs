// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ServiceNodes;

/// <summary>How Docker tells whether a service is healthy.</summary>
public sealed class Healthcheck
{
    /// <summary>The command: "CMD" or "CMD-SHELL", then its arguments.</summary>
    public List<string> Test { get; set; } = [];

    /// <summary>How often it runs.</summary>
    public required string Interval { get; set; }

    /// <summary>How long it may take.</summary>
    public required string Timeout { get; set; }

    /// <summary>How many failures in a row make the service unhealthy.</summary>
    public int? Retries { get; set; }

    /// <summary>How long failures after the start do not count.</summary>
    public required string StartPeriod { get; set; }
}
