using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Security;

/// <summary>The section <c>Security</c> of the configuration.</summary>
internal sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <summary>
    /// A key with every scope, to create the others with. Missing or blank, there is none, and nothing opens because of that.
    /// </summary>
    [MaxLength(ApiKey.MaxLength)]
    public string? BootstrapKey { get; set; }

    /// <summary>
    /// What the edge signs its tokens with (<c>Authentication:ApiTokenKey</c> there), at least 32 bytes. Missing or blank, no token is taken.
    /// </summary>
    [RegularExpression(".{32,}", ErrorMessage = "Security:EdgeKey must have 32 characters or more.")]
    public string? EdgeKey { get; set; }
}
