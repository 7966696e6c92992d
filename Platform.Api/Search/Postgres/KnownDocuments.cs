using System.Buffers;
using System.Collections.Concurrent;

namespace Platform.Api.Search.Postgres;

/// <summary>
/// What this process knows of documents by number, so that matches are filtered, counted and put in order without a look at the database: 12
/// bytes each. What is known of a number stays true, but for the end of its document. Safe for several threads.
/// </summary>
internal sealed class KnownDocuments
{
    private const int PageSize = 1024;

    /// <summary>48 MiB.</summary>
    private const int MaxPages = 4096;

    private const int MaxFacets = 200_000;

    // The state of a document; else the place of its facets, plus one.
    private const int Unknown = 0;
    private const int Gone = -1;

    private static readonly Page Nothing = new();

    private readonly ConcurrentDictionary<long, Page> _pages = new();
    private readonly Lock _adding = new();
    private readonly Dictionary<long, int> _places = [];
    private readonly Dictionary<(string Field, string Value), int> _valuePlaces = [];

    /// <summary>By place. Appended to, and replaced by longer ones: what was seen of them stays.</summary>
    private Facets[] _facets = new Facets[PageSize];
    private (string Field, string Value)[] _values = new (string, string)[PageSize];

    /// <summary>The places of the values of all facets, one after the other.</summary>
    private int[] _facetValues = new int[PageSize];
    private int _facetValueCount;

    /// <summary>It is better to begin anew.</summary>
    public bool IsFull => _pages.Count > MaxPages || _places.Count > MaxFacets;

    /// <summary>Takes what is known of a document, unless it has gone.</summary>
    /// <param name="read">Called when nothing is known of these facets yet.</param>
    public void Add(long number, DateTime uploaded, long facets, Func<SearchFacets> read)
    {
        int place;
        lock (_adding)
        {
            if (!_places.TryGetValue(facets, out place))
            {
                place = _places.Count;
                var values = read();
                Append(ref _facets, place, new(values, _facetValueCount));
                foreach (var value in values.ByField().Distinct())
                {
                    Append(ref _facetValues, _facetValueCount++, PlaceOf(value));
                }
                _places.Add(facets, place);
            }
        }
        Set(number, uploaded.Ticks, place + 1);
    }

    /// <summary>The documents are gone, for ever.</summary>
    public void Remove(IEnumerable<long> numbers)
    {
        foreach (var number in numbers)
        {
            Set(number, time: 0, Gone);
        }
    }

    /// <summary>Of the matches those that are there and pass the filters: a page of them, how many, and their facets.</summary>
    /// <param name="matches">In order, marked with their tiers.</param>
    /// <param name="query">The newest come first in a tier.</param>
    /// <param name="mostValues">Of a field; the most frequent ones.</param>
    /// <param name="unknown">The numbers of which nothing is known: if there are any, the answer is not whole.</param>
    public RankedMatches Rank(ReadOnlySpan<long> matches, SearchQuery query, int mostValues, List<long> unknown)
    {
        Facets[] facets;
        (string Field, string Value)[] values;
        int[] facetValues;
        int count, valueCount, facetValueCount;
        lock (_adding)
        {
            (facets, values, facetValues) = (_facets, _values, _facetValues);
            (count, valueCount, facetValueCount) = (_places.Count, _valuePlaces.Count, _facetValueCount);
        }
        var counts = ArrayPool<int>.Shared.Rent(count);
        counts.AsSpan(0, count).Clear();
        var filter = DocumentFilter.Of(query.Filters, facets);
        var best = new BestMatches(query.Offset + query.Limit, facets);
        var total = 0L;
        // The newest come last and are the best of a tier: from behind, most of the others are found to be worse at once.
        for (var i = matches.Length - 1; i >= 0;)
        {
            var key = Postings.Number(matches[i]) / PageSize;
            var known = _pages.GetValueOrDefault(key, Nothing);
            var end = i;
            while (i >= 0 && Postings.Number(matches[i]) >= key * PageSize)
            {
                i--;
            }
            total += Count(matches[(i + 1)..(end + 1)], known, filter, counts, best, unknown);
        }
        var valueCounts = new int[valueCount];
        for (var place = 0; place < count; place++)
        {
            if (counts[place] > 0)
            {
                var end = place + 1 < count ? facets[place + 1].FirstValue : facetValueCount;
                foreach (var value in facetValues.AsSpan(facets[place].FirstValue..end))
                {
                    valueCounts[value] += counts[place];
                }
            }
        }
        ArrayPool<int>.Shared.Return(counts);
        return new(best.Page(query.Offset), total, ByField(valueCounts, values, mostValues));
    }

    /// <summary>Counts the matches of a page by their facets.</summary>
    /// <remarks>All that is done for every one of perhaps a hundred thousand, and nothing else.</remarks>
    private static int Count(
        ReadOnlySpan<long> matches, Page known, DocumentFilter? filter, Span<int> counts, BestMatches best, List<long> unknown)
    {
        var total = 0;
        ReadOnlySpan<int> states = known.States;
        for (var i = matches.Length - 1; i >= 0; i--)
        {
            var match = matches[i];
            var place = (int)(Postings.Number(match) % PageSize);
            var state = states[place];
            if (state <= Unknown)
            {
                if (state == Unknown)
                {
                    unknown.Add(Postings.Number(match));
                }
                continue;
            }
            if (filter is not null && !filter.Passes(state - 1, known.Times[place]))
            {
                continue;
            }
            total++;
            counts[state - 1]++;
            if (Postings.Mark(match) <= best.WorstTier)
            {
                best.Add(match, known.Times[place], state - 1);
            }
        }
        return total;
    }

