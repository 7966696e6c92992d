using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Platform.Api.Search.Postgres;

/// <summary>
/// The documents that have a term: their numbers, each with a mark that says how they have it. In memory a posting is one <see cref="long"/>,
/// the number and eight bits, so that postings sort by number and by mark; stored, it is the distance from the one before and two bits, in the
/// variable-length integers of Protocol Buffers: a byte for most postings of a frequent term.
/// </summary>
internal sealed class Postings : IDisposable
{
    private const int MarkBits = 8;
    private const int StoredBits = 2;

    /// <summary>Marks stand for themselves.</summary>
    public static ReadOnlySpan<int> AsStored => [0, 1, 2, 3];

    /// <summary>The longest that a stored posting can be.</summary>
    private const int MaxBytes = 10;

    /// <summary>A posting has room for it.</summary>
    private const ulong MaxNumber = long.MaxValue >> MarkBits;

    /// <summary>Up to so many numbers for a posting, to go through all of them is quicker than to sort.</summary>
    private const int Dense = 16;

    /// <summary>So many are put in order before more come.</summary>
    private const int Enough = 1_000_000;

    // Lists of frequent terms are large, and there are some in each query.
    private long[] _items = ArrayPool<long>.Shared.Rent(1024);

    private int _enough = Enough;

    // In order, and each number once.
    private bool _isNormal = true;
    private long _least = long.MaxValue;
    private long _most = -1;

    public int Count { get; private set; }

    public Span<long> Items => _items.AsSpan(0, Count);

    public static long Of(long number, int mark) => (number << MarkBits) | (long)mark;

    public static long Number(long posting) => posting >> MarkBits;

    public static int Mark(long posting) => (int)(posting & ((1 << MarkBits) - 1));

    /// <summary>Postings as they are stored.</summary>
    /// <param name="postings">In order, each number once, with marks below 4.</param>
    public static byte[] Encode(ReadOnlySpan<long> postings)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(MaxBytes * postings.Length);
        var (length, last) = (0, 0L);
        foreach (var posting in postings)
        {
            var number = Number(posting);
            var value = ((ulong)(number - last) << StoredBits) | (uint)Mark(posting);
            last = number;
            while (value >= 0x80)
            {
                bytes[length++] = (byte)(value | 0x80);
                value >>= 7;
            }
            bytes[length++] = (byte)value;
        }
        var encoded = bytes.AsSpan(0, length).ToArray();
        ArrayPool<byte>.Shared.Return(bytes);
        return encoded;
    }

    /// <summary>Appends what was stored.</summary>
    /// <param name="marks">What stands for each of the four marks.</param>
    /// <exception cref="InvalidDataException">It is no list of postings.</exception>
    public void Decode(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> marks)
    {
        Reserve(bytes.Length);
        var (items, count, first) = (_items, Count, Count);
        var (value, shift, number) = (0UL, 0, 0L);
        foreach (var b in bytes)
        {
            value |= (ulong)(b & 0x7f) << shift;
            if (b >= 0x80)
            {
                shift = shift < 63 ? shift + 7 : throw new InvalidDataException("A posting is too long.");
                continue;
            }
            number += (long)(value >> StoredBits);
            if ((ulong)number > MaxNumber)
            {
                throw new InvalidDataException("A posting has no number.");
            }
            items[count++] = Of(number, marks[(int)value & ((1 << StoredBits) - 1)]);
            (value, shift) = (0, 0);
        }
        if (shift != 0)
        {
            throw new InvalidDataException("The last posting has no end.");
        }
        Count = count;
        if (Count > first)
        {
            _isNormal &= Number(items[first]) > _most;
            _least = Math.Min(_least, Number(items[first]));
            _most = Math.Max(_most, number);
        }
        if (Count > _enough)
        {
            // Of many words that begin so, one document has several: as much memory as there are documents is enough.
            Normalize();
            _enough = Math.Max(Enough, 2 * Count);
        }
    }

    /// <summary>Puts them in order, and leaves of each number the one with the lowest mark.</summary>
    public void Normalize()
    {
        if (_isNormal)
        {
            return;
        }
        _isNormal = true;
        if (_most - _least < (long)Dense * Count)
        {
            NormalizeDense((int)(_most - _least) + 1);
            return;
        }
        Items.Sort();
        var kept = 0;
        foreach (var posting in Items)
        {
            if (kept == 0 || Number(_items[kept - 1]) != Number(posting))
            {
                _items[kept++] = posting;
            }
        }
        Count = kept;
    }

    /// <summary>Leaves the first ones.</summary>
    public void Truncate(int count) => Count = count;

    public void Clear() => (Count, _isNormal, _least, _most) = (0, true, long.MaxValue, -1);

    public void Dispose()
    {
        ArrayPool<long>.Shared.Return(_items);
        (_items, Count) = ([], 0);
    }

    private void NormalizeDense(int numbers)
    {
        // By number, the mark plus one.
        var rented = ArrayPool<byte>.Shared.Rent(numbers + sizeof(ulong));
        var marks = rented.AsSpan(0, (numbers + sizeof(ulong) - 1) / sizeof(ulong) * sizeof(ulong));
        marks.Clear();
        foreach (var posting in Items)
        {
            ref var mark = ref marks[(int)(Number(posting) - _least)];
            var other = (byte)(Mark(posting) + 1);
            if (mark == 0 || other < mark)
            {
                mark = other;
            }
        }
        var (items, kept) = (_items, 0);
        var eights = MemoryMarshal.Cast<byte, ulong>(marks);
        for (var i = 0; i < eights.Length; i++)
        {
            // The highest bit of each byte that is not 0: marks are below 128.
            for (var rest = (eights[i] + 0x7f7f_7f7f_7f7f_7f7f) & 0x8080_8080_8080_8080; rest != 0; rest &= rest - 1)
            {
                var place = (sizeof(ulong) * i) + (BitOperations.TrailingZeroCount(rest) / 8);
                items[kept++] = Of(_least + place, marks[place] - 1);
            }
        }
        Count = kept;
        ArrayPool<byte>.Shared.Return(rented);
    }

    private void Reserve(int more)
    {
        if (Count + more > _items.Length)
        {
            var larger = ArrayPool<long>.Shared.Rent(Math.Max(Count + more, 2 * _items.Length));
            Items.CopyTo(larger);
            ArrayPool<long>.Shared.Return(_items);
            _items = larger;
        }
    }
}

/// <summary>How a document has a word, the best first.</summary>
internal enum PostingKind
{
    /// <summary>In its filename.</summary>
    Filename,

    /// <summary>Its text repeats it.</summary>
    Repeated,

    /// <summary>In its text.</summary>
    Text,

    /// <summary>In its type, keywords or description alone.</summary>
    Minor,
}
