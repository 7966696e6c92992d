// Stands in for the package Aspire.Hosting 13.5.4.

using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Projects and programs.</summary>
public static class ProjectResourceBuilderExtensions
{
    /// <summary>Adds a project of the solution.</summary>
    /// <param name="builder">The graph.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="launchProfileName">Must be null: the stand-in reads no launch profiles.</param>
    /// <exception cref="NotSupportedException">A launch profile was named.</exception>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name, string? launchProfileName)
        where TProject : IProjectMetadata, new()
    {
        if (launchProfileName is not null)
        {
            throw new NotSupportedException("The stand-in of Aspire.Hosting reads no launch profiles: name none, and say the endpoints in the graph.");
        }

        var project = builder.AddResource(new ProjectResource(name)).WithAnnotation(new TProject());
        return project.WithEnvironment(context =>
        {
            var urls = project.Resource.Annotations.OfType<EndpointAnnotation>()
                .Where(endpoint => endpoint.UriScheme is "http" or "https" && endpoint.TargetPortEnvironmentVariable is null)
                .Select(endpoint => $"{endpoint.UriScheme}://{endpoint.TargetHost}:{endpoint.Allocated.Task.Result.TargetPort}")
                .ToArray();
            if (urls.Length > 0)
            {
                context.EnvironmentVariables["ASPNETCORE_URLS"] = string.Join(';', urls);
            }
        });
    }

    private static IResourceBuilder<T> WithAnnotation<T>(this IResourceBuilder<T> builder, IProjectMetadata metadata) where T : IResource =>
        builder.WithAnnotation<IProjectMetadata>(metadata);
}

/// <summary>Programs of this machine.</summary>
public static class ExecutableResourceBuilderExtensions
{
    /// <summary>Adds a program.</summary>
    /// <param name="builder">The graph.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="command">The program: a path, or a name that is on PATH.</param>
    /// <param name="workingDirectory">The folder that it runs in, relative to the AppHost.</param>
    /// <param name="args">Its arguments.</param>
    public static IResourceBuilder<ExecutableResource> AddExecutable(
        this IDistributedApplicationBuilder builder, string name, string command, string workingDirectory, params string[]? args) =>
        builder.AddResource(new ExecutableResource(name, command, Path.GetFullPath(workingDirectory, builder.AppHostDirectory))).WithArgs(args ?? []);
}
