using MimeKit;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.eml: the letter's head, its body, the names of what is attached, and the text of attached text.</summary>
internal static class Mail
{
    private const int MaxDepth = 20;
    private const int MaxParts = 1000;

    public static void Read(string path, ExtractedDocument document)
    {
        using var file = File.OpenRead(path);
        var options = ParserOptions.Default.Clone();
        // What is nested deeper stays an opaque part.
        options.MaxMimeDepth = MaxDepth;
        var message = MimeMessage.Load(options, file);
        if (message.Headers.Count == 0
            || (message.From.Count == 0 && message.Subject is null && message.Headers[HeaderId.Received] is null && message.To.Count == 0))
        {
            throw new UnreadableDocumentException("The file is not an e-mail.");
        }

        document.Describe("subject", message.Subject);
        document.Describe("from", message.From.ToString());
        document.Describe("to", message.To.ToString());
        document.Describe("date", message.Date == default ? null : message.Date.ToString("u"));
        var remaining = MaxParts;
        Read(message, 0, ref remaining, document);
        if (document.IsFull)
        {
            document.Truncate();
        }
    }

    private static void Read(MimeMessage message, int depth, ref int remaining, ExtractedDocument document)
    {
        Head("Subject", message.Subject, document);
        Head("From", message.From.ToString(), document);
        Head("To", message.To.ToString(), document);
        Head("Cc", message.Cc.ToString(), document);
        Head("Date", message.Date == default ? null : message.Date.ToString("u"), document);
        document.Append('\n');
        if (message.Body is not null)
        {
            Read(message.Body, depth + 1, ref remaining, document);
        }
    }

    private static void Read(MimeEntity entity, int depth, ref int remaining, ExtractedDocument document)
    {
        if (depth > MaxDepth || --remaining < 0 || document.IsFull)
        {
            document.Truncate();
            return;
        }

        switch (entity)
        {
            case MultipartAlternative alternative when Plain(alternative) is { } plain:
                // The same letter several times: the plain one is the easiest to read.
                Read(plain, depth + 1, ref remaining, document);
                break;
            case Multipart multipart:
                foreach (var part in multipart)
                {
                    Read(part, depth + 1, ref remaining, document);
                }

                break;
            case MessagePart { Message: { } attached }:
                document.EndLine();
                Read(attached, depth + 1, ref remaining, document);
                break;
            case TextPart text:
                Name(text, document);
                ReadText(text, document);
                break;
            case MimePart part:
                Name(part, document);
                break;
        }
    }

    private static TextPart? Plain(MultipartAlternative alternative) =>
        alternative.OfType<TextPart>().FirstOrDefault(part => part.IsPlain && !string.IsNullOrWhiteSpace(part.Text));

    private static void Head(string name, string? value, ExtractedDocument document)
    {
        if (!string.IsNullOrEmpty(value))
        {
            document.AppendLine($"{name}: {value}");
        }
    }

    private static void Name(MimePart part, ExtractedDocument document)
    {
        if (part.FileName is { Length: > 0 } name)
        {
            document.EndLine();
            document.AppendLine($"Attachment: {name}");
        }
    }

    private static void ReadText(TextPart text, ExtractedDocument document)
    {
        document.EndLine();
        if (text.Content is null)
        {
            return;
        }

        var content = text.ContentType.Charset is null ? Decode(text) : text.Text;
        if (text.IsHtml)
        {
            var inner = new ExtractedDocument { OcrLanguages = document.OcrLanguages };
            Html.ReadMarkup(content, inner);
            content = inner.ToString();
        }

        document.AppendLine(content);
    }

    /// <summary>Where the letter does not say what encoding it is in.</summary>
    private static string Decode(TextPart text)
    {
        using var memory = new MemoryStream();
        text.Content!.DecodeTo(memory);
        var bytes = memory.ToArray();
        return TextFile.EncodingOf(bytes).GetString(bytes);
    }
}
