namespace Platform.Edge.Logging;

/// <summary>Where the access log goes beside the log pipeline: section <c>AccessLog</c>.</summary>
internal sealed record AccessLogOptions
{
    /// <summary>The file; none when missing. Older files get the endings <c>.1</c>, <c>.2</c> and so on.</summary>
    public string? Path { get; init; }

    /// <summary>Bytes after which the file is put aside and a new one begun.</summary>
    public long FileSize { get; init; } = 100 * 1024 * 1024;

    /// <summary>Older files that are kept.</summary>
    public int KeptFiles { get; init; } = 5;

    /// <summary>Lines that may wait for the file; those beyond it are dropped and counted.</summary>
    public int Queue { get; init; } = 16_384;

    /// <summary>
    /// Lines a second that go to the log pipeline, a million at most, and twice as many at once; those beyond are counted. OpenTelemetry's
    /// queue, which drops what is beyond it without a word, holds 2048 (<c>OTEL_BLRP_MAX_QUEUE_SIZE</c>).
    /// </summary>
    public int ExportedPerSecond { get; init; } = 500;

    /// <summary>Whether the numbers can work.</summary>
    public bool IsValid() => FileSize > 0 && KeptFiles >= 0 && Queue > 0 && ExportedPerSecond is > 0 and <= 1_000_000;
}
