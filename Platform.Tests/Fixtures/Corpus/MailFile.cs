using System.Text;
using MimeKit;

namespace Platform.Tests.Fixtures.Corpus;

/// <summary>E-mails.</summary>
internal static class MailFile
{
    /// <summary>With a plain and an HTML body, an attached text and an attached picture.</summary>
    public static byte[] With(string subject, string text)
    {
        var body = new BodyBuilder { TextBody = text, HtmlBody = $"<p>{text}</p>" };
        body.Attachments.Add("terms.txt", Encoding.UTF8.GetBytes("attached words"), new ContentType("text", "plain"));
        body.Attachments.Add("logo.png", Picture.Of("TEN").Png(), new ContentType("image", "png"));
        using var message = new MimeMessage(
            [new MailboxAddress("Ada", "ada@example.org")], [new MailboxAddress("Bob", "bob@example.org")], subject, body.ToMessageBody());
        message.Date = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        using var memory = new MemoryStream();
        message.WriteTo(memory);
        return memory.ToArray();
    }

    /// <summary>A message in a message in a message.</summary>
    public static byte[] Nested(int depth)
    {
        var text = new StringBuilder();
        for (var i = 0; i < depth; i++)
        {
            text.Append("Subject: nested\r\nFrom: ada@example.org\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n");
        }

        return Encoding.ASCII.GetBytes(text.Append("Subject: innermost\r\n\r\nNobody reads this.\r\n").ToString());
    }

    /// <summary>A multipart in a multipart in a multipart.</summary>
    public static byte[] NestedMultiparts(int depth)
    {
        var text = new StringBuilder("Subject: nested\r\nFrom: ada@example.org\r\nMIME-Version: 1.0\r\n");
        for (var i = 0; i < depth; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n");
        }

        return Encoding.ASCII.GetBytes(text.Append("\r\nNobody reads this.\r\n").ToString());
    }
}
