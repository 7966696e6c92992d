// Stands in for the package Aspire.Hosting 13.5.4.

using Aspire.Hosting.Eventing;

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>Before anything of the graph is started.</summary>
    /// <param name="services">The services of the application.</param>
    public class BeforeStartEvent(IServiceProvider services) : IDistributedApplicationEvent
    {
        /// <summary>The services of the application.</summary>
        public IServiceProvider Services { get; } = services;
    }

    /// <summary>What a resource waits for is healthy, and its process is about to start. A handler that throws keeps it from starting.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="services">The services of the application.</param>
    public class BeforeResourceStartedEvent(IResource resource, IServiceProvider services) : IDistributedApplicationResourceEvent
    {
        /// <inheritdoc/>
        public IResource Resource { get; } = resource;

        /// <summary>The services of the application.</summary>
        public IServiceProvider Services { get; } = services;
    }

    /// <summary>A resource is healthy for the first time since it was started. Others wait until the handlers are done.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="services">The services of the application.</param>
    public class ResourceReadyEvent(IResource resource, IServiceProvider services) : IDistributedApplicationResourceEvent
    {
        /// <inheritdoc/>
        public IResource Resource { get; } = resource;

        /// <summary>The services of the application.</summary>
        public IServiceProvider Services { get; } = services;
    }
}

namespace Aspire.Hosting.Eventing
{
    /// <summary>Something that happened.</summary>
    public interface IDistributedApplicationEvent;

    /// <summary>Something that happened to a resource.</summary>
    public interface IDistributedApplicationResourceEvent : IDistributedApplicationEvent
    {
        /// <summary>The resource.</summary>
        ApplicationModel.IResource Resource { get; }
    }

    /// <summary>A handler.</summary>
    /// <param name="callback">What it does.</param>
    public class DistributedApplicationEventSubscription(Func<IDistributedApplicationEvent, CancellationToken, Task> callback)
    {
        /// <summary>What it does.</summary>
        public Func<IDistributedApplicationEvent, CancellationToken, Task> Callback { get; } = callback;
    }

    /// <summary>Tells handlers what happens.</summary>
    public interface IDistributedApplicationEventing
    {
        /// <summary>Adds a handler for every event of the type.</summary>
        DistributedApplicationEventSubscription Subscribe<T>(Func<T, CancellationToken, Task> callback) where T : IDistributedApplicationEvent;

        /// <summary>Adds a handler for the events of one resource.</summary>
        DistributedApplicationEventSubscription Subscribe<T>(ApplicationModel.IResource resource, Func<T, CancellationToken, Task> callback)
            where T : IDistributedApplicationResourceEvent;

        /// <summary>Calls the handlers, one after the other.</summary>
        [System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1716", Justification = "The package's name of the parameter.")]
        Task PublishAsync<T>(T @event, CancellationToken cancellationToken = default) where T : IDistributedApplicationEvent;
    }

    internal sealed class DistributedApplicationEventing : IDistributedApplicationEventing
    {
        private readonly List<(Type Event, ApplicationModel.IResource? Resource, DistributedApplicationEventSubscription Subscription)> _subscriptions = [];

        public DistributedApplicationEventSubscription Subscribe<T>(Func<T, CancellationToken, Task> callback) where T : IDistributedApplicationEvent =>
            Add(typeof(T), null, (happened, cancellationToken) => callback((T)happened, cancellationToken));

        public DistributedApplicationEventSubscription Subscribe<T>(ApplicationModel.IResource resource, Func<T, CancellationToken, Task> callback)
            where T : IDistributedApplicationResourceEvent =>
            Add(typeof(T), resource, (happened, cancellationToken) => callback((T)happened, cancellationToken));

        public async Task PublishAsync<T>(T @event, CancellationToken cancellationToken = default) where T : IDistributedApplicationEvent
        {
            foreach (var (type, resource, subscription) in _subscriptions.ToArray())
            {
                if (type == typeof(T) && (resource is null || resource == (@event as IDistributedApplicationResourceEvent)?.Resource))
                {
                    await subscription.Callback(@event, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        private DistributedApplicationEventSubscription Add(
            Type type, ApplicationModel.IResource? resource, Func<IDistributedApplicationEvent, CancellationToken, Task> callback)
        {
            var subscription = new DistributedApplicationEventSubscription(callback);
            _subscriptions.Add((type, resource, subscription));
            return subscription;
        }
    }
}
