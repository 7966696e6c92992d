// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker.Resources.ComposeNodes;

/// <summary>A file that only the services that ask for it can read.</summary>
public sealed class Secret
{
    /// <summary>The path of the file, relative to the Compose file.</summary>
    public string? File { get; set; }

    /// <summary>Whether it exists outside of the Compose file.</summary>
    public bool? External { get; set; }

    /// <summary>Its name outside of the Compose file.</summary>
    public string? Name { get; set; }

    /// <summary>Labels.</summary>
    public Dictionary<string, string> Labels { get; set; } = [];
}
