// Stands in for Aspire.Hosting.Docker 13.6.5.

using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker.Resources.ComposeNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Docker;

/// <summary>The Compose service that a resource becomes.</summary>
/// <param name="name">The service's name.</param>
/// <param name="resource">The resource.</param>
/// <param name="composeEnvironmentResource">The environment that the service is part of.</param>
public partial class DockerComposeServiceResource(string name, IResource resource, DockerComposeEnvironmentResource composeEnvironmentResource)
    : Resource(name), IResourceWithParent<DockerComposeEnvironmentResource>
{
    private static readonly HashSet<string> _shells = new(
        ["sh", "bash", "/sh", "/bash", "/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash"], StringComparer.OrdinalIgnoreCase);

    private readonly Dictionary<string, ServiceEndpoint> _endpoints = [];
    private readonly Dictionary<string, object> _environment = [];
    private readonly List<object> _arguments = [];

    /// <summary>The environment that the service is part of.</summary>
    public DockerComposeEnvironmentResource Parent => composeEnvironmentResource;

    internal IResource TargetResource => resource;

    internal List<Volume> Volumes { get; } = [];

    /// <summary>Reads what the resource declares. Values are resolved later, when the endpoints of every service are known.</summary>
    internal async Task CollectAsync(
        IPortAllocator ports, DistributedApplicationExecutionContext execution, ILogger logger, CancellationToken cancellationToken)
    {
        CollectEndpoints(ports);
        CollectMounts(logger);

        if (TargetResource.TryGetAnnotationsOfType<EnvironmentCallbackAnnotation>(out var environmentCallbacks))
        {
            var context = new EnvironmentCallbackContext(execution, TargetResource, _environment, cancellationToken);
            foreach (var annotation in environmentCallbacks)
            {
                await annotation.Callback(context);
            }

            // Nothing in the Compose network has a certificate.
            foreach (var (key, value) in _environment)
            {
                if (value is EndpointReference { Scheme: "https" } && key.StartsWith("services__", StringComparison.Ordinal))
                {
                    _environment.Remove(key);
                }
            }
        }

        if (TargetResource.TryGetAnnotationsOfType<CommandLineArgsCallbackAnnotation>(out var argumentCallbacks))
        {
            var context = new CommandLineArgsCallbackContext(_arguments, TargetResource, cancellationToken) { ExecutionContext = execution };
            foreach (var annotation in argumentCallbacks)
            {
                await annotation.Callback(context);
            }
        }
    }

    /// <summary>Makes the Compose service out of what was collected.</summary>
    internal async Task<Service> BuildServiceAsync(CancellationToken cancellationToken)
    {
        var service = new Service { Name = Name.ToLowerInvariant(), Image = Image() };
        if (TargetResource.TryGetLastAnnotation<ContainerNameAnnotation>(out var containerName))
        {
            service.ContainerName = containerName.Name;
        }

        var entrypoint = (TargetResource as ContainerResource)?.Entrypoint;
        if (entrypoint is not null)
        {
            service.Entrypoint.Add(entrypoint);
        }

        if (TargetResource.TryGetLastAnnotation<ContainerImagePullPolicyAnnotation>(out var pullPolicy))
        {
            service.PullPolicy = pullPolicy.ImagePullPolicy switch
            {
                ImagePullPolicy.Always => "always",
                ImagePullPolicy.Missing => "missing",
                ImagePullPolicy.Never => "never",
                _ => null,
            };
        }

        foreach (var (key, value) in _environment)
        {
            service.Environment[key] = (await ResolveAsync(value, cancellationToken))?.ToString() ?? "";
        }

        foreach (var argument in _arguments)
        {
            var text = await ResolveAsync(argument, cancellationToken) as string
                ?? throw new NotSupportedException($"The arguments of '{Name}' must be text, and {argument} is not.");

            // What a shell is to expand must reach it: Compose would expand it first.
            service.Command.Add(entrypoint is not null && _shells.Contains(entrypoint) ? ShellVariables.Escape(text) : text);
        }

        service.Ports.AddRange(_endpoints.Values.Where(endpoint => endpoint.IsExternal).Select(endpoint => endpoint.Publication).Distinct());
        service.Expose.AddRange(_endpoints.Values.Where(endpoint => !endpoint.IsExternal).Select(endpoint => endpoint.Port).Distinct());
        service.Volumes.AddRange(Volumes);

        if (TargetResource.TryGetAnnotationsOfType<WaitAnnotation>(out var waits))
        {
            // Executables, parameters and databases are no services: nothing can be made to wait for them.
            foreach (var wait in waits.Where(wait => wait.Resource is ProjectResource || wait.Resource.IsContainer()))
            {
                service.DependsOn[wait.Resource.Name.ToLowerInvariant()] = new()
                {
                    // Aspire writes no health checks, so it cannot ask for "service_healthy".
                    Condition = wait.WaitType is WaitType.WaitForCompletion ? "service_completed_successfully" : "service_started",
                };
            }
        }

        return service;
    }

    private void CollectEndpoints(IPortAllocator ports)
    {
        foreach (var resolved in TargetResource.ResolveEndpoints(ports))
        {
            var endpoint = resolved.Endpoint;

            // Only the image of a project knows its default port.
            var port = resolved.TargetPort.Value?.ToString(CultureInfo.InvariantCulture)
                ?? Parent.Capture($"{Name}_PORT", $"Default container port for {Name}", "8080", new ContainerPortReference(TargetResource));
            var hostPort = resolved.ExposedPort is { IsAllocated: false, IsImplicit: false, Value: { } explicitPort } ? explicitPort : (int?)null;
            _endpoints.Add(endpoint.Name, new(Name, endpoint.UriScheme, port, hostPort, endpoint.IsExternal));
        }
    }

    private void CollectMounts(ILogger logger)
    {
        if (!TargetResource.TryGetContainerMounts(out var mounts))
        {
            return;
        }

        var binds = 0;
        foreach (var mount in mounts)
        {
            if (mount is not { Source: { } source, Target: { } target })
            {
                throw new InvalidOperationException($"A mount of '{Name}' has no source or no target.");
            }

            // A path of this machine means nothing elsewhere; the socket of Docker is the same everywhere.
            var isBind = mount.Type is ContainerMountType.BindMount;
            if (isBind && !source.Equals("/var/run/docker.sock", StringComparison.OrdinalIgnoreCase))
            {
                LogHostPath(logger, Name, source);
                source = Parent.Capture($"{Name}_BINDMOUNT_{binds++}", $"Bind mount source for {Name}:{target}", source, mount, TargetResource);
            }

            Volumes.Add(new() { Name = source, Type = isBind ? "bind" : "volume", Target = target, Source = source, ReadOnly = mount.IsReadOnly });
        }
    }

    private string Image()
    {
        if (TargetResource is ProjectResource || TargetResource.HasAnnotationOfType<DockerfileBuildAnnotation>())
        {
            return Parent.Capture($"{Name}_IMAGE", $"Container image name for {Name}", $"{Name}:latest", new ContainerImageReference(TargetResource));
        }

        return TargetResource.TryGetContainerImageName(out var image)
            ? image
            : throw new NotSupportedException($"Resource '{Name}' has no image, so that it cannot be a Docker Compose service.");
    }

    private async ValueTask<object?> ResolveAsync(object? value, CancellationToken cancellationToken)
    {
        switch (value)
        {
            case EndpointReference endpoint:
                return EndpointOf(endpoint).Text(EndpointProperty.Url);

            case EndpointReferenceExpression expression:
                return EndpointOf(expression.Endpoint).Text(expression.Property);

            case ParameterResource parameter:
                return parameter.AsEnvironmentPlaceholder(this);

            case ConnectionStringReference reference:
                return await ResolveAsync(reference.Resource.ConnectionStringExpression, cancellationToken);

            case IResourceWithConnectionString connection:
                return await ResolveAsync(connection.ConnectionStringExpression, cancellationToken);

            // Compose knows no conditions: which branch it is, is decided now.
            case ReferenceExpression { IsConditional: true, Condition: { } condition } expression:
                var actual = await condition.GetValueAsync(cancellationToken);
                var holds = string.Equals(actual, expression.MatchValue, StringComparison.OrdinalIgnoreCase);
                return await ResolveAsync(holds ? expression.WhenTrue : expression.WhenFalse, cancellationToken);

            case ReferenceExpression expression:
                var values = new object?[expression.ValueProviders.Count];
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = await ResolveAsync(expression.ValueProviders[i], cancellationToken)
                        ?? throw new InvalidOperationException(
                            $"'{Name}' refers to a value that is not there: {expression.ValueExpression}");
                }

                return string.Format(CultureInfo.InvariantCulture, expression.Format, values);

            case IManifestExpressionProvider provider:
                return provider.AsEnvironmentPlaceholder(this);

            default:
                return value;
        }
    }

    private ServiceEndpoint EndpointOf(EndpointReference reference) =>
        Parent.ServiceOf(reference.Resource)._endpoints.TryGetValue(reference.EndpointName, out var endpoint)
            ? endpoint
            : throw new InvalidOperationException(
                $"'{Name}' refers to endpoint '{reference.EndpointName}', which '{reference.Resource.Name}' does not have.");

    [LoggerMessage(LogLevel.Warning, "Resource '{Resource}' mounts '{Path}' of this machine: where it is deployed, .env has to name the path")]
    private static partial void LogHostPath(ILogger logger, string resource, string path);

    /// <summary>Where other services find an endpoint: the port is always that of the container, and may be a placeholder.</summary>
    private sealed record ServiceEndpoint(string Host, string Scheme, string Port, int? HostPort, bool IsExternal)
    {
        /// <summary>The entry of <c>ports</c>; without a host port, Docker chooses one.</summary>
        public string Publication => HostPort is { } hostPort ? $"{hostPort.ToString(CultureInfo.InvariantCulture)}:{Port}" : Port;

        public string Text(EndpointProperty property) => property switch
        {
            EndpointProperty.Url => $"{Scheme}://{Host}:{Port}",
            EndpointProperty.Host or EndpointProperty.IPV4Host => Host,
            EndpointProperty.Port or EndpointProperty.TargetPort => Port,
            EndpointProperty.HostAndPort => $"{Host}:{Port}",
            EndpointProperty.Scheme => Scheme,
            _ => throw new NotSupportedException($"Docker Compose has no value for the property {property} of an endpoint."),
        };
    }
}
