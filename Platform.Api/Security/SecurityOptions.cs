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
}
