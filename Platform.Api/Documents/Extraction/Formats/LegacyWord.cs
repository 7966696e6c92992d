using System.Buffers.Binary;
using System.Text;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.doc (Word 97 to 2003, [MS-DOC]): the text, which a table puts together from pieces in the file.</summary>
internal static class LegacyWord
{
    private const int MaxFileLength = 64 * 1024 * 1024;

    public static void Read(string path, ExtractedDocument document)
    {
        if (new FileInfo(path).Length > MaxFileLength)
        {
            throw new UnreadableDocumentException("The file is too large to be read.");
        }

        var bytes = File.ReadAllBytes(path);
        if (bytes.AsSpan().StartsWith("{\\rt"u8))
        {
            // Old programs name these so.
            RichText.Read(path, document);
            return;
        }

        var file = new CompoundFile(bytes);
        var main = file.Read("WordDocument");
        if (main is null)
        {
            throw new UnreadableDocumentException(file.Read("EncryptedPackage") is null
                ? "The file has no document in it."
                : "The file is protected by a password.");
        }
        if (main.Length < 0x1AA || BinaryPrimitives.ReadUInt16LittleEndian(main) != 0xA5EC)
        {
            throw new UnreadableDocumentException("The file is older than Word 97.");
        }

        var flags = BinaryPrimitives.ReadUInt16LittleEndian(main.AsSpan(0x0A));
        if ((flags & 0x0100) != 0)
        {
            throw new UnreadableDocumentException("The file is protected by a password.");
        }

        var table = file.Read((flags & 0x0200) != 0 ? "1Table" : "0Table")
            ?? throw new UnreadableDocumentException("The file is broken: its table is missing.");
        var start = BinaryPrimitives.ReadUInt32LittleEndian(main.AsSpan(0x1A2));
        var length = BinaryPrimitives.ReadUInt32LittleEndian(main.AsSpan(0x1A6));
        if (start > table.Length || length > table.Length - start)
        {
            throw new UnreadableDocumentException("The file is broken: its table is too short.");
        }

        ReadPieces(main, PieceTable(table.AsSpan((int)start, (int)length)), document);
        if (document.IsFull)
        {
            document.Truncate();
        }
    }

    /// <summary>What comes after the lists of properties, if any.</summary>
    private static ReadOnlySpan<byte> PieceTable(ReadOnlySpan<byte> properties)
    {
        while (properties is [0x01, ..] and { Length: > 3 })
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(properties[1..]);
            properties = properties[Math.Min(3 + length, properties.Length)..];
        }

        if (properties is not [0x02, ..] || properties.Length < 5)
        {
            throw new UnreadableDocumentException("The file is broken: its text cannot be found.");
        }

        var tableLength = BinaryPrimitives.ReadUInt32LittleEndian(properties[1..]);
        return properties[5..(int)Math.Min(5L + tableLength, properties.Length)];
    }

    /// <summary>n + 1 positions in the text, then n descriptors of the pieces between them.</summary>
    private static void ReadPieces(byte[] main, ReadOnlySpan<byte> table, ExtractedDocument document)
    {
        var count = (table.Length - 4) / 12;
        // A field is code, a separator and what is shown.
        var fields = new Fields();
        for (var i = 0; i < count && !document.IsFull; i++)
        {
            var from = BinaryPrimitives.ReadUInt32LittleEndian(table[(i * 4)..]);
            var to = BinaryPrimitives.ReadUInt32LittleEndian(table[((i + 1) * 4)..]);
            var descriptor = BinaryPrimitives.ReadUInt32LittleEndian(table[((((count + 1) * 4) + (i * 8)) + 2)..]);
            var isCompressed = (descriptor & 0x4000_0000) != 0;
            var offset = descriptor & 0x3FFF_FFFF;
            offset = isCompressed ? offset / 2 : offset;
            if (to <= from || offset >= main.Length)
            {
                continue;
            }

            var length = Math.Min((long)(to - from) * (isCompressed ? 1 : 2), main.Length - offset);
            var piece = main.AsSpan((int)offset, (int)length);
            fields.Append((isCompressed ? Encoding.GetEncoding(1252) : Encoding.Unicode).GetString(piece), document);
        }
    }

    /// <summary>Leaves the codes of fields out. A field is a code, perhaps a separator and what is shown, and an end.</summary>
    private sealed class Fields
    {
        /// <summary>The fields around a character: whether it is in their codes.</summary>
        private readonly Stack<bool> _fields = new();
        private int _codes;

        public void Append(string text, ExtractedDocument document)
        {
            foreach (var c in text)
            {
                switch (c)
                {
                    case '\u0013':
                        _fields.Push(true);
                        _codes++;
                        break;
                    case '\u0014' when _fields.TryPop(out var isCode):
                        _fields.Push(false);
                        _codes -= isCode ? 1 : 0;
                        break;
                    case '\u0015' when _fields.TryPop(out var isCode):
                        _codes -= isCode ? 1 : 0;
                        break;
                    case var _ when _codes > 0:
                        break;
                    case '\r' or '\v' or '\f':
                        document.Append('\n');
                        break;
                    case '\u0007':
                        document.Append('\t');
                        break;
                    case '\u001E':
                        document.Append('-');
                        break;
                    default:
                        document.Append(c);
                        break;
                }
            }
        }
    }
}
