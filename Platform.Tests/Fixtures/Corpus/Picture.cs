using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Platform.Tests.Fixtures.Corpus;

/// <summary>A black word on white, in squares of 8 pixels, and the smallest encoders of every picture format that can hold it.</summary>
internal sealed class Picture
{
    private const int Square = 8;

    /// <summary>Seven rows of five squares a letter.</summary>
    private static readonly Dictionary<char, string> Letters = new()
    {
        ['A'] = ".###. #...# #...# ##### #...# #...# #...#",
        ['B'] = "####. #...# #...# ####. #...# #...# ####.",
        ['E'] = "##### #.... #.... ####. #.... #.... #####",
        ['H'] = "#...# #...# #...# ##### #...# #...# #...#",
        ['L'] = "#.... #.... #.... #.... #.... #.... #####",
        ['N'] = "#...# ##..# ##..# #.#.# #..## #..## #...#",
        ['O'] = ".###. #...# #...# #...# #...# #...# .###.",
        ['R'] = "####. #...# #...# ####. #.#.. #..#. #...#",
        ['T'] = "##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..",
    };

    /// <summary>Rows of squares; true is black.</summary>
    private readonly bool[][] _squares;

    private Picture(bool[][] squares) => _squares = squares;

    private int Columns => _squares[0].Length;
    private int Rows => _squares.Length;
    private int Width => Columns * Square;
    private int Height => Rows * Square;

    public static Picture Of(string word)
    {
        // Two squares of margin, and one after each letter.
        var squares = Enumerable.Range(0, 11).Select(_ => new bool[(word.Length * 6) + 3]).ToArray();
        for (var i = 0; i < word.Length; i++)
        {
            foreach (var (row, y) in Letters[word[i]].Split(' ').Select((row, y) => (row, y)))
            {
                for (var x = 0; x < 5; x++)
                {
                    squares[y + 2][(i * 6) + 2 + x] = row[x] == '#';
                }
            }
        }

        return new(squares);
    }

    public byte[] Png() => Png(Width, Height, Pixels().Chunk(Width).SelectMany(row => row.Prepend((byte)0)).ToArray());

