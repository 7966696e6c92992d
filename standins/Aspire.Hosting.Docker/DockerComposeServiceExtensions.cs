// Stands in for Aspire.Hosting.Docker 13.6.5.

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker;
using Aspire.Hosting.Docker.Resources.ComposeNodes;

namespace Aspire.Hosting;

/// <summary>Customises the Compose services that resources become.</summary>
public static class DockerComposeServiceExtensions
{
    /// <summary>Changes the resource's Compose service before it is written; does nothing in run mode.</summary>
    public static IResourceBuilder<T> PublishAsDockerComposeService<T>(
        this IResourceBuilder<T> builder, Action<DockerComposeServiceResource, Service> configure)
        where T : IComputeResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        if (!builder.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        builder.ApplicationBuilder.AddComposeValidation();
        return builder.WithAnnotation(new DockerComposeServiceCustomizationAnnotation(configure));
    }

    /// <summary>The placeholder <c>${NAME}</c> of a value that only the deployment knows; the .env file names it.</summary>
    public static string AsEnvironmentPlaceholder(
        this IManifestExpressionProvider manifestExpressionProvider, DockerComposeServiceResource dockerComposeService)
    {
        ArgumentNullException.ThrowIfNull(manifestExpressionProvider);
        ArgumentNullException.ThrowIfNull(dockerComposeService);

        // An expression is written "{resource.property}".
        var name = manifestExpressionProvider.ValueExpression.Replace("{", "").Replace("}", "").Replace('.', '_');
        return dockerComposeService.Parent.Capture(name, source: manifestExpressionProvider);
    }

    /// <summary>The placeholder <c>${NAME}</c> of a parameter; the .env file names it.</summary>
    public static string AsEnvironmentPlaceholder(this IResourceBuilder<ParameterResource> builder, DockerComposeServiceResource dockerComposeService)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Resource.AsEnvironmentPlaceholder(dockerComposeService);
    }

    /// <summary>The placeholder <c>${NAME}</c> of a parameter; the .env file names it.</summary>
    public static string AsEnvironmentPlaceholder(this ParameterResource parameter, DockerComposeServiceResource dockerComposeService)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(dockerComposeService);
        return dockerComposeService.Parent.Capture(parameter.Name, $"Parameter {parameter.Name}", source: parameter);
    }
}
