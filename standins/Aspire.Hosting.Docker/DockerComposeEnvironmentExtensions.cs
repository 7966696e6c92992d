// Stands in for Aspire.Hosting.Docker 13.6.5.

#pragma warning disable ASPIREPIPELINES001 // The pipeline is still experimental in 13.6.

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker;
using Aspire.Hosting.Docker.Resources;
using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

/// <summary>Publishes the graph as a Docker Compose file.</summary>
public static class DockerComposeEnvironmentExtensions
{
    /// <summary>Adds a Docker Compose environment. In run mode it is not part of the model, so that no dashboard shows it.</summary>
    public static IResourceBuilder<DockerComposeEnvironmentResource> AddDockerComposeEnvironment(
        this IDistributedApplicationBuilder builder, [ResourceName] string name)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        builder.AddComposeValidation();
        var environment = new DockerComposeEnvironmentResource(name);
        return builder.ExecutionContext.IsRunMode
            ? builder.CreateResourceBuilder(environment)
            : builder.AddResource(environment);
    }

    /// <summary>Sets properties of the environment.</summary>
    public static IResourceBuilder<DockerComposeEnvironmentResource> WithProperties(
        this IResourceBuilder<DockerComposeEnvironmentResource> builder, Action<DockerComposeEnvironmentResource> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        configure(builder.Resource);
        return builder;
    }

    /// <summary>Whether the Aspire dashboard is part of the environment. This stand-in publishes only environments without it.</summary>
    public static IResourceBuilder<DockerComposeEnvironmentResource> WithDashboard(
        this IResourceBuilder<DockerComposeEnvironmentResource> builder, bool enabled = true)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Resource.DashboardEnabled = enabled;
        return builder;
    }

    /// <summary>Changes the Compose file when all services are in it, before it is written.</summary>
    public static IResourceBuilder<DockerComposeEnvironmentResource> ConfigureComposeFile(
        this IResourceBuilder<DockerComposeEnvironmentResource> builder, Action<ComposeFile> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Resource.ConfigureComposeFile += configure;
        return builder;
    }

    /// <summary>Changes the variables of the .env file before it is written.</summary>
    public static IResourceBuilder<DockerComposeEnvironmentResource> ConfigureEnvFile(
        this IResourceBuilder<DockerComposeEnvironmentResource> builder, Action<IDictionary<string, CapturedEnvironmentVariable>> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Resource.ConfigureEnvFile += configure;
        return builder;
    }

    /// <summary>Adds, once, the step that refuses customised services without an environment that would write them.</summary>
    internal static void AddComposeValidation(this IDistributedApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(ComposeValidation)))
        {
            return;
        }

        builder.Services.AddSingleton<ComposeValidation>();
        builder.Pipeline.AddStep("validate-docker-compose", ComposeValidation.RunAsync, requiredBy: WellKnownPipelineSteps.BeforeStart);
    }

    private sealed class ComposeValidation
    {
        public static Task RunAsync(PipelineStepContext context)
        {
            var customised = context.Model.GetComputeResources()
                .FirstOrDefault(resource => resource.HasAnnotationOfType<DockerComposeServiceCustomizationAnnotation>());
            if (customised is not null
                && context.ExecutionContext.IsPublishMode
                && !context.Model.Resources.OfType<DockerComposeEnvironmentResource>().Any())
            {
                throw new InvalidOperationException(
                    $"Resource '{customised.Name}' is published as a Docker Compose service, but the model has no Docker Compose environment: "
                    + $"call {nameof(AddDockerComposeEnvironment)}.");
            }

            return Task.CompletedTask;
        }
    }
}
