using System.Numerics;

namespace Platform.Api.Search.Postgres;

/// <summary>
/// What is known of documents whose numbers follow each other. For each of the frequent values of facets it has a set of the documents that
/// have it, a bit each, so that these are counted 64 at a time. Written by one thread at a time, which has a lock; read by any.
/// </summary>
internal sealed class DocumentPage
{
    /// <summary>Documents of a page.</summary>
    public const int Size = 1024;

    /// <summary>That have a bit for each of them.</summary>
    public const int Words = Size / 64;

    /// <summary>The values that became known first: mostly the types, extensions and states, and the tags that are in use.</summary>
    public const int MaxFrequentValues = 64;

    /// <summary>The values of so few documents are counted one by one.</summary>
    private const int Few = 24;

    /// <summary>A page of which nothing is known.</summary>
    public static readonly DocumentPage Unknown = new();

    private readonly long[] _times = new long[Size];
    private readonly KnownFacets?[] _facets = new KnownFacets?[Size];

    /// <summary>Which of the frequent values a document has, a bit each.</summary>
    private readonly ulong[] _values = new ulong[Size];

    private readonly ulong[] _known = new ulong[Words];
    private readonly ulong[] _live = new ulong[Words];

    /// <summary>Those that have other values, too.</summary>
    private readonly ulong[] _rare = new ulong[Words];

    /// <summary>By value.</summary>
    private readonly ulong[]?[] _frequent = new ulong[MaxFrequentValues][];

    private long _oldest = long.MaxValue;
    private long _newest = long.MinValue;

    /// <summary>No document of the page is newer.</summary>
    public long Newest => Volatile.Read(ref _newest);

    public static long KeyOf(long number) => number / Size;

    public static int PlaceOf(long number) => (int)(number % Size);

    public bool IsGone(int place) => Has(_known, place) && !Has(_live, place);

    public void Add(int place, long time, KnownFacets facets)
    {
        if (Has(_known, place))
        {
            return;
        }
        _times[place] = time;
        _facets[place] = facets;
        foreach (var value in facets.Places)
        {
            if (value < MaxFrequentValues)
            {
                _values[place] |= 1UL << value;
                Set(_frequent[value] ??= new ulong[Words], place);
            }
            else
            {
                Set(_rare, place);
            }
        }
        Volatile.Write(ref _oldest, Math.Min(_oldest, time));
        Volatile.Write(ref _newest, Math.Max(_newest, time));
        // Whoever sees that it is known sees whether it is there, and who sees that sees the rest.
        Set(_live, place);
        Set(_known, place);
    }

    public void Remove(int place)
    {
        Volatile.Write(ref _live[place / 64], _live[place / 64] & ~(1UL << place));
        Set(_known, place);
    }

    /// <summary>Adds the numbers of those of which nothing is known.</summary>
    public void AddUnknown(ReadOnlySpan<ulong> found, long first, List<long> unknown)
    {
        for (var word = 0; word < Words; word++)
        {
            for (var rest = found[word] & ~Volatile.Read(ref _known[word]); rest != 0; rest &= rest - 1)
            {
                unknown.Add(first + (64 * word) + BitOperations.TrailingZeroCount(rest));
            }
        }
    }

    /// <summary>Leaves those that are there and pass the filter.</summary>
    public void Keep(Span<ulong> found, DocumentFilter? filter)
    {
        for (var word = 0; word < Words; word++)
        {
            found[word] &= Volatile.Read(ref _live[word]);
        }
        if (filter is null)
        {
            return;
        }
        foreach (var group in filter.Groups)
        {
            KeepAnyOf(group, found);
        }
        if (filter.From > Volatile.Read(ref _oldest) || filter.To <= Newest)
        {
            for (var word = 0; word < Words; word++)
            {
                for (var rest = found[word]; rest != 0; rest &= rest - 1)
                {
                    var time = _times[(64 * word) + BitOperations.TrailingZeroCount(rest)];
                    found[word] &= time >= filter.From && time < filter.To ? ulong.MaxValue : ~(rest & (0 - rest));
                }
            }
        }
    }

    /// <summary>Counts documents that are there.</summary>
    /// <param name="counts">By value; longer afterwards when another thread has come to know of new ones.</param>
    /// <returns>How many they are.</returns>
    public int Count(ReadOnlySpan<ulong> found, ref int[] counts)
    {
        var total = 0;
        foreach (var word in found)
        {
            total += BitOperations.PopCount(word);
        }
        if (total <= Few)
        {
            for (var word = 0; word < Words; word++)
            {
                for (var rest = found[word]; rest != 0; rest &= rest - 1)
                {
                    for (var values = _values[(64 * word) + BitOperations.TrailingZeroCount(rest)]; values != 0; values &= values - 1)
                    {
                        counts[BitOperations.TrailingZeroCount(values)]++;
                    }
                }
            }
        }
        else
        {
            for (var value = 0; value < MaxFrequentValues; value++)
            {
                if (_frequent[value] is { } documents)
                {
                    var count = 0;
                    for (var word = 0; word < documents.Length; word++)
                    {
                        count += BitOperations.PopCount(found[word] & documents[word]);
                    }
                    counts[value] += count;
                }
            }
        }
        CountRare(found, ref counts);
        return total;
    }

    /// <summary>Adds those of the matches that were found, the last first.</summary>
    public void AddTo(BestMatches best, ReadOnlySpan<ulong> found, ReadOnlySpan<long> matches)
    {
        for (var i = matches.Length - 1; i >= 0; i--)
        {
            var (place, tier) = (PlaceOf(Postings.Number(matches[i])), Postings.Mark(matches[i]));
            if ((found[place / 64] & (1UL << place)) != 0 && best.IsWanted(tier, _times[place]))
            {
                best.Add(new(Postings.Number(matches[i]), tier, _times[place], _facets[place]!.Values));
            }
        }
    }

    /// <summary>Leaves those that have one of the values.</summary>
    private void KeepAnyOf(int[] places, Span<ulong> found)
    {
        Span<ulong> kept = stackalloc ulong[Words];
        kept.Clear();
        foreach (var place in places)
        {
            if (place >= MaxFrequentValues)
            {
                for (var word = 0; word < Words; word++)
                {
                    for (var rest = found[word] & _rare[word]; rest != 0; rest &= rest - 1)
                    {
                        var has = _facets[(64 * word) + BitOperations.TrailingZeroCount(rest)]!.Places.AsSpan().Contains(place);
                        kept[word] |= has ? rest & (0 - rest) : 0;
                    }
                }
            }
            else if (_frequent[place] is { } documents)
            {
                for (var word = 0; word < Words; word++)
                {
                    kept[word] |= documents[word];
                }
            }
        }
        for (var word = 0; word < Words; word++)
        {
            found[word] &= kept[word];
        }
    }

    private void CountRare(ReadOnlySpan<ulong> found, ref int[] counts)
    {
        for (var word = 0; word < Words; word++)
        {
            for (var rest = found[word] & _rare[word]; rest != 0; rest &= rest - 1)
            {
                foreach (var value in _facets[(64 * word) + BitOperations.TrailingZeroCount(rest)]!.Places)
                {
                    if (value >= counts.Length)
                    {
                        Array.Resize(ref counts, 2 * value);
                    }
                    counts[value] += value < MaxFrequentValues ? 0 : 1;
                }
            }
        }
    }

    private static bool Has(ulong[] documents, int place) => (Volatile.Read(ref documents[place / 64]) & (1UL << place)) != 0;

    private static void Set(ulong[] documents, int place) =>
        Volatile.Write(ref documents[place / 64], documents[place / 64] | (1UL << place));
}
