using System.Diagnostics.Metrics;

namespace Platform.Api.Search;

/// <summary>The counter <c>document_search_queries_total{outcome}</c>.</summary>
internal sealed class SearchMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _queries;

    public SearchMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(Telemetry.MeterName);
        // The exporter for Prometheus appends _total.
        _queries = _meter.CreateCounter<long>("document_search_queries", description: "Searches, by what came of them.");
    }

    /// <param name="outcome"><c>found</c>, <c>nothing</c>, <c>invalid</c> or <c>unavailable</c>.</param>
    public void Searched(string outcome) => _queries.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Dispose() => _meter.Dispose();
}
