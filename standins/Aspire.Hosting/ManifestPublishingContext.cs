// Stands in for the package Aspire.Hosting 13.5.4.

using System.Text.Json;

namespace Aspire.Hosting.Publishing;

/// <summary>What writes a manifest.</summary>
/// <param name="executionContext">Whether the graph runs or is published.</param>
/// <param name="manifestPath">The file.</param>
/// <param name="writer">Its writer.</param>
/// <param name="cancellationToken">Stops the writing.</param>
public sealed class ManifestPublishingContext(
    DistributedApplicationExecutionContext executionContext, string manifestPath, Utf8JsonWriter writer, CancellationToken cancellationToken = default)
{
    /// <summary>Whether the graph runs or is published.</summary>
    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;

    /// <summary>The file.</summary>
    public string ManifestPath { get; } = manifestPath;

    /// <summary>Its writer.</summary>
    public Utf8JsonWriter Writer { get; } = writer;

    /// <summary>Stops the writing.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;
}
