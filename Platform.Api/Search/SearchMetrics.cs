using System.Diagnostics.Metrics;

namespace Platform.Api.Search;

/// <summary>
/// The counter <c>document_search_queries_total{outcome}</c>, and the histogram <c>document_search_duration_seconds{outcome}</c> of those that
/// the index was asked.
/// </summary>
internal sealed class SearchMetrics : IDisposable
{
    public const string Found = "found";
    public const string Nothing = "nothing";
    public const string Invalid = "invalid";
    public const string Unavailable = "unavailable";

    private readonly Meter _meter;
    private readonly Counter<long> _queries;
    private readonly Histogram<double> _durations;

    public SearchMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(Telemetry.MeterName);
        // The exporter for Prometheus appends _total.
        _queries = _meter.CreateCounter<long>("document_search_queries", description: "Searches, by what came of them.");
        _durations = _meter.CreateHistogram<double>(
            "document_search_duration",
            unit: "s",
            description: "Time that a search took in the index.",
            advice: new() { HistogramBucketBoundaries = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] });
        foreach (var outcome in (string[])[Found, Nothing, Invalid, Unavailable])
        {
            _queries.Add(0, Tag(outcome));
        }
    }

    /// <summary>Counts a search that the index was not asked.</summary>
    public void Refused() => _queries.Add(1, Tag(Invalid));

    /// <summary>Counts a search, and how long it took.</summary>
    public void Searched(string outcome, TimeSpan duration)
    {
        _queries.Add(1, Tag(outcome));
        _durations.Record(duration.TotalSeconds, Tag(outcome));
    }

    private static KeyValuePair<string, object?> Tag(string outcome) => new("outcome", outcome);

    public void Dispose() => _meter.Dispose();
}
