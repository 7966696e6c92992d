// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

/// <summary>When a container is started again.</summary>
public sealed class RestartPolicy
{
    /// <summary>"none", "on-failure" or "any".</summary>
    public string? Condition { get; set; }

    /// <summary>How long to wait between attempts.</summary>
    public string? Delay { get; set; }

    /// <summary>How many attempts there are.</summary>
    public int? MaxAttempts { get; set; }

    /// <summary>How long a container must run to count as started.</summary>
    public string? Window { get; set; }
}
