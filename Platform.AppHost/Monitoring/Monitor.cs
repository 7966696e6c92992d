namespace Platform.AppHost.Monitoring;

/// <summary>A server that watches Platform: a container, or where there are none, the same program of this machine.</summary>
internal interface IMonitor : IResourceWithEndpoints, IResourceWithArgs, IResourceWithEnvironment, IResourceWithWaitSupport;

/// <summary>Such a server as a container.</summary>
internal sealed class MonitorContainer(string name) : ContainerResource(name), IMonitor;

/// <summary>Such a server as a process of this machine.</summary>
/// <param name="name">The name of the resource.</param>
/// <param name="program">The path of the program.</param>
/// <param name="command">What is run: the program, or a shell that starts it.</param>
/// <param name="workingDirectory">The folder that it runs in.</param>
internal sealed class MonitorProcess(string name, string program, string command, string workingDirectory)
    : ExecutableResource(name, command, workingDirectory), IMonitor
{
    /// <summary>The path of the program.</summary>
    public string Program => program;
}

/// <summary>What a server is called, and where it listens, in either form.</summary>
internal sealed record MonitorProgram
{
    /// <summary>The shell of scripts, in containers as on this machine.</summary>
    public const string Shell = "/bin/sh";

    /// <summary>The image, without its tag, at docker.io.</summary>
    public required string Image { get; init; }

    /// <summary>The image's tag.</summary>
    public required string Tag { get; init; }

    /// <summary>The program as it is on PATH; the first name is Debian's, which is its package's name, too. None runs in containers only.</summary>
    public string[] Programs { get; init; } = [];

    /// <summary>The port that it listens on in its container.</summary>
    public required int Port { get; init; }

    /// <summary>The path that answers 200 when it serves.</summary>
    public required string HealthPath { get; init; }

    /// <summary>What tells inside of its container whether it is healthy, where its image has no <c>wget</c>.</summary>
    public string[]? Healthcheck { get; init; }

    /// <summary>Most memory of its container, in Compose's notation.</summary>
    public required string Memory { get; init; }

    /// <summary>Whether a script of ours starts it: <see cref="Shell"/> is run then, with the script as the first argument.</summary>
    public bool StartedByShell { get; init; }

    /// <summary>Folders of its host that its container can read, as Compose mounts them.</summary>
    public (string Source, string Target)[] HostFolders { get; init; } = [];
}
