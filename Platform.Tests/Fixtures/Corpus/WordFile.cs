using System.Buffers.Binary;
using System.Text;

namespace Platform.Tests.Fixtures.Corpus;

/// <summary>Word 97 files: a compound file with the two streams that a text needs.</summary>
internal static class WordFile
{
    private const int Sector = 512;
    private const int TextOffset = 0x800;

    /// <param name="compressed">A piece with one byte a character.</param>
    /// <param name="unicode">A piece with two.</param>
    public static byte[] With(string compressed, string unicode)
    {
        // Both streams are 4096 bytes long: what is shorter would be in the mini stream.
        var main = new byte[4096];
        BinaryPrimitives.WriteUInt16LittleEndian(main, 0xA5EC);
        BinaryPrimitives.WriteUInt16LittleEndian(main.AsSpan(0x0A), 0x0200);
        Encoding.GetEncoding(1252).GetBytes(compressed, main.AsSpan(TextOffset));
        var second = TextOffset + 0x400;
        Encoding.Unicode.GetBytes(unicode, main.AsSpan(second));

        using var pieces = new MemoryStream();
        using (var writer = new BinaryWriter(pieces, Encoding.UTF8, leaveOpen: true))
        {
            // Properties of nothing, to be stepped over, then the pieces.
            writer.Write((byte)1);
            writer.Write((ushort)2);
            writer.Write((ushort)0);
            writer.Write((byte)2);
            writer.Write((4 * 3) + (8 * 2));
            writer.Write(0);
            writer.Write(compressed.Length);
            writer.Write(compressed.Length + unicode.Length);
            writer.Write((ushort)0);
            writer.Write((TextOffset * 2) | 0x4000_0000);
            writer.Write((ushort)0);
            writer.Write((ushort)0);
            writer.Write(second);
            writer.Write((ushort)0);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(main.AsSpan(0x1A2), 0);
        BinaryPrimitives.WriteUInt32LittleEndian(main.AsSpan(0x1A6), (uint)pieces.Length);
        var table = new byte[4096];
        pieces.ToArray().CopyTo(table, 0);
        return CompoundFile(("WordDocument", main), ("1Table", table));
    }

    /// <summary>An encrypted .docx, .xlsx or .pptx is such a file.</summary>
    public static byte[] WithEncryptedPackage() => CompoundFile(("EncryptedPackage", new byte[4096]), ("EncryptionInfo", new byte[4096]));

    /// <summary>A file whose first stream goes in circles.</summary>
    public static byte[] WithCircularChain()
    {
        var file = With("Round and round.\r", "And round.\r");
        // The allocation table is the first sector after the header: the third entry's next is itself.
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(Sector + (2 * 4)), 2);
        // A stream that never ends.
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan((2 * Sector) + 128 + 0x78), uint.MaxValue);
        return file;
    }

    private static byte[] CompoundFile(params (string Name, byte[] Content)[] streams)
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
        writer.Write(new byte[16]);
        writer.Write([0x3E, 0x00, 0x03, 0x00, 0xFE, 0xFF, 0x09, 0x00, 0x06, 0x00]);
        writer.Write(new byte[10]);
        // One sector of allocation table (0), the directory (1), no small streams.
        writer.Write(1);
        writer.Write(1);
        writer.Write(0);
        writer.Write(4096);
        writer.Write(-2);
        writer.Write(0);
        writer.Write(-2);
        writer.Write(0);
        writer.Write(0);
        writer.Write(Enumerable.Repeat((byte)0xFF, 108 * 4).ToArray());

        var next = Enumerable.Repeat(-1, Sector / 4).ToArray();
        (next[0], next[1]) = (-3, -2);
        var sector = 2;
        var directory = new MemoryStream();
        Entry(directory, "Root Entry", 5, -2, 0);
        foreach (var (name, content) in streams)
        {
            Entry(directory, name, 2, sector, content.Length);
            for (var last = sector + (content.Length / Sector) - 1; sector <= last; sector++)
            {
                next[sector] = sector == last ? -2 : sector + 1;
            }
        }

        directory.SetLength(Sector);
        foreach (var entry in next)
        {
            writer.Write(entry);
        }

        writer.Write(directory.ToArray());
        foreach (var (_, content) in streams)
        {
            writer.Write(content);
        }

        return file.ToArray();
    }

    private static void Entry(MemoryStream directory, string name, byte type, int start, int length)
    {
        var entry = new byte[128];
        Encoding.Unicode.GetBytes(name, entry);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(0x40), (ushort)((name.Length + 1) * 2));
        entry[0x42] = type;
        entry.AsSpan(0x44, 12).Fill(0xFF);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(0x74), start);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(0x78), length);
        directory.Write(entry);
    }
}
