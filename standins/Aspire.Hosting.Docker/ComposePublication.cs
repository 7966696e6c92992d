// Stands in for Aspire.Hosting.Docker 13.6.5.

#pragma warning disable ASPIREPIPELINES001 // The pipeline is still experimental in 13.6.

using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker.Resources;
using Aspire.Hosting.Docker.Resources.ComposeNodes;
using Aspire.Hosting.Pipelines;

namespace Aspire.Hosting.Docker;

/// <summary>Writes docker-compose.yaml, .env and the files that services mount into the output folder.</summary>
internal sealed class ComposePublication(DockerComposeEnvironmentResource environment, PipelineStepContext context, string folder)
{
    private const UnixFileMode DefaultUmask =
        UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const UnixFileMode ReadAndWriteForAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly ComposeFile _file = new();

    public async Task WriteAsync()
    {
        var network = new Network { Name = environment.DefaultNetworkName ?? "aspire", Driver = "bridge" };
        _file.AddNetwork(network);

        foreach (var resource in context.Model.Resources.ToArray())
        {
            if (resource.GetDeploymentTargetAnnotation(environment)?.DeploymentTarget is DockerComposeServiceResource service)
            {
                await AddServiceAsync(service, network.Name);
            }
        }

        var task = await context.ReportingStep.CreateTaskAsync("Writing the Docker Compose file to the output path.", context.CancellationToken);
        await using (task)
        {
            environment.ConfigureComposeFile?.Invoke(_file);
            environment.ConfigureEnvFile?.Invoke(environment.CapturedEnvironmentVariables);

            Directory.CreateDirectory(folder);
            var path = Path.Combine(folder, "docker-compose.yaml");
            await File.WriteAllTextAsync(path, _file.ToYaml(), context.CancellationToken);
            await WriteEnvFileAsync();
            await task.SucceedAsync($"Docker Compose file written successfully to {path}.", context.CancellationToken);
        }
    }

    private async Task AddServiceAsync(DockerComposeServiceResource resource, string network)
    {
        var target = resource.TargetResource;
        if (target.TryGetLastAnnotation<DockerfileBuildAnnotation>(out var build) && build.DockerfileFactory is not null)
        {
            throw new NotSupportedException(
                $"The stand-in for Aspire.Hosting.Docker cannot publish '{target.Name}': its Dockerfile is generated.");
        }

        var service = await resource.BuildServiceAsync(context.CancellationToken);
        foreach (var volume in resource.Volumes.Where(volume => volume.Type != "bind"))
        {
            _file.Volumes.TryAdd(volume.Name, new() { Name = volume.Name, Driver = "local" });
        }

        service.Networks = [network];

        foreach (var annotation in target.Annotations.OfType<ContainerFileSystemCallbackAnnotation>())
        {
            var items = await annotation.Callback(new() { Model = target, Services = context.Services }, context.CancellationToken);
            var umask = annotation.Umask ?? DefaultUmask;
            foreach (var item in items)
            {
                AddFile(service, item, annotation.DefaultOwner, annotation.DefaultGroup, umask, annotation.DestinationPath);
            }
        }

        foreach (var annotation in target.Annotations.OfType<DockerComposeServiceCustomizationAnnotation>())
        {
            annotation.Configure(resource, service);
        }

        _file.AddService(service);
    }

    private void AddFile(Service service, ContainerFileSystemItem item, int? owner, int? group, UnixFileMode umask, string destination)
    {
        owner = item.Owner ?? owner;
        group = item.Group ?? group;
        switch (item)
        {
            case ContainerDirectory directory:
                foreach (var entry in directory.Entries)
                {
                    // The real package appends the name once an entry, not once a directory; what it writes is what we are compared with.
                    destination += "/" + directory.Name;
                    AddFile(service, entry, owner, group, umask, destination);
                }

                break;

            case ContainerFile file:
                var name = $"{service.Name}_{destination.Replace('/', '_')}_{file.Name}";
                _file.AddConfig(new() { Name = name, File = CopySource(service, file), Content = file.Contents });
                service.AddConfig(new()
                {
                    Source = name,
                    Target = $"{destination}/{file.Name}",
                    Uid = owner?.ToString(CultureInfo.InvariantCulture),
                    Gid = group?.ToString(CultureInfo.InvariantCulture),
                    Mode = file.Mode != UnixFileMode.None ? file.Mode : ReadAndWriteForAll & ~umask,
                });
                break;

            default:
                throw new NotSupportedException(
                    $"The stand-in for Aspire.Hosting.Docker cannot publish '{item.Name}' of '{service.Name}': it is a {item.GetType().Name}.");
        }
    }

    /// <summary>Copies the file beside the Compose file; like the real package, it refuses to overwrite the copy of an earlier publication.</summary>
    private string? CopySource(Service service, ContainerFile file)
    {
        if (string.IsNullOrEmpty(file.SourcePath))
        {
            return null;
        }

        var fileName = Path.GetFileName(file.SourcePath);
        Directory.CreateDirectory(Path.Combine(folder, service.Name));
        File.Copy(file.SourcePath, Path.Combine(folder, service.Name, fileName));
        return $"{service.Name}/{fileName}";
    }

    private async Task WriteEnvFileAsync()
    {
        if (environment.CapturedEnvironmentVariables.Count == 0)
        {
            return;
        }

        var file = EnvFile.Load(Path.Combine(folder, ".env"));
        foreach (var (name, variable) in environment.CapturedEnvironmentVariables)
        {
            file.Add(name, variable.Description);
        }

        await file.SaveAsync(context.CancellationToken);
    }
}
