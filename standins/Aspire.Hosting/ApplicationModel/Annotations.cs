// Stands in for the package Aspire.Hosting 13.5.4.

using System.Net.Sockets;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A listener of a resource.</summary>
public sealed class EndpointAnnotation : IResourceAnnotation
{
    /// <param name="protocol">TCP or UDP.</param>
    /// <param name="uriScheme">The scheme of its URL.</param>
    /// <param name="transport">Not used by what runs here.</param>
    /// <param name="name">The name; the scheme when it is not given.</param>
    /// <param name="port">The port that clients use.</param>
    /// <param name="targetPort">The port that the process listens on.</param>
    /// <param name="isExternal">Whether clients outside of the graph may use it.</param>
    /// <param name="isProxied">Whether the orchestrator listens and forwards; with false, the process itself is the listener.</param>
    public EndpointAnnotation(
        ProtocolType protocol, string? uriScheme = null, string? transport = null, string? name = null, int? port = null, int? targetPort = null,
        bool? isExternal = null, bool isProxied = true)
    {
        Protocol = protocol;
        UriScheme = uriScheme ?? "tcp";
        Transport = transport ?? UriScheme;
        Name = name ?? UriScheme;
        Port = port;
        TargetPort = targetPort ?? (isProxied ? null : port);
        IsExternal = isExternal ?? false;
        IsProxied = isProxied;
    }

    /// <summary>The name of the endpoint.</summary>
    public string Name { get; }

    /// <summary>TCP or UDP.</summary>
    public ProtocolType Protocol { get; set; }

    /// <summary>The port that clients use; null or 0 for any free one.</summary>
    public int? Port { get; set; }

    /// <summary>The port that the process listens on; null for any free one.</summary>
    public int? TargetPort { get; set; }

    /// <summary>The scheme of the URL.</summary>
    public string UriScheme { get; set; }

    /// <summary>The host name that clients use.</summary>
    public string TargetHost { get; set; } = "localhost";

    /// <summary>The transport.</summary>
    public string Transport { get; set; }

    /// <summary>Whether clients outside of the graph may use it.</summary>
    public bool IsExternal { get; set; }

    /// <summary>Whether the orchestrator listens and forwards.</summary>
    public bool IsProxied { get; set; }

    /// <summary>Whether a reference to the resource leaves this endpoint out.</summary>
    public bool ExcludeReferenceEndpoint { get; set; }

    /// <summary>The variable that receives the target port.</summary>
    internal string? TargetPortEnvironmentVariable { get; set; }

    internal TaskCompletionSource<AllocatedPorts> Allocated { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

internal sealed record AllocatedPorts(int Port, int TargetPort);

internal sealed record EnvironmentCallbackAnnotation(Func<EnvironmentCallbackContext, Task> Callback) : IResourceAnnotation;

internal sealed record CommandLineArgsCallbackAnnotation(Func<CommandLineArgsCallbackContext, Task> Callback) : IResourceAnnotation;

internal sealed record WaitAnnotation(IResource Resource) : IResourceAnnotation;

internal sealed record HealthCheckAnnotation(string Key) : IResourceAnnotation;

internal sealed record ResourceUrlsCallbackAnnotation(string EndpointName, Action<ResourceUrlAnnotation> Callback) : IResourceAnnotation;

/// <summary>A link that people see beside a resource.</summary>
public sealed class ResourceUrlAnnotation : IResourceAnnotation
{
    /// <summary>The address.</summary>
    public required string Url { get; set; }

    /// <summary>The text of the link.</summary>
    public string? DisplayText { get; set; }

    /// <summary>Where it is shown.</summary>
    public UrlDisplayLocation DisplayLocation { get; set; } = UrlDisplayLocation.SummaryAndDetails;
}

/// <summary>Where a link is shown.</summary>
public enum UrlDisplayLocation
{
    /// <summary>In the table of resources and in their details.</summary>
    SummaryAndDetails,

    /// <summary>In the details only.</summary>
    DetailsOnly,
}

/// <summary>What a callback for environment variables is given.</summary>
/// <param name="executionContext">Whether the graph runs or is published.</param>
/// <param name="resource">The resource.</param>
/// <param name="environmentVariables">The variables so far: strings, or values that are known later.</param>
/// <param name="cancellationToken">Stops the callback.</param>
public class EnvironmentCallbackContext(
    DistributedApplicationExecutionContext executionContext, IResource resource, Dictionary<string, object>? environmentVariables = null,
    CancellationToken cancellationToken = default)
{
    /// <summary>The variables.</summary>
    public Dictionary<string, object> EnvironmentVariables { get; } = environmentVariables ?? [];

    /// <summary>The resource.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>Whether the graph runs or is published.</summary>
    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;

    /// <summary>Stops the callback.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;
}

/// <summary>What a callback for arguments is given.</summary>
/// <param name="args">The arguments so far: strings, or values that are known later.</param>
/// <param name="resource">The resource.</param>
/// <param name="cancellationToken">Stops the callback.</param>
public sealed class CommandLineArgsCallbackContext(IList<object> args, IResource? resource = null, CancellationToken cancellationToken = default)
{
    /// <summary>The arguments.</summary>
    public IList<object> Args { get; } = args;

    /// <summary>The resource.</summary>
    public IResource Resource { get; } = resource!;

    /// <summary>Stops the callback.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;
}
