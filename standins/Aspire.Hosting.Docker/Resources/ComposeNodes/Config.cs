// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ComposeNodes;

/// <summary>A configuration file that services mount.</summary>
public sealed class Config : NamedComposeMember
{
    /// <summary>The path of the file, relative to the Compose file.</summary>
    public string? File { get; set; }

    /// <summary>Whether it exists outside of the Compose file.</summary>
    public bool? External { get; set; }

    /// <summary>The text of the file. Compose expands variables in it.</summary>
    public string? Content { get; set; }

    /// <summary>Labels.</summary>
    public Dictionary<string, string> Labels { get; set; } = [];
}
