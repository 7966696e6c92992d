using System.Collections.Concurrent;

namespace Platform.Api.Search.Postgres;

/// <summary>
/// What this process knows of documents by number, so that matches are filtered, counted and put in order without a look at the database: 33
/// bytes each at most. What is known of a number stays true, but for the end of its document. Safe for several threads.
/// </summary>
internal sealed class KnownDocuments
{
    /// <summary>132 MiB.</summary>
    private const int MaxPages = 4096;

    private const int MaxFacets = 200_000;

    private readonly ConcurrentDictionary<long, DocumentPage> _pages = new();
    private readonly Lock _adding = new();
    private readonly Dictionary<long, KnownFacets> _facets = [];
    private readonly Dictionary<(string Field, string Value), int> _values = [];

    /// <summary>It is better to begin anew.</summary>
    public bool IsFull => _pages.Count > MaxPages || _facets.Count > MaxFacets;

    /// <summary>Takes what is known of a document, unless it has gone.</summary>
    /// <param name="read">Called when nothing is known of these facets yet.</param>
    public void Add(long number, DateTime uploaded, long facets, Func<SearchFacets> read)
    {
        lock (_adding)
        {
            if (!_facets.TryGetValue(facets, out var known))
            {
                var values = read();
                known = new(values, [.. values.ByField().Distinct().Select(PlaceOf)]);
                _facets.Add(facets, known);
            }
            PageOf(number).Add(DocumentPage.PlaceOf(number), uploaded.Ticks, known);
        }
    }

    /// <summary>The documents are gone, for ever.</summary>
    public void Remove(IEnumerable<long> numbers)
    {
        foreach (var number in numbers)
        {
            var (page, place) = (PageOf(number), DocumentPage.PlaceOf(number));
            // Every query tells of the same ones.
            if (!page.IsGone(place))
            {
                lock (_adding)
                {
                    page.Remove(place);
                }
            }
        }
    }

    /// <summary>Of the matches those that are there and pass the filters: a page of them, how many, and their facets.</summary>
    /// <param name="matches">In order, marked with their tiers.</param>
    /// <param name="query">The newest come first in a tier.</param>
    /// <param name="mostValues">Of a field; the most frequent ones.</param>
    /// <param name="unknown">The numbers of which nothing is known: if there are any, the answer is not whole.</param>
    /// <remarks>A word can have a hundred thousand matches: for each of them as little is done as can be, and the rest for pages at once.</remarks>
    public RankedMatches Rank(ReadOnlySpan<long> matches, SearchQuery query, int mostValues, List<long> unknown)
    {
        DocumentFilter? filter;
        int values;
        lock (_adding)
        {
            filter = DocumentFilter.Of(query.Filters, _values);
            values = _values.Count;
        }
        var counts = new int[Math.Max(DocumentPage.MaxFrequentValues, values)];
        var best = new BestMatches(query.Offset + query.Limit);
        var total = 0L;
        Span<ulong> found = stackalloc ulong[DocumentPage.Words];
        // The newest come last and are the best of a tier: from behind, most of the others are found to be worse at once.
        for (var i = matches.Length - 1; i >= 0;)
        {
            var key = DocumentPage.KeyOf(Postings.Number(matches[i]));
            var first = Postings.Of(key * DocumentPage.Size, mark: 0);
            var (end, tier) = (i, int.MaxValue);
            found.Clear();
            for (; i >= 0 && matches[i] >= first; i--)
            {
                var place = DocumentPage.PlaceOf(Postings.Number(matches[i]));
                found[place / 64] |= 1UL << place;
                tier = Math.Min(tier, Postings.Mark(matches[i]));
            }
            var page = _pages.GetValueOrDefault(key, DocumentPage.Unknown);
            page.AddUnknown(found, key * DocumentPage.Size, unknown);
            page.Keep(found, filter);
            total += page.Count(found, ref counts);
            if (best.IsWanted(tier, page.Newest))
            {
                page.AddTo(best, found, matches[(i + 1)..(end + 1)]);
            }
        }
        if (filter is { HasUnknownValues: true } && HasMoreValuesThan(values))
        {
            // Documents that other queries came to know of meanwhile may have them.
            unknown.Clear();
            return Rank(matches, query, mostValues, unknown);
        }
        return new(best.Page(query.Offset), total, ByField(counts, mostValues));
    }

    private bool HasMoreValuesThan(int values)
    {
        lock (_adding)
        {
            return _values.Count > values;
        }
    }

    private Dictionary<string, IReadOnlyDictionary<string, long>> ByField(int[] counts, int most)
    {
        var found = SearchFacets.Fields.ToDictionary(field => field, _ => new List<(string Value, long Count)>());
        lock (_adding)
        {
            foreach (var ((field, value), place) in _values)
            {
                if (place < counts.Length && counts[place] > 0)
                {
                    found[field].Add((value, counts[place]));
                }
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
        if (!_values.TryGetValue(value, out var place))
        {
            _values.Add(value, place = _values.Count);
        }
        return place;
    }

    private DocumentPage PageOf(long number) => _pages.GetOrAdd(DocumentPage.KeyOf(number), static _ => new());
}

/// <summary>Facets that some documents have.</summary>
/// <param name="Places">Of the single values, among those of all facets.</param>
internal sealed record KnownFacets(SearchFacets Values, int[] Places);