    private static Dictionary<string, IReadOnlyDictionary<string, long>> ByField(int[] counts, (string Field, string Value)[] values, int most)
    {
        var found = SearchFacets.Fields.ToDictionary(field => field, _ => new List<(string Value, long Count)>());
        for (var value = 0; value < counts.Length; value++)
        {
            if (counts[value] > 0)
            {
                found[values[value].Field].Add((values[value].Value, counts[value]));
            }
        }
        return found.ToDictionary(
            field => field.Key,
            IReadOnlyDictionary<string, long> (field) => field.Value
                .OrderByDescending(value => value.Count).ThenBy(value => value.Value, StringComparer.Ordinal).Take(most)
                .ToDictionary(value => value.Value, value => value.Count));
    }

    private int PlaceOf((string Field, string Value) value)
    {
        if (!_valuePlaces.TryGetValue(value, out var place))
        {
            place = _valuePlaces.Count;
            Append(ref _values, place, value);
            _valuePlaces.Add(value, place);
        }
        return place;
    }

    private static void Append<T>(ref T[] all, int count, T added)
    {
        if (count == all.Length)
        {
            Array.Resize(ref all, 2 * count);
        }
        all[count] = added;
    }

    private void Set(long number, long time, int state)
    {
        var page = _pages.GetOrAdd(number / PageSize, static _ => new());
        var place = number % PageSize;
        if (Volatile.Read(ref page.States[place]) != Gone)
        {
            page.Times[place] = time;
            // Whoever sees the state sees the time.
            Volatile.Write(ref page.States[place], state);
        }
    }

    private sealed class Page
    {
        public long[] Times { get; } = new long[PageSize];
        public int[] States { get; } = new int[PageSize];
    }

    /// <param name="FirstValue">The place of the place of its first value; the others follow, up to those of the next facets.</param>
    private readonly record struct Facets(SearchFacets Values, int FirstValue);

    /// <summary>Which documents pass the filters; each of the facets is looked at once.</summary>
    private sealed class DocumentFilter(SearchFilters filters, Facets[] facets)
    {
        private readonly long _from = filters.From?.ToUniversalTime().Ticks ?? long.MinValue;
        private readonly long _to = filters.To?.ToUniversalTime().Ticks ?? long.MaxValue;
        private readonly HashSet<string>? _types = SetOf(filters.DocumentTypes);
        private readonly HashSet<string>? _extensions = SetOf(filters.FileExtensions);
        private readonly HashSet<string>? _statuses = SetOf(filters.ProcessingStatuses);
        private readonly HashSet<string>? _tags = SetOf(filters.Tags);
        private readonly bool?[] _passes = new bool?[facets.Length];

        /// <summary>Null when all pass.</summary>
        public static DocumentFilter? Of(SearchFilters filters, Facets[] facets) =>
            filters is
            {
                DocumentTypes: null or [], FileExtensions: null or [], ProcessingStatuses: null or [], Tags: null or [], From: null, To: null,
            }
                ? null
                : new(filters, facets);

        public bool Passes(int place, long time) => time >= _from && time < _to && (_passes[place] ??= Passes(facets[place].Values));

        private bool Passes(SearchFacets values) =>
            (_types?.Contains(values.DocumentType) ?? true)
            && (_extensions?.Contains(values.FileExtension) ?? true)
            && (_statuses?.Contains(values.ProcessingStatus) ?? true)
            && (_tags?.IsSubsetOf(values.Tags) ?? true);

        private static HashSet<string>? SetOf(IReadOnlyList<string>? values) =>
            values is { Count: > 0 } ? values.Select(PostgresText.Clean).ToHashSet(StringComparer.Ordinal) : null;
    }

    /// <summary>The best of the matches.</summary>
    private sealed class BestMatches(int wanted, Facets[] facets)
    {
        private readonly PriorityQueue<RankedMatch, RankedMatch> _matches = new(RankedMatch.WorstFirst);

        /// <summary>No match of another tier behind it is wanted any more.</summary>
        public int WorstTier { get; private set; } = int.MaxValue;

        public void Add(long match, long time, int place)
        {
            var (number, tier) = (Postings.Number(match), Postings.Mark(match));
            if (_matches.Count < wanted)
            {
                Add(new(number, tier, time, facets[place].Values));
            }
            else if (_matches.Peek().IsWorseThan(tier, time, number))
            {
                _matches.Dequeue();
                Add(new(number, tier, time, facets[place].Values));
            }
        }

        /// <summary>Those behind the first ones.</summary>
        public RankedMatch[] Page(int skip)
        {
            var page = new RankedMatch[Math.Max(0, _matches.Count - skip)];
            for (var i = page.Length - 1; i >= 0; i--)
            {
                page[i] = _matches.Dequeue();
            }
            return page;
        }

        private void Add(RankedMatch match)
        {
            _matches.Enqueue(match, match);
            if (_matches.Count == wanted)
            {
                WorstTier = _matches.Peek().Tier;
            }
        }
    }
}

/// <summary>The answer to a query, but for what is shown of the documents.</summary>
internal sealed record RankedMatches(
    RankedMatch[] Page, long Total, IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> Facets);

/// <summary>A document that matches, and what it is ranked by.</summary>
/// <param name="Tier">1 to 7, the best first.</param>
/// <param name="Time">Of its upload, in ticks of UTC; the newest come first in a tier.</param>
internal readonly record struct RankedMatch(long Number, int Tier, long Time, SearchFacets Facets)
{
    public static Comparer<RankedMatch> WorstFirst { get; } = Comparer<RankedMatch>.Create(static (a, b) =>
        a.Number == b.Number ? 0 : a.IsWorseThan(b.Tier, b.Time, b.Number) ? -1 : 1);

    public bool IsWorseThan(int tier, long time, long number) =>
        Tier != tier ? Tier > tier : Time != time ? Time < time : Number < number;
}
