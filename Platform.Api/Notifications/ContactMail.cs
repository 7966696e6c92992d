using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MimeKit;

namespace Platform.Api.Notifications;

/// <summary>The mail that tells the owner of new contacts, in plain text. What strangers wrote is in it as text and as nothing else.</summary>
internal static class ContactMail
{
    private const int MaxSubjectLength = 200;

    /// <summary>Tells of one contact, to whom an answer goes, or of several.</summary>
    public static MimeMessage Create(IReadOnlyList<OutboxMessage> messages, MailOptions options, DateTimeOffset now)
    {
        var mail = new MimeMessage
        {
            MessageId = MessageId(messages, options.Sender()),
            Date = now,
            Subject = messages is [var only]
                ? OneLine($"New contact: {only.Name} - {only.Service}")
                : string.Create(CultureInfo.InvariantCulture, $"{messages.Count} new contacts"),
            Body = new TextPart("plain") { Text = string.Join($"\n{new string('-', 60)}\n\n", messages.Select(Describe)) },
        };
        mail.From.Add(options.Sender());
        mail.To.Add(options.Recipient());
        // RFC 3834: no absence notice is wanted in return.
        mail.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        // A local part beyond ASCII does not fit in a header that every server takes; the text has it.
        if (messages is [{ } contact] && Ascii.IsValid(contact.Email.AsSpan(0, contact.Email.IndexOf('@'))))
        {
            mail.ReplyTo.Add(new MailboxAddress(Encoding.UTF8, OneLine(contact.Name), contact.Email));
        }
        return mail;
    }

    /// <summary>The same for the same messages, so that a mail that came twice can be recognised.</summary>
    private static string MessageId(IReadOnlyList<OutboxMessage> messages, MailboxAddress sender)
    {
        var id = messages is [var only]
            ? only.Id.ToString("n")
            : Convert.ToHexStringLower(SHA256.HashData([.. messages.Select(message => message.Id).Order().SelectMany(id => id.ToByteArray())]))[..32];
        return $"{id}@{sender.Domain}";
    }

    private static string Describe(OutboxMessage contact)
    {
        var text = new StringBuilder();
        Line("Name", contact.Name);
        Line("E-mail", contact.Email);
        Line("Company", contact.Company);
        Line("Service", contact.Service);
        Line("Budget", contact.Budget);
        Line("Page", contact.PageUrl);
        Line("Received", contact.Timestamp.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC");
        Line("Contact", contact.ContactId);
        return text.Append('\n').Append(contact.Message).Append('\n').ToString();

        void Line(string label, string value)
        {
            if (value is not ("" or "Not specified"))
            {
                text.Append(label).Append(": ").Append(OneLine(value)).Append('\n');
            }
        }
    }

    /// <summary>A header ends with its line (D16), and the API is not the only one that can write to the table.</summary>
    private static string OneLine(string value)
    {
        var line = string.Concat(value.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c));
        return line.Length <= MaxSubjectLength ? line : line[..MaxSubjectLength] + "…";
    }
}
