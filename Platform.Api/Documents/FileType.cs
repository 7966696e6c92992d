using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;
using Platform.Api.Documents.Extraction.Formats;

namespace Platform.Api.Documents;

/// <summary>A type of file that is taken: known by its extension, and believed when the first bytes say the same.</summary>
/// <param name="Extension">With its dot, in lower case.</param>
/// <param name="ContentType">Ours; what a client says is not asked.</param>
/// <param name="Matches">Whether a file of the type can begin so.</param>
internal sealed partial record FileType(string Extension, string ContentType, Func<byte[], bool> Matches)
{
    /// <summary>Bytes of the beginning that are looked at.</summary>
    public const int HeadSize = 8 * 1024;

    private static readonly Dictionary<string, FileType> ByExtension = Create();

    /// <summary>All extensions that are taken.</summary>
    public static IReadOnlyCollection<string> Extensions => ByExtension.Keys;

    /// <summary>Whether a browser can show the file without running anything that is in it.</summary>
    public bool IsSafeInline => ContentType is "application/pdf" or "text/plain"
        || (ContentType.StartsWith("image/", StringComparison.Ordinal) && Extension != ".svg");

    public static bool TryGet(string extension, [NotNullWhen(true)] out FileType? type) =>
        ByExtension.TryGetValue(extension.ToLowerInvariant(), out type);

    private static Dictionary<string, FileType> Create()
    {
        const string Office = "application/vnd.openxmlformats-officedocument.";
        var jpeg = Begins(0xFF, 0xD8, 0xFF);
        Func<byte[], bool> tiff = head => head.AsSpan() is [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..];
        FileType[] types =
        [
            new(".pdf", "application/pdf", head => AfterBlanks(head).StartsWith("%PDF-"u8)),
            new(".doc", "application/msword", Begins(0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1)),
            new(".docx", Office + "wordprocessingml.document", head => IsOffice(head, "word/"u8)),
            new(".xlsx", Office + "spreadsheetml.sheet", head => IsOffice(head, "xl/"u8)),
            new(".pptx", Office + "presentationml.presentation", head => IsOffice(head, "ppt/"u8)),
            new(".odt", "application/vnd.oasis.opendocument.text", IsOpenDocumentText),
            new(".rtf", "application/rtf", head => head.AsSpan().StartsWith(@"{\rtf"u8)),
            new(".txt", "text/plain", IsText),
            new(".md", "text/markdown", IsText),
            new(".csv", "text/csv", IsText),
            new(".json", "application/json", head => IsText(head) && Json().IsMatch(Decode(head))),
            new(".html", "text/html", IsText),
            new(".xml", "application/xml", head => IsText(head) && Decode(head).AsSpan().TrimStart().StartsWith("<")),
            new(".eml", "message/rfc822", head => IsText(head) && Mail().IsMatch(Decode(head))),
            new(".svg", "image/svg+xml", head => IsText(head) && IsSvg(Decode(head))),
            new(".jpg", "image/jpeg", jpeg),
            new(".jpeg", "image/jpeg", jpeg),
            new(".png", "image/png", Begins(0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A)),
            new(".gif", "image/gif", head => head.AsSpan().StartsWith("GIF87a"u8) || head.AsSpan().StartsWith("GIF89a"u8)),
            new(".bmp", "image/bmp", head => head.Length >= 26 && head.AsSpan().StartsWith("BM"u8)),
            new(".webp", "image/webp", head => head.Length >= 12 && head.AsSpan().StartsWith("RIFF"u8) && head.AsSpan(8).StartsWith("WEBP"u8)),
            new(".tiff", "image/tiff", tiff),
            new(".tif", "image/tiff", tiff),
        ];
        var byExtension = types.ToDictionary(type => type.Extension);
        byExtension[".htm"] = byExtension[".html"];
        return byExtension;
    }

    private static Func<byte[], bool> Begins(params byte[] magic) => head => head.AsSpan().StartsWith(magic);

    private static ReadOnlySpan<byte> AfterBlanks(byte[] head) =>
        head.AsSpan(head.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0).TrimStart(" \t\r\n"u8);

