using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Database;

/// <summary>The section <c>Database</c> of the configuration.</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "Database";

    /// <summary>
    /// The connections that this process opens at most; three of them listen for notifications. PostgreSQL's <c>max_connections</c> is
    /// shared by all instances.
    /// </summary>
    [Range(4, 1000)]
    public int MaxPoolSize { get; set; } = 50;

    /// <summary>Seconds that a request waits for a free connection, or for a new one to open, before it is answered 503.</summary>
    [Range(1, 60)]
    public int ConnectTimeoutSeconds { get; set; } = 2;

    /// <summary>Seconds that a statement may take before it is given up.</summary>
    [Range(1, 600)]
    public int CommandTimeoutSeconds { get; set; } = 5;

    /// <summary>Submissions that may wait for the next commit; more are answered 503.</summary>
    [Range(1, 100_000)]
    public int QueueCapacity { get; set; } = 4096;

    /// <summary>Submissions that share a commit at most.</summary>
    [Range(1, 10_000)]
    public int MaxBatchSize { get; set; } = 512;

    /// <summary>Commits of one kind that may be under way together. The counter's row orders them anyway.</summary>
    [Range(1, 16)]
    public int CommitsInFlight { get; set; } = 1;
}
