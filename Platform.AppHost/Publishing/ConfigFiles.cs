#pragma warning disable ASPIREPIPELINES001 // Publishing is a pipeline of steps, which is for evaluation in Aspire 13,
#pragma warning disable ASPIREPIPELINES004 // and so is what knows the output folder.

using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;

namespace Platform.AppHost.Publishing;

/// <summary>
/// Files that containers read. In what is published they lie beside the Compose file, in a folder that has the container's name, and are
/// mounted from there: to be read by people, and free of Compose's own dollar signs.
/// </summary>
internal static class ConfigFiles
{
    /// <summary>Puts the files into a folder of the container; names may have folders in them.</summary>
    public static IResourceBuilder<T> WithConfigFiles<T>(this IResourceBuilder<T> container, string folder, params ConfigFile[] files)
        where T : ContainerResource
    {
        if (container.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return container.WithAnnotation(new ConfigFilesAnnotation(folder, files));
        }

        foreach (var group in files.GroupBy(file => Path.GetDirectoryName(file.Name)))
        {
            container.WithContainerFiles(
                Path.Combine(folder, group.Key!),
                async (_, cancellationToken) =>
                {
                    List<ContainerFileSystemItem> items = [];
                    foreach (var file in group)
                    {
                        items.Add(new ContainerFile
                        {
                            Name = Path.GetFileName(file.Name),
                            Contents = await file.ReadAsync(cancellationToken),
                            Mode = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                        });
                    }

                    return items;
                });
        }

        return container;
    }

    /// <summary>The folders in the container that its files are in, when it is published.</summary>
    public static IEnumerable<string> ConfigFolders(this IResource resource) =>
        resource.Annotations.OfType<ConfigFilesAnnotation>().Select(files => files.Folder).Distinct();

    /// <summary>A step of publishing that writes the files of all containers beside the Compose file.</summary>
    public static void AddConfigFilesStep(this IDistributedApplicationBuilder builder, string publishStep) => builder.Pipeline.AddStep(
        "write-config-files",
        async context =>
        {
            var output = context.Services.GetRequiredService<IPipelineOutputService>().GetOutputDirectory();
            foreach (var resource in context.Model.Resources)
            {
                foreach (var file in resource.Annotations.OfType<ConfigFilesAnnotation>().SelectMany(annotation => annotation.Files))
                {
                    var path = Path.Combine(output, resource.Name, file.Name);
                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    await File.WriteAllTextAsync(path, await file.ReadAsync(context.CancellationToken), context.CancellationToken);
                }
            }
        },
        dependsOn: publishStep,
        requiredBy: WellKnownPipelineSteps.Publish);

    private sealed record ConfigFilesAnnotation(string Folder, ConfigFile[] Files) : IResourceAnnotation;
}

/// <summary>A file that a container reads.</summary>
/// <param name="Name">Its path below the folder that it is put into.</param>
/// <param name="ReadAsync">What is in it, asked for when everything about the graph is known.</param>
internal sealed record ConfigFile(string Name, Func<CancellationToken, Task<string>> ReadAsync);
