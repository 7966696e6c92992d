// Stands in for Aspire.Hosting.Docker 13.6.5.

using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Docker;

/// <summary>A variable that the Compose file refers to, and that the .env file beside it names.</summary>
public sealed class CapturedEnvironmentVariable
{
    /// <summary>The variable's name.</summary>
    public required string Name { get; init; }

    /// <summary>What the variable is for: its comment in the .env file.</summary>
    public string? Description { get; set; }

    /// <summary>The value that a deployment starts from; publishing leaves every value empty.</summary>
    public string? DefaultValue { get; set; }

    /// <summary>What the variable stands for, such as a <see cref="ParameterResource"/> or a <see cref="ContainerMountAnnotation"/>.</summary>
    public object? Source { get; set; }

    /// <summary>The resource that the variable belongs to, where the source alone does not tell.</summary>
    public IResource? Resource { get; set; }
}
