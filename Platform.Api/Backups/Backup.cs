using System.Text.Json.Serialization;

namespace Platform.Api.Backups;

/// <summary>An archive as the API shows it. What is not known, such as after a restore, is null or 0.</summary>
/// <param name="Size">In bytes.</param>
/// <param name="VerifiedAt">When it was last read and compared with its checksums.</param>
/// <param name="Damaged">What that has shown.</param>
/// <param name="Documents">Those in the trash included.</param>
internal sealed record Backup(
    string Name,
    DateTime CreatedAt,
    long Size,
    bool Encrypted,
    string? Sha256,
    DateTime? VerifiedAt,
    bool Damaged,
    long Contacts,
    long Documents,
    double DurationSeconds,
    string? Trigger)
{
    public static Backup Of(ArchiveName name, long size, BackupRecord? record, string? sha256) => new(
        name.ToString(),
        name.CreatedAt,
        size,
        name.IsEncrypted,
        sha256,
        record?.VerifiedAt,
        record?.IsDamaged ?? false,
        record?.Contacts ?? 0,
        record?.Documents ?? 0,
        record?.FinishedAt is { } finishedAt ? (finishedAt - record.StartedAt).TotalSeconds : 0,
        record?.Trigger);
}

/// <summary>The answer of GET /admin/backups.</summary>
/// <param name="Destination">The folder, or server and bucket; null when there are no backups.</param>
/// <param name="DueAt">When the next one is due, or was; null when none is scheduled.</param>
/// <param name="Items">The newest first.</param>
internal sealed record BackupList(
    bool Enabled,
    string? Destination,
    bool Encrypted,
    double IntervalSeconds,
    DateTime? DueAt,
    BackupRetention? Keep,
    RunningBackup? Running,
    FailedBackup? LastFailure,
    IReadOnlyList<Backup> Items);

/// <summary>The backup that is being made.</summary>
/// <param name="Objects">So far.</param>
/// <param name="Bytes">So far, before they are compressed.</param>
internal sealed record RunningBackup(string Name, DateTime StartedAt, long Objects, long Bytes);

/// <param name="Reason">For a person.</param>
internal sealed record FailedBackup(DateTime At, string Reason);

/// <summary>A backup that is begun.</summary>
internal sealed record StartedBackup(string Name, DateTime StartedAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BackupList))]
[JsonSerializable(typeof(Backup))]
[JsonSerializable(typeof(StartedBackup))]
internal sealed partial class BackupJson : JsonSerializerContext;
