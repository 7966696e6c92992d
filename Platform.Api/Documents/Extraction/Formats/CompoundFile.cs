using System.Buffers.Binary;
using System.Text;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>The streams of an OLE2 compound file ([MS-CFB]), which .doc is: a file system with its own allocation table.</summary>
/// <remarks>Every chain is followed for as many sectors as the file has at most, so that one that goes in circles ends.</remarks>
internal sealed class CompoundFile
{
    private const uint LastSector = 0xFFFFFFFA;
    private const int HeaderLength = 512;
    private const int MiniSectorLength = 64;

    private readonly byte[] _file;
    private readonly int _sectorLength;
    private readonly uint[] _next;
    private readonly uint[] _nextMini;
    private readonly byte[] _miniStream;
    private readonly uint _miniCutoff;
    private readonly List<(string Name, int Type, uint Start, long Length)> _entries = [];

    /// <exception cref="UnreadableDocumentException">It is none.</exception>
    public CompoundFile(byte[] file)
    {
        _file = file;
        if (file.Length < HeaderLength || !file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]))
        {
            throw new UnreadableDocumentException("The file is not a Word 97 document.");
        }

        var shift = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(0x1E));
        _sectorLength = shift is 9 or 12 ? 1 << shift : throw Broken();
        _miniCutoff = UInt32(0x38);
        _next = ReadTable();
        ReadDirectory(UInt32(0x30));
        var root = _entries.FirstOrDefault(entry => entry.Type == 5);
        _miniStream = root.Type == 5 ? ReadChain(root.Start, root.Length) : [];
        _nextMini = ToTable(ReadChain(UInt32(0x3C), long.MaxValue));
    }

    /// <summary>A stream's content; null when there is none of the name.</summary>
    public byte[]? Read(string name)
    {
        var entry = _entries.FirstOrDefault(entry => entry.Type == 2 && entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return entry.Name is null ? null : entry.Length < _miniCutoff ? ReadMini(entry.Start, entry.Length) : ReadChain(entry.Start, entry.Length);
    }

    /// <summary>The allocation table: its sectors are listed in the header (109 of them) and in a chain of further lists.</summary>
    private uint[] ReadTable()
    {
        var sectors = new List<uint>();
        for (var i = 0; i < 109; i++)
        {
            sectors.Add(UInt32(0x4C + (i * 4)));
        }

        var perSector = (_sectorLength / 4) - 1;
        var list = UInt32(0x44);
        for (var seen = 0; list < LastSector && seen < SectorCount; seen++)
        {
            var start = OffsetOf(list);
            for (var i = 0; i < perSector; i++)
            {
                sectors.Add(UInt32(start + (i * 4)));
            }

            list = UInt32(start + (perSector * 4));
        }

        using var table = new MemoryStream();
        foreach (var sector in sectors.Where(sector => sector < LastSector).Take(SectorCount))
        {
            table.Write(Sector(sector));
        }

        return ToTable(table.ToArray());
    }

    private void ReadDirectory(uint start)
    {
        var directory = ReadChain(start, long.MaxValue);
        for (var offset = 0; offset + 128 <= directory.Length; offset += 128)
        {
            var entry = directory.AsSpan(offset, 128);
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(entry[0x40..]);
            if (nameLength is >= 2 and <= 64 && entry[0x42] is 2 or 5)
            {
                _entries.Add((
                    Encoding.Unicode.GetString(entry[..(nameLength - 2)]),
                    entry[0x42],
                    BinaryPrimitives.ReadUInt32LittleEndian(entry[0x74..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(entry[0x78..])));
            }
        }
    }

    private byte[] ReadChain(uint sector, long length)
    {
        using var content = new MemoryStream();
        for (var seen = 0; sector < LastSector && content.Length < length && seen <= SectorCount; seen++)
        {
            content.Write(Sector(sector));
            sector = sector < _next.Length ? _next[sector] : throw Broken();
        }

        content.SetLength(Math.Min(content.Length, length));
        return content.ToArray();
    }

    private byte[] ReadMini(uint sector, long length)
    {
        using var content = new MemoryStream();
        for (var seen = 0; sector < LastSector && content.Length < length && seen <= _nextMini.Length; seen++)
        {
            var start = (long)sector * MiniSectorLength;
            if (start + MiniSectorLength > _miniStream.Length && start >= _miniStream.Length)
            {
                throw Broken();
            }

            content.Write(_miniStream.AsSpan((int)start, (int)Math.Min(MiniSectorLength, _miniStream.Length - start)));
            sector = sector < _nextMini.Length ? _nextMini[sector] : throw Broken();
        }

        content.SetLength(Math.Min(content.Length, length));
        return content.ToArray();
    }

    private int SectorCount => _file.Length / _sectorLength;

    /// <summary>The last one of a file may be short.</summary>
    private ReadOnlySpan<byte> Sector(uint sector)
    {
        var start = OffsetOf(sector);
        return _file.AsSpan(start, Math.Min(_sectorLength, _file.Length - start));
    }

    private int OffsetOf(uint sector)
    {
        var offset = (sector + 1L) * _sectorLength;
        return offset < _file.Length ? (int)offset : throw Broken();
    }

    private uint UInt32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_file.AsSpan(offset));

    private static uint[] ToTable(byte[] bytes)
    {
        var table = new uint[bytes.Length / 4];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(i * 4));
        }

        return table;
    }

    private static UnreadableDocumentException Broken() => new("The file is broken: parts of it are missing.");
}
