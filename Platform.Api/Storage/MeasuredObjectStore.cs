using System.Diagnostics.Metrics;

namespace Platform.Api.Storage;

/// <summary>
/// An object store whose calls are measured: <c>object_store_operation_duration_seconds{operation,outcome}</c>. A <c>put</c> is as slow as
/// whoever sends the bytes, an <c>open</c> ends before the first byte is read. Lists are not measured: they last as long as their reader.
/// </summary>
internal sealed class MeasuredObjectStore(IObjectStore store, IMeterFactory meters) : IObjectStore
{
    private readonly DependencyMetrics _metrics = new(meters, "object_store", "Time that the object store took.");

    public Task PrepareAsync(CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("prepare", () => store.PrepareAsync(cancellationToken));

    public Task PutAsync(string key, Stream content, string contentType, CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("put", () => store.PutAsync(key, content, contentType, cancellationToken));

    public Task<Stream> OpenAsync(string key, CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("open", () => store.OpenAsync(key, cancellationToken));

    public Task DeleteAsync(string key, CancellationToken cancellationToken) =>
        _metrics.MeasureAsync("delete", () => store.DeleteAsync(key, cancellationToken));

    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken) =>
        store.ListAsync(prefix, cancellationToken);

    public Uri? Presign(string key, string fileName, string contentType, TimeSpan lifetime) =>
        store.Presign(key, fileName, contentType, lifetime);
}
