namespace Platform.Api.Documents;

/// <summary>The section <c>Links</c> of the configuration.</summary>
internal sealed class LinkOptions
{
    public const string Section = "Links";

    public const int MinKeyLength = 32;

    /// <summary>
    /// The secret that links are signed with, 32 characters at least. Without it there are no links; another one revokes all that there are.
    /// </summary>
    public string? SigningKey { get; set; }
}
