// Stands in for Aspire.Hosting.Docker 13.6.5.

#pragma warning disable ASPIREPIPELINES001 // The pipeline is still experimental in 13.6.
#pragma warning disable ASPIREPIPELINES004 // So is the service that knows the output folder.

using System.Diagnostics.CodeAnalysis;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker.Resources;
using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Docker;

/// <summary>A Docker Compose environment: the compute resources of the model become its services.</summary>
public class DockerComposeEnvironmentResource : Resource, IComputeEnvironmentResource
{
    private readonly Dictionary<string, DockerComposeServiceResource> _services = [];
    private readonly PortAllocator _ports = new();

    /// <summary>Creates an environment that contributes its own steps to the pipeline.</summary>
    /// <param name="name">The environment's name.</param>
    public DockerComposeEnvironmentResource(string name) : base(name) =>
        Annotations.Add(new PipelineStepAnnotation(_ => (PipelineStep[])
        [
            new()
            {
                Name = $"prepare-deployment-targets-{Name}",
                Description = $"Prepares Docker Compose deployment targets for {Name}.",
                Action = PrepareDeploymentTargetsAsync,
                DependsOnSteps = [WellKnownPipelineSteps.ValidateComputeEnvironments],
                RequiredBySteps = [WellKnownPipelineSteps.BeforeStart],
            },
            new()
            {
                Name = $"publish-{Name}",
                Description = $"Publishes the Docker Compose environment configuration for {Name}.",
                Action = PublishAsync,
                RequiredBySteps = [WellKnownPipelineSteps.Publish],
            },
            new()
            {
                Name = $"docker-compose-up-{Name}",
                Action = _ => throw new NotSupportedException(
                    "The stand-in for Aspire.Hosting.Docker only publishes: deploy what it wrote with Docker Compose."),
                RequiredBySteps = [WellKnownPipelineSteps.Deploy],
            },
        ]));

    /// <summary>The name of the network that every service is on; "aspire" where none is given.</summary>
    public string? DefaultNetworkName { get; set; }

    /// <summary>Whether the Aspire dashboard is part of the environment.</summary>
    public bool DashboardEnabled { get; set; } = true;

    internal Action<ComposeFile>? ConfigureComposeFile { get; set; }

    internal Action<IDictionary<string, CapturedEnvironmentVariable>>? ConfigureEnvFile { get; set; }

    internal Dictionary<string, CapturedEnvironmentVariable> CapturedEnvironmentVariables { get; } = [];

    /// <summary>Services reach each other by their names, which Compose resolves in its network.</summary>
    [Experimental("ASPIRECOMPUTE002", UrlFormat = "https://aka.ms/aspire/diagnostics/{0}")]
    public ReferenceExpression GetHostAddressExpression(EndpointReference endpointReference)
    {
        ArgumentNullException.ThrowIfNull(endpointReference);
        return ReferenceExpression.Create($"{endpointReference.Resource.Name.ToLowerInvariant()}");
    }

    /// <summary>Makes <c>${NAME}</c> of a name, and has the .env file name it.</summary>
    internal string Capture(string name, string? description = null, string? defaultValue = null, object? source = null, IResource? resource = null)
    {
        var variable = name.ToUpperInvariant().Replace('-', '_');
        CapturedEnvironmentVariables[variable] = new()
        {
            Name = variable,
            Description = description,
            DefaultValue = defaultValue,
            Source = source,
            Resource = resource,
        };
        return $"${{{variable}}}";
    }

    internal DockerComposeServiceResource ServiceOf(IResource resource) =>
        _services.TryGetValue(resource.Name, out var service)
            ? service
            : throw new InvalidOperationException(
                $"Resource '{resource.Name}' is referred to, but it is not a service of the Docker Compose environment '{Name}'.");

    private async Task PrepareDeploymentTargetsAsync(PipelineStepContext context)
    {
        if (context.ExecutionContext.IsRunMode)
        {
            return;
        }

        var logger = context.Services.GetRequiredService<ILogger<DockerComposeEnvironmentResource>>();
        foreach (var resource in context.Model.GetComputeResources())
        {
            // The step runs twice, before the start and as part of publishing, and a resource may be meant for another environment.
            if (_services.ContainsKey(resource.Name) || (resource.GetComputeEnvironment() is { } chosen && chosen != this))
            {
                continue;
            }

            var service = new DockerComposeServiceResource(resource.Name, resource, this);
            _services.Add(resource.Name, service);
            await service.CollectAsync(_ports, context.ExecutionContext, logger, context.CancellationToken);
            resource.Annotations.Add(new DeploymentTargetAnnotation(service) { ComputeEnvironment = this });
        }
    }

    private Task PublishAsync(PipelineStepContext context)
    {
        if (DashboardEnabled)
        {
            throw new NotSupportedException(
                $"The stand-in for Aspire.Hosting.Docker cannot publish the Aspire dashboard: call WithDashboard(false) on '{Name}'.");
        }

        var output = context.Services.GetRequiredService<IPipelineOutputService>();
        var folder = context.Model.Resources.OfType<IComputeEnvironmentResource>().Count() > 1
            ? output.GetOutputDirectory(this)
            : output.GetOutputDirectory();
        return new ComposePublication(this, context, folder).WriteAsync();
    }
}
