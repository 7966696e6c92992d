// Stands in for the package Aspire.Hosting 13.5.4.

using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>What is known of a resource at one moment.</summary>
public sealed record CustomResourceSnapshot
{
    /// <summary>The kind: Executable, Project, Parameter.</summary>
    public required string ResourceType { get; init; }

    /// <summary>One of <see cref="KnownResourceStates"/>.</summary>
    public ResourceStateSnapshot? State { get; init; }

    /// <summary>The exit code of a process that has ended; -1 when a signal ended it.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The worst of its health checks; null while it is not running.</summary>
    public HealthStatus? HealthStatus { get; init; }

    /// <summary>Where it can be reached.</summary>
    public ImmutableArray<UrlSnapshot> Urls { get; init; } = [];
}

/// <summary>A state.</summary>
/// <param name="Text">One of <see cref="KnownResourceStates"/>.</param>
/// <param name="Style">How it is shown.</param>
public sealed record ResourceStateSnapshot(string Text, string? Style)
{
    /// <summary>A state without a style.</summary>
    public static implicit operator ResourceStateSnapshot?(string? text) => text is null ? null : new(text, null);
}

/// <summary>A link of a resource.</summary>
/// <param name="Name">The name of the endpoint.</param>
/// <param name="Url">The address.</param>
/// <param name="IsInternal">Whether it is for the details only.</param>
public sealed record UrlSnapshot(string? Name, string Url, bool IsInternal)
{
    /// <summary>How it is shown.</summary>
    public UrlDisplayPropertiesSnapshot DisplayProperties { get; init; } = new();
}

/// <summary>How a link is shown.</summary>
/// <param name="DisplayName">Its text.</param>
/// <param name="SortOrder">Links with a higher one come first.</param>
public sealed record UrlDisplayPropertiesSnapshot(string DisplayName = "", int SortOrder = 0);

/// <summary>The states of a resource.</summary>
public static class KnownResourceStates
{
    /// <summary>Not asked to start.</summary>
    public static readonly string NotStarted = nameof(NotStarted);

    /// <summary>Waiting for what it depends on.</summary>
    public static readonly string Waiting = nameof(Waiting);

    /// <summary>Being started.</summary>
    public static readonly string Starting = nameof(Starting);

    /// <summary>Running.</summary>
    public static readonly string Running = nameof(Running);

    /// <summary>Being stopped on request.</summary>
    public static readonly string Stopping = nameof(Stopping);

    /// <summary>Ended.</summary>
    public static readonly string Finished = nameof(Finished);

    /// <summary>Ended.</summary>
    public static readonly string Exited = nameof(Exited);

    /// <summary>Could not be started.</summary>
    public static readonly string FailedToStart = nameof(FailedToStart);

    /// <summary>The states that a resource does not leave by itself.</summary>
    public static readonly IReadOnlyList<string> TerminalStates = [Finished, FailedToStart, Exited];
}

/// <summary>A change of a resource.</summary>
/// <param name="resource">The resource.</param>
/// <param name="resourceId">The id of the instance.</param>
/// <param name="snapshot">What is known now.</param>
public class ResourceEvent(IResource resource, string resourceId, CustomResourceSnapshot snapshot)
{
    /// <summary>The resource.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>The id of the instance.</summary>
    public string ResourceId { get; } = resourceId;

    /// <summary>What is known now.</summary>
    public CustomResourceSnapshot Snapshot { get; } = snapshot;
}

/// <summary>Tells what state the resources are in, and when that changes.</summary>
public class ResourceNotificationService
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ResourceEvent> _current = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<Channel<ResourceEvent>, bool> _watchers = [];

    /// <summary>Changes what is known of a resource and tells who watches, unless nothing changed.</summary>
    public Task PublishUpdateAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        lock (_gate)
        {
            var known = _current.GetValueOrDefault(resource.Name)?.Snapshot;
            var next = stateFactory(known ?? new CustomResourceSnapshot { ResourceType = resource.GetType().Name.Replace("Resource", "", StringComparison.Ordinal) });
            if (next == known)
            {
                return Task.CompletedTask;
            }

            var change = new ResourceEvent(resource, resource.Name, next);
            _current[resource.Name] = change;
            foreach (var watcher in _watchers.Keys)
            {
                watcher.Writer.TryWrite(change);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>What is known of a resource now.</summary>
    public bool TryGetCurrentState(string resourceId, [NotNullWhen(true)] out ResourceEvent? resourceEvent)
    {
        lock (_gate)
        {
            return _current.TryGetValue(resourceId, out resourceEvent);
        }
    }

    /// <summary>What is known of every resource, then every change.</summary>
    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var changes = Channel.CreateUnbounded<ResourceEvent>(new() { SingleReader = true });
        lock (_gate)
        {
            _watchers[changes] = true;
            foreach (var known in _current.Values)
            {
                changes.Writer.TryWrite(known);
            }
        }

        try
        {
            await foreach (var change in changes.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return change;
            }
        }
        finally
        {
            _watchers.TryRemove(changes, out _);
        }
    }

    /// <summary>Returns when the resource is in the state; <see cref="KnownResourceStates.Running"/> when none is named.</summary>
    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, change => change.Snapshot.State?.Text == (targetState ?? KnownResourceStates.Running), cancellationToken);

    /// <summary>Returns the first change that the predicate is true for.</summary>
    public async Task<ResourceEvent> WaitForResourceAsync(string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        await foreach (var change in WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            if (string.Equals(change.Resource.Name, resourceName, StringComparison.OrdinalIgnoreCase) && predicate(change))
            {
                return change;
            }
        }

        throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Returns when the resource runs and all its health checks are healthy.</summary>
    public Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, change => IsHealthy(change.Snapshot), cancellationToken);

    internal static bool IsHealthy(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text == KnownResourceStates.Running && snapshot.HealthStatus == HealthStatus.Healthy;
}
