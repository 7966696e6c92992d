// Stands in for Aspire.Hosting.Docker 13.6.5.

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker.Resources.ComposeNodes;

namespace Aspire.Hosting.Docker;

/// <summary>Changes the Compose service of a resource before it is written.</summary>
/// <param name="configure">The change.</param>
public sealed class DockerComposeServiceCustomizationAnnotation(Action<DockerComposeServiceResource, Service> configure) : IResourceAnnotation
{
    /// <summary>The change.</summary>
    public Action<DockerComposeServiceResource, Service> Configure { get; } = configure ?? throw new ArgumentNullException(nameof(configure));
}
