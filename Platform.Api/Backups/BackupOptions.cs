using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Backups;

/// <summary>The section <c>Backups</c> of the configuration.</summary>
internal sealed class BackupOptions : IValidatableObject
{
    public const string Section = "Backups";

    public const int MinKeyLength = 32;

    /// <summary>
    /// Where archives go: the absolute path of a folder, <c>s3://ACCESSKEY:SECRET@host[:port]/bucket[?region=us-east-1]</c>, or
    /// <c>s3+http://…</c> for a server without TLS, user and secret percent-encoded. A bucket of the server that has the objects needs
    /// neither. Empty: there are no backups.
    /// </summary>
    public string Url { get; set; } = "";

    /// <summary>From the start of a backup to that of the next one; zero: only when somebody asks for one.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "365.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How many days, weeks and months keep a backup: <c>7,4,12</c>.</summary>
    public string Keep { get; set; } = "7,4,12";

    /// <summary>What archives are encrypted with; with none they are not.</summary>
    public string? EncryptionKey { get; set; }

    /// <summary>How long after the start of the service the first backup begins that is due by then.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan StartDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often it is looked whether a backup is due, and what the metrics are.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:10:00")]
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long after a backup has failed it is tried again.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "1.00:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long an answer waits for an archive to be verified; less than the edge waits for an answer.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan VerifyWait { get; set; } = TimeSpan.FromSeconds(20);

    public bool IsEncrypted => !string.IsNullOrEmpty(EncryptionKey);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // None of these repeats the value: it may hold a secret.
        if (Url.Length > 0 && !BackupDestination.IsUrl(Url))
        {
            yield return new($"{Section}:{nameof(Url)} must be an absolute path or s3://ACCESSKEY:SECRET@host/bucket.", [nameof(Url)]);
        }
        if (BackupRetention.Parse(Keep) is null)
        {
            yield return new($"{Section}:{nameof(Keep)} must be three numbers, of days, weeks and months: 7,4,12.", [nameof(Keep)]);
        }
        if (IsEncrypted && EncryptionKey!.Length < MinKeyLength)
        {
            yield return new($"{Section}:{nameof(EncryptionKey)} must have {MinKeyLength} characters at least.", [nameof(EncryptionKey)]);
        }
    }
}
