// Stands in for Aspire.Hosting.Docker 13.6.5.

using YamlDotNet.Serialization;

namespace Aspire.Hosting.Docker.Resources.ComposeNodes;

/// <summary>A part of a Compose file whose name is its key.</summary>
public abstract class NamedComposeMember
{
    /// <summary>The key.</summary>
    [YamlIgnore]
    public required string Name { get; set; }
}
