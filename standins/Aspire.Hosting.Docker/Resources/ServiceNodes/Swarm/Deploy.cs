// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

/// <summary>Replicas and limits of a service.</summary>
public sealed class Deploy
{
    /// <summary>How many containers run.</summary>
    public int? Replicas { get; set; }

    /// <summary>"replicated" or "global".</summary>
    public string? Mode { get; set; }

    /// <summary>What a container may use.</summary>
    public Resources? Resources { get; set; }

    /// <summary>How an update is rolled out.</summary>
    public UpdateConfig? UpdateConfig { get; set; }

    /// <summary>When a container is started again.</summary>
    public RestartPolicy? RestartPolicy { get; set; }
}
