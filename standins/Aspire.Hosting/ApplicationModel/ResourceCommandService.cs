// Stands in for the package Aspire.Hosting 13.5.4.

namespace Aspire.Hosting.ApplicationModel;

/// <summary>What became of a command.</summary>
public sealed class ExecuteCommandResult
{
    /// <summary>Whether it was done.</summary>
    public required bool Success { get; init; }

    /// <summary>Why not, or what was done.</summary>
    public string? Message { get; init; }
}

/// <summary>Executes commands of resources: <c>start</c>, <c>stop</c>, <c>restart</c>.</summary>
public class ResourceCommandService
{
    private readonly Dcp.Orchestrator _orchestrator;

    internal ResourceCommandService(Dcp.Orchestrator orchestrator) => _orchestrator = orchestrator;

    /// <summary>Executes a command and returns when it is done.</summary>
    public Task<ExecuteCommandResult> ExecuteCommandAsync(string resourceId, string commandName, CancellationToken cancellationToken = default) =>
        _orchestrator.ExecuteCommandAsync(resourceId, commandName, cancellationToken);

    /// <inheritdoc cref="ExecuteCommandAsync(string, string, CancellationToken)"/>
    public Task<ExecuteCommandResult> ExecuteCommandAsync(IResource resource, string commandName, CancellationToken cancellationToken = default) =>
        ExecuteCommandAsync(resource.Name, commandName, cancellationToken);
}
