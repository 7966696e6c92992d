using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace Platform.Api.Documents;

/// <summary>The counter <c>document_uploads_total{document_type,status}</c>. A type is a label only when it is on the list.</summary>
internal sealed class DocumentMetrics : IDisposable
{
    public const string Success = "success";

    /// <summary>The client's fault.</summary>
    public const string Rejected = "rejected";

    /// <summary>Ours: the store or the database is away.</summary>
    public const string Error = "error";

    private const string Other = "other";

    private readonly HashSet<string> _types;
    private readonly Meter _meter;
    private readonly Counter<long> _uploads;

    public DocumentMetrics(IMeterFactory meters, IOptions<DocumentOptions> options)
    {
        _types = [.. options.Value.MeasuredTypes];
        _meter = meters.Create(Telemetry.MeterName);
        // The exporter for Prometheus appends _total.
        _uploads = _meter.CreateCounter<long>("document_uploads", description: "Uploads of documents that were answered.");
        foreach (var type in _types.Append(Other))
        {
            foreach (var status in (string[])[Success, Rejected, Error])
            {
                _uploads.Add(0, new("document_type", type), new("status", status));
            }
        }
    }

    public void Uploaded(string? documentType, string status) => _uploads.Add(
        1,
        new("document_type", documentType is not null && _types.TryGetValue(documentType, out var known) ? known : Other),
        new("status", status));

    public void Dispose() => _meter.Dispose();
}
