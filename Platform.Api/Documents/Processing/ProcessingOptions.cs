using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Documents.Processing;

/// <summary>The section <c>Processing</c> of the configuration.</summary>
internal sealed class ProcessingOptions
{
    public const string Section = "Processing";

    /// <summary>Tasks that this instance works on at one time. Any number of instances share the queue.</summary>
    [Range(0, 64)]
    public int Concurrency { get; set; } = 2;

    /// <summary>
    /// How long a task belongs to whoever took it, unless that one renews; so long after the death of an instance another takes its tasks.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How often the queue is looked at without being told that there is something.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Attempts before a task counts as failed. Waiting for a dependency that is away is no attempt.</summary>
    [Range(1, 20)]
    public int MaxAttempts { get; set; } = 3;

    /// <summary>The pause after the first failed attempt; it doubles with each.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The pause before a task whose dependency is away is looked at again.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan DependencyDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Documents that a rebuild of the search index reads at a time.</summary>
    [Range(1, 1000)]
    public int ReindexBatch { get; set; } = 50;
}
