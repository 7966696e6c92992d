// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

/// <summary>How an update is rolled out.</summary>
public sealed class UpdateConfig
{
    /// <summary>How many containers are replaced at a time.</summary>
    public int? Parallelism { get; set; }

    /// <summary>How long to wait between them.</summary>
    public string? Delay { get; set; }

    /// <summary>What happens when one fails.</summary>
    public string? FailureAction { get; set; }

    /// <summary>How long a container is watched.</summary>
    public string? Monitor { get; set; }

    /// <summary>How many may fail.</summary>
    public string? MaxFailureRatio { get; set; }

    /// <summary>"stop-first" or "start-first".</summary>
    public string? Order { get; set; }
}
