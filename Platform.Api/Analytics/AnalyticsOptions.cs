using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Analytics;

/// <summary>The section <c>Analytics</c> of the configuration.</summary>
internal sealed class AnalyticsOptions
{
    public const string Section = "Analytics";

    /// <summary>Days for which visits and events are kept: long enough to compare with the same month of the year before.</summary>
    [Range(1, 36_500)]
    public int RetentionDays { get; set; } = 400;
}
