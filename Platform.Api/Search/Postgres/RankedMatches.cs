namespace Platform.Api.Search.Postgres;

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

/// <summary>The best of the matches.</summary>
internal sealed class BestMatches(int wanted)
{
    private readonly PriorityQueue<RankedMatch, RankedMatch> _matches = new(RankedMatch.WorstFirst);

    private int _worstTier = int.MaxValue;
    private long _worstTime = long.MinValue;

    /// <summary>A match of this tier and time may be one of the best.</summary>
    public bool IsWanted(int tier, long time) => tier < _worstTier || (tier == _worstTier && time >= _worstTime);

    public void Add(RankedMatch match)
    {
        _matches.Enqueue(match, match);
        if (_matches.Count > wanted)
        {
            _matches.Dequeue();
        }
        if (_matches.Count == wanted)
        {
            (_worstTier, _worstTime) = (_matches.Peek().Tier, _matches.Peek().Time);
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
}
