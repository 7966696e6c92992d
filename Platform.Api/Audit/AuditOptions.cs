using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Audit;

/// <summary>The section <c>Audit</c> of the configuration.</summary>
internal sealed class AuditOptions
{
    public const string Section = "Audit";

    /// <summary>Days for which entries are kept.</summary>
    [Range(1, 36_500)]
    public int RetentionDays { get; set; } = 400;
}