    /// <summary>A PNG that says that it is so large, and has the pixels.</summary>
    public static byte[] Png(int width, int height, byte[] filteredRows)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        Chunk(file, "IHDR", header);
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(filteredRows);
        }

        Chunk(file, "IDAT", data.ToArray());
        Chunk(file, "IEND", []);
        return file.ToArray();

        static void Chunk(MemoryStream file, string type, byte[] data)
        {
            byte[] content = [.. Encoding.ASCII.GetBytes(type), .. data];
            Span<byte> number = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
            file.Write(number);
            file.Write(content);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(content));
            file.Write(number);
        }
    }

    /// <summary>24 bits a pixel, the last row first.</summary>
    public byte[] Bmp()
    {
        var stride = ((Width * 3) + 3) / 4 * 4;
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("BM"u8);
        writer.Write(54 + (stride * Height));
        writer.Write(0);
        writer.Write(54);
        writer.Write(40);
        writer.Write(Width);
        writer.Write(Height);
        writer.Write((short)1);
        writer.Write((short)24);
        writer.Write(new byte[24]);
        foreach (var row in Pixels().Chunk(Width).Reverse())
        {
            var line = new byte[stride];
            for (var x = 0; x < Width; x++)
            {
                line.AsSpan(x * 3, 3).Fill(row[x]);
            }

            writer.Write(line);
        }

        return file.ToArray();
    }

    /// <summary>Uncompressed grey, one strip.</summary>
    public byte[] Tiff()
    {
        (ushort Tag, ushort Type, int Value)[] tags =
        [
            (256, 4, Width), (257, 4, Height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 4, Height), (279, 4, Width * Height),
        ];
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("II"u8);
        writer.Write((short)42);
        writer.Write(8 + (Width * Height));
        writer.Write(Pixels());
        writer.Write((short)tags.Length);
        foreach (var (tag, type, value) in tags)
        {
            writer.Write(tag);
            writer.Write(type);
            writer.Write(1);
            writer.Write(value);
        }

        writer.Write(0);
        return file.ToArray();
    }

    /// <summary>Two colours; codes of three bits, cleared before the table would need a fourth.</summary>
    public byte[] Gif()
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("GIF89a"u8);
        writer.Write((short)Width);
        writer.Write((short)Height);
        writer.Write([0x80, 0, 0, 0xFF, 0xFF, 0xFF, 0, 0, 0]);
        writer.Write([0x2C, 0, 0, 0, 0]);
        writer.Write((short)Width);
        writer.Write((short)Height);
        writer.Write([0, 2]);
        var bits = new Bits();
        foreach (var (pixel, i) in Pixels().Select((pixel, i) => (pixel, i)))
        {
            if (i % 2 == 0)
            {
                bits.Add(4, 3);
            }

            bits.Add(pixel == 0 ? 1 : 0, 3);
        }

        bits.Add(5, 3);
        foreach (var block in bits.ToArray().Chunk(255))
        {
            writer.Write((byte)block.Length);
            writer.Write(block);
        }

        writer.Write([0, 0x3B]);
        return file.ToArray();
    }

    /// <summary>Lossless WebP: each channel has a code of one bit a pixel.</summary>
    public byte[] WebP()
    {
        var bits = new Bits();
        bits.Add(0x2F, 8);
        bits.Add(Width - 1, 14);
        bits.Add(Height - 1, 14);
        // No alpha, version 0; no transformation, no colour cache, one set of codes.
        bits.Add(0, 1 + 3 + 1 + 1 + 1);
        for (var channel = 0; channel < 3; channel++)
        {
            // A simple code of two symbols, 0 and 255.
            bits.Add(1, 1);
            bits.Add(1, 1);
            bits.Add(0, 1);
            bits.Add(0, 1);
            bits.Add(255, 8);
        }

        // Opaque, and no distances: codes of one symbol.
        foreach (var symbol in (int[])[255, 0])
        {
            bits.Add(1, 1);
            bits.Add(0, 1);
            bits.Add(1, 1);
            bits.Add(symbol, 8);
        }

        foreach (var pixel in Pixels())
        {
            bits.Add(pixel == 0 ? 0b000 : 0b111, 3);
        }

        var data = bits.ToArray();
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        var padding = data.Length % 2;
        writer.Write("RIFF"u8);
        writer.Write(12 + data.Length + padding);
        writer.Write("WEBPVP8L"u8);
        writer.Write(data.Length);
        writer.Write(data);
        writer.Write(new byte[padding]);
        return file.ToArray();
    }

    /// <summary>Every square is a block of a grey: its mean is all that is coded. With a camera, a time and a place in its EXIF.</summary>
    public byte[] Jpeg()
    {
        using var file = new MemoryStream();
        file.Write([0xFF, 0xD8]);
        Segment(0xE1, Exif());
        // Quantisation by one throughout.
        Segment(0xDB, [0, .. Enumerable.Repeat((byte)1, 64)]);
        Segment(0xC0, [8, (byte)(Height >> 8), (byte)Height, (byte)(Width >> 8), (byte)Width, 1, 1, 0x11, 0]);
        // Differences of the mean have codes of four bits, 0 to 11; that there is nothing else has one of one bit.
        Segment(0xC4, [0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        Segment(0xC4, [0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        Segment(0xDA, [1, 1, 0x00, 0, 63, 0]);
        var code = new StringBuilder();
        var mean = 0;
        foreach (var isBlack in _squares.SelectMany(row => row))
        {
            // Eight times the distance from the middle grey.
            var next = isBlack ? -1024 : 1016;
            var difference = next - mean;
            mean = next;
            var length = difference == 0 ? 0 : (int)Math.Log2(Math.Abs(difference)) + 1;
            code.Append(Convert.ToString(length, 2).PadLeft(4, '0'));
            if (length > 0)
            {
                code.Append(Convert.ToString(difference > 0 ? difference : difference + (1 << length) - 1, 2).PadLeft(length, '0'));
            }

            code.Append('0');
        }

        while (code.Length % 8 != 0)
        {
            code.Append('1');
        }

        for (var i = 0; i < code.Length; i += 8)
        {
            var value = Convert.ToByte(code.ToString(i, 8), 2);
            file.WriteByte(value);
            if (value == 0xFF)
            {
                file.WriteByte(0);
            }
        }

        file.Write([0xFF, 0xD9]);
        return file.ToArray();

        void Segment(byte marker, byte[] content)
        {
            file.Write([0xFF, marker, (byte)((content.Length + 2) >> 8), (byte)(content.Length + 2)]);
            file.Write(content);
        }
    }

    private static byte[] Exif()
    {
        using var exif = new MemoryStream();
        using var writer = new BinaryWriter(exif);
        writer.Write("Exif\0\0II"u8);
        writer.Write((short)42);
        writer.Write(8);
        // Make, time and place in a directory at 8; their values after it at 50.
        writer.Write((short)3);
        Tag(271, 2, 8, 50);
        Tag(306, 2, 20, 58);
        Tag(unchecked((short)34853), 4, 1, 78);
        writer.Write(0);
        writer.Write("Kodachr\0"u8);
        writer.Write("2026:01:02 03:04:05\0"u8);
        // North 52 degrees.
        writer.Write((short)2);
        Tag(1, 2, 2, 'N');
        Tag(2, 5, 3, 108);
        writer.Write(0);
        foreach (var number in (int[])[52, 1, 31, 1, 12, 1])
        {
            writer.Write(number);
        }

        return exif.ToArray();

        void Tag(short tag, short type, int count, int value)
        {
            writer.Write(tag);
            writer.Write(type);
            writer.Write(count);
            writer.Write(value);
        }
    }

    /// <summary>A byte of grey each, row by row.</summary>
    private byte[] Pixels() =>
        [.. Enumerable.Range(0, Height).SelectMany(y => Enumerable.Range(0, Width), (y, x) => _squares[y / Square][x / Square] ? (byte)0 : (byte)255)];

    /// <summary>Numbers of some bits each, the lowest bit first.</summary>
    private sealed class Bits
    {
        private readonly List<byte> _bytes = [];
        private int _count;

        public void Add(int value, int bits)
        {
            for (var i = 0; i < bits; i++, _count++)
            {
                if (_count % 8 == 0)
                {
                    _bytes.Add(0);
                }

                _bytes[^1] |= (byte)(((value >> i) & 1) << (_count % 8));
            }
        }

        public byte[] ToArray() => [.. _bytes];
    }
}
