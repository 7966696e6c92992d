using System.ComponentModel.DataAnnotations;
using MailKit.Security;
using MimeKit;

namespace Platform.Api.Notifications;

/// <summary>The section <c>Mail</c> of the configuration: how the owner is told. Without a server or a recipient there is no mail.</summary>
internal sealed class MailOptions : IValidatableObject
{
    public const string Section = "Mail";

    /// <summary>
    /// <c>smtp://user:password@host:port</c>, or <c>smtps://</c> for TLS from the first byte. A password goes in clear to this machine only.
    /// </summary>
    public string? SmtpUrl { get; set; }

    /// <summary>The sender's address; the recipient's when it is missing.</summary>
    public string? From { get; set; }

    /// <summary>The owner's address.</summary>
    public string? To { get; set; }

    /// <summary>Seconds that the mail server may take for a connection, and for a message.</summary>
    [Range(1, 60)]
    public int TimeoutSeconds { get; set; } = 15;

    /// <summary>Times that a message is tried before it is given up; with the pauses between them, a day.</summary>
    [Range(1, 1000)]
    public int MaxAttempts { get; set; } = 100;

    public bool IsOn => !string.IsNullOrWhiteSpace(SmtpUrl) && !string.IsNullOrWhiteSpace(To);

    // Methods, for the configuration's binder asks every property.
    public MailboxAddress Sender() => MailboxAddress.Parse(string.IsNullOrWhiteSpace(From) ? To! : From);

    public MailboxAddress Recipient() => MailboxAddress.Parse(To!);

    public Uri Server() => new(SmtpUrl!);

    public SecureSocketOptions Security() => Server() switch
    {
        { Scheme: "smtps" } => SecureSocketOptions.SslOnConnect,
        { UserInfo.Length: > 0, IsLoopback: false } => SecureSocketOptions.StartTls,
        _ => SecureSocketOptions.StartTlsWhenAvailable,
    };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IsOn)
        {
            yield break;
        }
        // No value is in a message: it may hold a password.
        if (!Uri.TryCreate(SmtpUrl, UriKind.Absolute, out var server) || server.Scheme is not ("smtp" or "smtps") || server.Host.Length == 0)
        {
            yield return new("Mail:SmtpUrl must be a URL such as smtp://user:password@mail.example.org:587.");
        }
        if (!MailboxAddress.TryParse(To, out _))
        {
            yield return new("Mail:To must be an e-mail address.");
        }
        if (!string.IsNullOrWhiteSpace(From) && !MailboxAddress.TryParse(From, out _))
        {
            yield return new("Mail:From must be an e-mail address.");
        }
    }
}
