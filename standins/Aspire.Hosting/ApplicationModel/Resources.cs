// Stands in for the package Aspire.Hosting 13.5.4.

using System.Diagnostics.CodeAnalysis;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A node of the graph.</summary>
public interface IResource
{
    /// <summary>The name, unique in the graph without regard to case.</summary>
    string Name { get; }

    /// <summary>What was said about the resource.</summary>
    ResourceAnnotationCollection Annotations { get; }
}

/// <summary>What was said about a resource, in the order in which it was said.</summary>
public sealed class ResourceAnnotationCollection : System.Collections.ObjectModel.Collection<IResourceAnnotation>;

/// <summary>The resources of the graph.</summary>
public interface IResourceCollection : IList<IResource>;

/// <inheritdoc cref="IResource"/>
/// <param name="name">Letters, digits and hyphens, at most 64.</param>
public abstract class Resource(string name) : IResource
{
    /// <inheritdoc/>
    public virtual string Name { get; } = name;

    /// <inheritdoc/>
    public virtual ResourceAnnotationCollection Annotations { get; } = [];
}

/// <summary>A resource that others wait for.</summary>
public interface IResourceWithWaitSupport : IResource;

/// <summary>A resource that listens.</summary>
public interface IResourceWithEndpoints : IResource;

/// <summary>A resource with environment variables.</summary>
public interface IResourceWithEnvironment : IResource;

/// <summary>A resource with command-line arguments.</summary>
public interface IResourceWithArgs : IResource;

/// <summary>A resource that others find by its name.</summary>
public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

/// <summary>A resource that is part of another one, and shares its life.</summary>
public interface IResourceWithParent : IResource
{
    /// <summary>The resource that this one is part of.</summary>
    IResource Parent { get; }
}

/// <inheritdoc/>
public interface IResourceWithParent<out T> : IResourceWithParent where T : IResource
{
    /// <inheritdoc cref="IResourceWithParent.Parent"/>
    new T Parent { get; }

    IResource IResourceWithParent.Parent => Parent;
}

/// <summary>A value that is known when the graph runs.</summary>
public interface IValueProvider
{
    /// <summary>The value, or null where there is none.</summary>
    ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default);
}

/// <summary>A value that a manifest refers to by an expression.</summary>
public interface IManifestExpressionProvider
{
    /// <summary>The expression, such as <c>{api.bindings.http.url}</c>.</summary>
    string ValueExpression { get; }
}

/// <summary>A resource that is reached with a connection string.</summary>
public interface IResourceWithConnectionString : IResource, IManifestExpressionProvider, IValueProvider
{
    /// <summary>The connection string.</summary>
    ReferenceExpression ConnectionStringExpression { get; }

    /// <summary>The variable that carries it; <c>ConnectionStrings__{name}</c> where there is none.</summary>
    string? ConnectionStringEnvironmentVariable => null;

    /// <summary>The connection string as it is now.</summary>
    ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) => ConnectionStringExpression.GetValueAsync(cancellationToken);

    string IManifestExpressionProvider.ValueExpression => $"{{{Name}.connectionString}}";

    ValueTask<string?> IValueProvider.GetValueAsync(CancellationToken cancellationToken) => GetConnectionStringAsync(cancellationToken);
}

/// <summary>A program of this machine.</summary>
/// <param name="name">The name of the resource.</param>
/// <param name="command">The program: a path, or a name that is on PATH.</param>
/// <param name="workingDirectory">The folder that it runs in.</param>
public class ExecutableResource(string name, string command, string workingDirectory)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport
{
    /// <summary>The program.</summary>
    public string Command { get; } = command;

    /// <summary>The folder that it runs in.</summary>
    public string WorkingDirectory { get; } = workingDirectory;
}

/// <summary>A .NET project of the solution.</summary>
/// <param name="name">The name of the resource.</param>
public class ProjectResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithServiceDiscovery, IResourceWithWaitSupport;

/// <summary>A value that is given from outside of the graph.</summary>
public class ParameterResource : Resource, IManifestExpressionProvider, IValueProvider
{
    private readonly Lazy<string> _value;

    /// <param name="name">The name of the parameter.</param>
    /// <param name="callback">Gives the value; is called once. Its argument is the default, if there is one.</param>
    /// <param name="secret">Whether the value may not be shown.</param>
    public ParameterResource(string name, Func<ParameterDefault?, string> callback, bool secret = false) : base(name)
    {
        _value = new(() => callback(Default));
        Secret = secret;
    }

    /// <summary>Where the value comes from when it is not given.</summary>
    public ParameterDefault? Default { get; set; }

    /// <summary>Whether the value may not be shown.</summary>
    public bool Secret { get; }

    /// <summary>For the person who gives the value.</summary>
    public string? Description { get; set; }

    /// <inheritdoc/>
    public string ValueExpression => $"{{{Name}.value}}";

    /// <inheritdoc/>
    /// <exception cref="DistributedApplicationException">The parameter has no value.</exception>
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) => new(_value.Value);

    ValueTask<string?> IValueProvider.GetValueAsync(CancellationToken cancellationToken) => GetValueAsync(cancellationToken);
}

/// <summary>Where a parameter's value comes from when it is not given.</summary>
public abstract class ParameterDefault
{
    /// <summary>Describes the default in a manifest.</summary>
    public abstract void WriteToManifest(Publishing.ManifestPublishingContext context);

    /// <summary>The value.</summary>
    public abstract string GetDefaultValue();
}

internal sealed class ResourceCollection : List<IResource>, IResourceCollection;

internal static class ResourceExtensions
{
    /// <summary>The resource that has a life of its own: of a child it is the parent.</summary>
    public static IResource Root(this IResource resource) => resource is IResourceWithParent child ? child.Parent.Root() : resource;

    public static bool TryGetEndpoint(this IResource resource, string name, [NotNullWhen(true)] out EndpointAnnotation? endpoint) =>
        (endpoint = resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(e => string.Equals(e.Name, name, StringComparison.OrdinalIgnoreCase))) is not null;
}
