using System.Diagnostics.Metrics;

namespace Platform.Api.Search;

/// <summary>A search index whose calls are measured: <c>search_index_operation_duration_seconds{operation,outcome}</c>.</summary>
internal sealed class MeasuredSearchIndex(ISearchIndex index, IMeterFactory meters) : ISearchIndex
{
    private readonly DependencyMetrics _metrics = new(meters, "search_index", "Time that the search index took.");

    public Task PrepareAsync(CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("prepare", () => index.PrepareAsync(cancellationToken));

    public Task PutAsync(IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("put", () => index.PutAsync(documents, cancellationToken));

    public Task RemoveAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("remove", () => index.RemoveAsync(ids, cancellationToken));

    public Task<SearchPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("search", () => index.SearchAsync(query, cancellationToken));

    public Task<SearchStatistics> GetStatisticsAsync(CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("statistics", () => index.GetStatisticsAsync(cancellationToken));

    public Task BeginRebuildAsync(bool resume, CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("begin_rebuild", () => index.BeginRebuildAsync(resume, cancellationToken));

    public Task PutInRebuildAsync(IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("put_in_rebuild", () => index.PutInRebuildAsync(documents, cancellationToken));

    public Task CompleteRebuildAsync(CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("complete_rebuild", () => index.CompleteRebuildAsync(cancellationToken));
}
