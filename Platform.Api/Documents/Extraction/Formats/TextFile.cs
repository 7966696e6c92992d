using System.Text;
using UtfUnknown;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>Bytes that are text in some encoding.</summary>
internal static class TextFile
{
    /// <summary>Bytes of a text file that are read: more than is kept in any encoding.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    private const int DetectionBytes = 128 * 1024;

    /// <summary>The beginning of a file.</summary>
    public static byte[] ReadBytes(string path, ExtractedDocument document)
    {
        using var file = File.OpenRead(path);
        return ReadBytes(file, document);
    }

    /// <summary>The beginning of a stream.</summary>
    public static byte[] ReadBytes(Stream stream, ExtractedDocument document)
    {
        using var memory = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, MaxBytes + 1 - memory.Length))) > 0)
        {
            memory.Write(buffer, 0, read);
        }

        if (memory.Length > MaxBytes)
        {
            document.Truncate();
            memory.SetLength(MaxBytes);
        }

        return memory.ToArray();
    }

    /// <summary>A whole text file, decoded; its encoding is described.</summary>
    /// <exception cref="UnreadableDocumentException">It is not text.</exception>
    public static string Read(string path, ExtractedDocument document) => Decode(ReadBytes(path, document), document);

    /// <exception cref="UnreadableDocumentException">It is not text.</exception>
    public static string Decode(byte[] bytes, ExtractedDocument document)
    {
        var encoding = EncodingOf(bytes);
        document.Describe("encoding", encoding.WebName);
        var text = encoding.GetString(bytes);
        if (!IsText(text))
        {
            throw new UnreadableDocumentException("The file is not text, whatever its name says.");
        }

        return text;
    }

    public static Encoding EncodingOf(ReadOnlySpan<byte> bytes) =>
        OfByteOrderMark(bytes) ?? OfZeros(bytes) ?? (IsUtf8(bytes) ? Encoding.UTF8 : OfFrequencies(bytes));

    private static Encoding? OfByteOrderMark(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xEF, 0xBB, 0xBF, ..] => Encoding.UTF8,
        [0xFF, 0xFE, 0, 0, ..] => Encoding.UTF32,
        [0xFF, 0xFE, ..] => Encoding.Unicode,
        [0xFE, 0xFF, ..] => Encoding.BigEndianUnicode,
        _ => null,
    };

    /// <summary>UTF-16 without a mark: every script has spaces and line breaks, whose first or second byte is zero.</summary>
    internal static Encoding? OfZeros(ReadOnlySpan<byte> bytes)
    {
        int even = 0, odd = 0;
        for (var i = 0; i < Math.Min(bytes.Length, DetectionBytes); i++)
        {
            if (bytes[i] == 0)
            {
                _ = i % 2 == 0 ? even++ : odd++;
            }
        }

        return (even, odd) switch
        {
            (0, 0) => null,
            _ when odd > even * 20 => Encoding.Unicode,
            _ when even > odd * 20 => Encoding.BigEndianUnicode,
            _ => null,
        };
    }

    /// <summary>The end may be in the middle of a character, since only a beginning is read.</summary>
    private static bool IsUtf8(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.Length;
        if (end >= MaxBytes)
        {
            while (end > bytes.Length - 4 && (bytes[end - 1] & 0xC0) == 0x80)
            {
                end--;
            }

            end--;
        }

        return System.Text.Unicode.Utf8.IsValid(bytes[..end]);
    }

    private static Encoding OfFrequencies(ReadOnlySpan<byte> bytes)
    {
        var beginning = bytes[..Math.Min(bytes.Length, DetectionBytes)].ToArray();
        var detected = CharsetDetector.DetectFromBytes(beginning).Detected;
        return detected is { Encoding: { } encoding, Confidence: > 0.4f } && encoding is not (UTF8Encoding or ASCIIEncoding)
            ? encoding
            : Encoding.GetEncoding(1252);
    }

    private static bool IsText(string text)
    {
        var wrong = 0;
        var looked = Math.Min(text.Length, DetectionBytes);
        for (var i = 0; i < looked; i++)
        {
            if ((char.IsControl(text[i]) && text[i] is not ('\n' or '\r' or '\t' or '\f' or '\v' or '\b' or '\u001B' or '\u0085')) || text[i] == '\uFFFD')
            {
                wrong++;
            }
        }

        return wrong * 20 <= looked;
    }
}
