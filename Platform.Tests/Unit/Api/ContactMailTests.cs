using FsCheck;
using FsCheck.Xunit;
using MimeKit;
using Platform.Api.Notifications;

namespace Platform.Tests.Unit.Api;

/// <summary>What strangers wrote in a mail: text, whatever it is.</summary>
public sealed class ContactMailTests
{
    private static readonly MailOptions Options = new() { SmtpUrl = "smtp://localhost", From = "from@example.org", To = "to@example.org" };

    [Property, Trait("Defect", "D16")]
    public bool Nothing_that_a_contact_says_becomes_a_header(NonNull<string> name, NonNull<string> service, NonNull<string> message)
    {
        using var mail = Read(ContactMail.Create(
            [Message(name.Get + "\r\nBcc: a@b.org", service.Get + "\nTo: x@y.org", message.Get + "\r\n.\r\n")], Options, DateTimeOffset.UtcNow));
        return !mail.Headers.Select(header => header.Field).Except(
                ["Auto-Submitted", "Date", "From", "Message-Id", "MIME-Version", "Reply-To", "Subject", "To"], StringComparer.OrdinalIgnoreCase).Any()
            && mail.To.Mailboxes.Single().Address == "to@example.org"
            && mail.ReplyTo.Mailboxes.Single().Address == "ada@example.org"
            && !mail.Subject!.Any(char.IsControl);
    }

    [Fact]
    public void An_address_that_not_every_server_takes_is_in_the_text_and_in_no_header()
    {
        using var mail = Read(ContactMail.Create([Message("Ada", "s", "m") with { Email = "jürgen@example.org" }], Options, DateTimeOffset.UtcNow));
        Assert.Empty(mail.ReplyTo);
        Assert.Contains("jürgen@example.org", mail.TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_messages_have_the_same_id_and_others_another()
    {
        var (first, second) = (Message("a", "s", "m"), Message("b", "s", "m"));
        Assert.Equal(Id(first), Id(first));
        Assert.Equal(Id(first, second), Id(second, first));
        Assert.Equal(3, new[] { Id(first), Id(second), Id(first, second) }.Distinct().Count());

        static string Id(params OutboxMessage[] messages)
        {
            using var mail = ContactMail.Create(messages, Options, DateTimeOffset.UtcNow);
            return mail.MessageId!;
        }
    }

    private static OutboxMessage Message(string name, string service, string message) => new(
        Guid.NewGuid(), 1, "contact_1", DateTime.UtcNow, name, "ada@example.org", "Not specified", service, "Not specified", message, "");

    private static MimeMessage Read(MimeMessage mail)
    {
        using var stream = new MemoryStream();
        using (mail)
        {
            mail.WriteTo(stream);
        }
        stream.Position = 0;
        return MimeMessage.Load(stream);
    }
}
