// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ComposeNodes;

/// <summary>What a service waits for before it starts.</summary>
public sealed class ServiceDependency
{
    /// <summary>"service_started", "service_healthy" or "service_completed_successfully".</summary>
    public string? Condition { get; set; }
}
