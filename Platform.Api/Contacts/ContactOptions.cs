namespace Platform.Api.Contacts;

/// <summary>The section <c>Contacts</c> of the configuration.</summary>
internal sealed class ContactOptions
{
    public const string Section = "Contacts";

    /// <summary>Values of <c>source</c> that become a metric's label; all others are counted as <c>other</c>.</summary>
    public string[] MeasuredSources { get; set; } = [];

    /// <summary>Values of <c>service</c> that become a metric's label; all others are counted as <c>other</c>.</summary>
    public string[] MeasuredServices { get; set; } = [];

    /// <summary>Who sends the form sooner after opening it is no person: 3 s.</summary>
    public TimeSpan MinimumFillTime { get; set; } = TimeSpan.FromSeconds(3);
}
