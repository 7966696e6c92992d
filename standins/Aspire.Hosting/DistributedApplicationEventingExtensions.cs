// Stands in for the package Aspire.Hosting 13.5.4.

using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Handlers for what happens to one resource.</summary>
public static class DistributedApplicationEventingExtensions
{
    /// <summary>What it waits for is healthy, and its process is about to start.</summary>
    public static IResourceBuilder<T> OnBeforeResourceStarted<T>(
        this IResourceBuilder<T> builder, Func<T, BeforeResourceStartedEvent, CancellationToken, Task> callback) where T : IResource
    {
        builder.ApplicationBuilder.Eventing.Subscribe<BeforeResourceStartedEvent>(
            builder.Resource, (happened, cancellationToken) => callback(builder.Resource, happened, cancellationToken));
        return builder;
    }

    /// <summary>It is healthy for the first time since it was started.</summary>
    public static IResourceBuilder<T> OnResourceReady<T>(this IResourceBuilder<T> builder, Func<T, ResourceReadyEvent, CancellationToken, Task> callback)
        where T : IResource
    {
        builder.ApplicationBuilder.Eventing.Subscribe<ResourceReadyEvent>(
            builder.Resource, (happened, cancellationToken) => callback(builder.Resource, happened, cancellationToken));
        return builder;
    }
}
