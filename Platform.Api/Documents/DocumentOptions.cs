using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Documents;

/// <summary>The section <c>Documents</c> of the configuration.</summary>
internal sealed class DocumentOptions
{
    public const string Section = "Documents";

    /// <summary>The size of a file at most. The edge has a limit of its own for what it lets through.</summary>
    [Range(1, 5L * 1024 * 1024 * 1024)]
    public long MaxUploadBytes { get; set; } = 50 * 1024 * 1024;

    /// <summary>How long an upload may take. After that its object is given up.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan UploadTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a deleted document can be restored.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan TrashRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long work that is done can be looked up.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan TaskRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a temporary copy may lie on this machine: longer than any document takes to be read.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan CopyLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Values of <c>document_type</c> that become a metric's label; all others are counted as <c>other</c>.</summary>
    public string[] MeasuredTypes { get; set; } = ["proposal", "invoice", "contract", "report", "resume", "presentation"];
}
