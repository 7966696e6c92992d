namespace Platform.Api.Search.Postgres;

/// <summary>
/// The terms whose postings answer a query, and what the postings come to. A document matches when it has every word; the last word may be the
/// beginning of one. The tiers of what matches, the best first: all words in the filename; all in it or repeated by the text; some of them;
/// none; some in the lesser fields alone; the last word begins a word of the filename; it begins another one.
/// </summary>
internal sealed class SearchQuestion : IDisposable
{
    /// <summary>A beginning of fewer letters begins too many words: it is looked for in filenames alone.</summary>
    private const int MinPrefixLength = 3;

    /// <summary>Comes after everything that a word may go on with.</summary>
    public const string AfterAll = "\U0010ffff";

    /// <summary>Comes before everything that a word may go on with.</summary>
    public const string AfterNothing = "\u0001";

    /// <summary>The tiers of documents that have a word, if it is the only one, by <see cref="PostingKind"/>.</summary>
    private static ReadOnlySpan<int> AsWord => [1, 2, 4, 5];

    /// <summary>The tiers of documents that have a word that begins so.</summary>
    private static ReadOnlySpan<int> AsBeginning => [6, 7, 7, 7];

    /// <summary>Of each tier.</summary>
    private static readonly double[] Scores = [1, 0.85, 0.75, 0.65, 0.5, 0.35, 0.25];

    /// <summary>Of all words, by the tiers of the single ones, a bit for each.</summary>
    private static readonly int[] Tiers = [.. Enumerable.Range(0, 256).Select(TierOf)];

    private readonly List<TermRange> _ranges = [];

    /// <summary>What a document has to have, each of any of its ranges: the words, and the contact.</summary>
    private readonly List<Postings> _postings = [];

    private readonly int _words;

    private Postings? _matches;

    /// <param name="words">Null for all documents.</param>
    /// <param name="contactIds">Any of them; null for all.</param>
    public SearchQuestion(SearchWords? words, IReadOnlyList<string>? contactIds)
    {
        foreach (var word in words?.All ?? [])
        {
            Ask(RangesOf(word, _postings.Count));
        }
        _words = _postings.Count;
        if (contactIds is { Count: > 0 })
        {
            Ask(contactIds.Select(contact => TermRange.Exactly(_words, DocumentTerms.OfContact(contact))));
        }
        else if (_words == 0)
        {
            Ask([TermRange.Exactly(0, DocumentTerms.All)]);
        }

        void Ask(IEnumerable<TermRange> ranges)
        {
            _ranges.AddRange(ranges);
            _postings.Add(new());
        }
    }

    /// <summary>Terms that are asked for.</summary>
    public IReadOnlyList<TermRange> Ranges => _ranges;

    public static double Score(int tier, bool isCorrected) => Scores[tier - 1] * (isCorrected ? 0.9 : 1);

    /// <summary>Takes the stored postings of a term in one of the ranges.</summary>
    public void Add(int range, string term, ReadOnlySpan<byte> stored)
    {
        var asked = _ranges[range];
        _postings[asked.Place].Decode(stored, asked.IsWhole || term == asked.Term ? AsWord : AsBeginning);
    }

    /// <summary>The documents that match, in order, marked with their tiers: 1 to 7, the best first. Until this is disposed.</summary>
    public ReadOnlySpan<long> Matches => _matches is null ? [] : _matches.Items;

    /// <summary>Finds out what matches, when all postings were added.</summary>
    public void Match()
    {
        foreach (var postings in _postings)
        {
            postings.Normalize();
        }
        _matches = _postings.MinBy(postings => postings.Count)!;
        if (_postings.Count == 1)
        {
            return;
        }
        var first = _postings.IndexOf(_matches);
        foreach (ref var posting in _matches.Items)
        {
            posting = Postings.Of(Postings.Number(posting), TierBit(first, posting));
        }
        for (var place = 0; place < _postings.Count; place++)
        {
            if (place != first)
            {
                _matches.Truncate(Intersect(_matches.Items, place));
            }
        }
        foreach (ref var posting in _matches.Items)
        {
            posting = Postings.Of(Postings.Number(posting), Tiers[Postings.Mark(posting)]);
        }
    }

    public void Dispose() => _postings.ForEach(static postings => postings.Dispose());

    /// <summary>Moves the matches that have the word, too, to the front.</summary>
    /// <returns>How many they are.</returns>
    private int Intersect(Span<long> matches, int place)
    {
        var (kept, next) = (0, 0);
        ReadOnlySpan<long> postings = _postings[place].Items;
        foreach (var match in matches)
        {
            var number = Postings.Number(match);
            while (next < postings.Length && Postings.Number(postings[next]) < number)
            {
                next++;
            }
            if (next < postings.Length && Postings.Number(postings[next]) == number)
            {
                matches[kept++] = match | (long)TierBit(place, postings[next]);
            }
        }
        return kept;
    }

    private static IEnumerable<TermRange> RangesOf(SearchWord word, int place)
    {
        if (word is not { IsLast: true, Terms: [var begun] })
        {
            return word.Terms.Select(term => word.IsPrefix
                ? new TermRange(place, term, term, term + AfterAll, IsWhole: true)
                : TermRange.Exactly(place, term));
        }
        if (begun.Length >= MinPrefixLength)
        {
            return [new(place, begun, begun, begun + AfterAll, IsWhole: false)];
        }
        var inFilename = DocumentTerms.InFilename(begun);
        return [TermRange.Exactly(place, begun), new(place, inFilename, inFilename + AfterNothing, inFilename + AfterAll, IsWhole: false)];
    }

    /// <summary>None for what is no word.</summary>
    private int TierBit(int place, long posting) => place < _words ? 1 << Postings.Mark(posting) : 0;

    private static int TierOf(int tiers)
    {
        return Has(7) ? 7 : Has(6) ? 6 : Has(5) ? 5 : Has(4) ? (Has(1) || Has(2) ? 3 : 4) : Has(2) ? 2 : 1;

        bool Has(int tier) => (tiers & (1 << tier)) != 0;
    }
}

/// <summary>Terms that a query asks for.</summary>
/// <param name="Place">Of the word in the query.</param>
/// <param name="Term">The word itself; others of the range begin with it.</param>
/// <param name="Low">The first one, in the order of UTF-8.</param>
/// <param name="High">Behind the last one.</param>
/// <param name="IsWhole">A term that only begins with the word is as good as the word.</param>
internal sealed record TermRange(int Place, string Term, string Low, string High, bool IsWhole)
{
    public static TermRange Exactly(int place, string term) => new(place, term, term, term + SearchQuestion.AfterNothing, IsWhole: true);
}