    /// <summary>
    /// Without the control characters that no text has, which every program, archive and picture begins with; and none of the formats whose
    /// beginning is text.
    /// </summary>
    private static bool IsText(byte[] head)
    {
        if (AfterBlanks(head).StartsWith("%PDF-"u8) || head.AsSpan().StartsWith("GIF8"u8))
        {
            return false;
        }
        return !Decode(head).Any(c => c < ' ' && c is not ('\t' or '\n' or '\v' or '\f' or '\r' or '\u001a' or '\u001b'));
    }

    /// <summary>
    /// By its byte order mark, or as what the reader of texts takes for UTF-16; otherwise each byte is a character, which is enough to look
    /// at what is ASCII.
    /// </summary>
    private static string Decode(byte[] head)
    {
        Encoding[] marked =
            [Encoding.UTF8, Encoding.UTF32, Encoding.Unicode, Encoding.BigEndianUnicode, new UTF32Encoding(bigEndian: true, byteOrderMark: true)];
        var encoding = Array.Find(marked, encoding => head.AsSpan().StartsWith(encoding.Preamble));
        return encoding is not null ? encoding.GetString(head.AsSpan(encoding.Preamble.Length))
            : (head.Length % 2 == 0 ? TextFile.OfZeros(head) ?? Encoding.Latin1 : Encoding.Latin1).GetString(head);
    }

    /// <summary>
    /// A zip whose first entries are a package of Office's, in which the parts of another program than the expected one do not come first.
    /// </summary>
    private static bool IsOffice(byte[] head, ReadOnlySpan<byte> folder)
    {
        var package = false;
        for (var rest = head.AsSpan(); rest.Length >= 30 && rest.StartsWith("PK\x03\x04"u8);)
        {
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[26..]);
            if (rest.Length < 30 + nameLength)
            {
                break;
            }
            var name = rest.Slice(30, nameLength);
            if (name.StartsWith(folder))
            {
                return true;
            }
            if (name.StartsWith("word/"u8) || name.StartsWith("xl/"u8) || name.StartsWith("ppt/"u8))
            {
                return false;
            }
            package |= name.SequenceEqual("[Content_Types].xml"u8) || name.StartsWith("_rels/"u8) || name.StartsWith("docProps/"u8)
                || name.StartsWith("customXml/"u8);
            // An entry may say its size only after itself: look for the next one.
            var next = rest[(30 + nameLength)..].IndexOf("PK\x03\x04"u8);
            rest = next < 0 ? default : rest[(30 + nameLength + next)..];
        }
        return package;
    }

    /// <summary>The first entry, which is not compressed, is <c>mimetype</c>.</summary>
    private static bool IsOpenDocumentText(byte[] head) =>
        head.AsSpan().StartsWith("PK\x03\x04"u8) && head.Length > 38
        && head.AsSpan(30).StartsWith("mimetypeapplication/vnd.oasis.opendocument.text"u8);

    /// <summary>The root, after the declaration, comments and the document type, is svg.</summary>
    private static bool IsSvg(ReadOnlySpan<char> text)
    {
        for (text = text.TrimStart(); text.Length > 0; text = text.TrimStart())
        {
            var end = text.StartsWith("<?") ? "?>" : text.StartsWith("<!--") ? "-->" : text.StartsWith("<!") ? ">" : null;
            if (end is null)
            {
                return SvgRoot().IsMatch(text);
            }
            // A document type may declare more in brackets.
            var subset = end == ">" ? text.IndexOf('[') : -1;
            var at = text.IndexOf(end, StringComparison.Ordinal);
            if (subset >= 0 && subset < at && text.IndexOf("]>", StringComparison.Ordinal) is var close)
            {
                (end, at) = ("]>", close);
            }
            text = at < 0 ? default : text[(at + end.Length)..];
        }
        return false;
    }

    [GeneratedRegex("""\A\s*[\[{"\-0-9tfn]""")]
    private static partial Regex Json();

    [GeneratedRegex(@"\A(From |[!-9;-~]+:)")]
    private static partial Regex Mail();

    [GeneratedRegex(@"\A<([A-Za-z_][\w.-]*:)?svg[\s/>]")]
    private static partial Regex SvgRoot();
}
