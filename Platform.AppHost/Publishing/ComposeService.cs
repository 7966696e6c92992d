namespace Platform.AppHost.Publishing;

/// <summary>How a server is run by Compose: what Aspire's model has no words for.</summary>
internal sealed record ComposeService
{
    /// <summary>
    /// What tells whether it is healthy, run inside the container: <c>CMD</c> or <c>CMD-SHELL</c> first. Empty where the image has no program
    /// that could ask; then nothing can wait for its health.
    /// </summary>
    public required string[] Healthcheck { get; init; }

    /// <summary>How long it may take to start; failures meanwhile do not count.</summary>
    public TimeSpan StartPeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most memory, in Compose's notation: <c>512M</c>.</summary>
    public required string Memory { get; init; }

    /// <summary>Most processors; 0.5 is half of one.</summary>
    public required string Cpus { get; init; }

    /// <summary>The capabilities that it needs; all others are dropped.</summary>
    public string[] Capabilities { get; init; } = [];

    /// <summary>Whether its image works with a root file system that cannot be written.</summary>
    public bool ReadOnly { get; init; } = true;

    /// <summary>Whether Docker's own first process starts it and buries its orphans; not where the image brings such a process.</summary>
    public bool Init { get; init; } = true;

    /// <summary>Size of <c>/dev/shm</c>, in Compose's notation; Docker's is 64 MB.</summary>
    public string? SharedMemory { get; init; }

    /// <summary>Folders in memory that it may write to.</summary>
    public string[] Tmpfs { get; init; } = ["/tmp"];

    /// <summary>Folders of its host that it can read.</summary>
    public (string Source, string Target)[] HostFolders { get; init; } = [];

    /// <summary>How long it may take to end before it is killed.</summary>
    public TimeSpan StopGracePeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The image, where Aspire's own placeholder should have a value to begin with.</summary>
    public string? Image { get; init; }
}
