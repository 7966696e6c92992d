// Stands in for Aspire.Hosting.Docker 13.6.5.

using Aspire.Hosting.Docker.Resources.ComposeNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Aspire.Hosting.Docker.Resources;

/// <summary>A Docker Compose file. Here and in its parts, keys are written in the order of the properties, and empty ones are left out.</summary>
public sealed class ComposeFile
{
    /// <summary>The project's name.</summary>
    public string? Name { get; set; }

    /// <summary>The version of the format, which Compose ignores nowadays.</summary>
    public string? Version { get; set; }

    /// <summary>The services by name.</summary>
    public Dictionary<string, Service> Services { get; set; } = [];

    /// <summary>The networks by name.</summary>
    public Dictionary<string, Network> Networks { get; set; } = [];

    /// <summary>The named volumes.</summary>
    public Dictionary<string, Volume> Volumes { get; set; } = [];

    /// <summary>The secrets by name.</summary>
    public Dictionary<string, Secret> Secrets { get; set; } = [];

    /// <summary>The configuration files by name.</summary>
    public Dictionary<string, Config> Configs { get; set; } = [];

    /// <summary>Adds or replaces a network.</summary>
    public ComposeFile AddNetwork(Network network)
    {
        ArgumentNullException.ThrowIfNull(network);
        Networks[network.Name] = network;
        return this;
    }

    /// <summary>Adds or replaces a service.</summary>
    public ComposeFile AddService(Service service)
    {
        ArgumentNullException.ThrowIfNull(service);
        Services[service.Name] = service;
        return this;
    }

    /// <summary>Adds or replaces a named volume.</summary>
    public ComposeFile AddVolume(Volume volume)
    {
        ArgumentNullException.ThrowIfNull(volume);
        Volumes[volume.Name] = volume;
        return this;
    }

    /// <summary>Adds or replaces a configuration file.</summary>
    public ComposeFile AddConfig(Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        Configs[config.Name] = config;
        return this;
    }

    /// <summary>The file's text.</summary>
    /// <param name="lineEndings">What ends a line.</param>
    public string ToYaml(string lineEndings = "\n") => new SerializerBuilder()
        .WithNamingConvention(UnderscoredNamingConvention.Instance)
        .WithTypeConverter(new OctalFileMode())
        .WithEventEmitter(next => new QuotedText(next))
        .WithEmissionPhaseObjectGraphVisitor(arguments => new WithoutEmptyValues(arguments.InnerVisitor))
        .WithNewLine(lineEndings)
        .WithIndentedSequences()
        .Build()
        .Serialize(this);
}
