using System.Text.Json.Serialization;

namespace Platform.Api.Analytics;

/// <summary>The answer of GET /analytics/insights. The trash does not count.</summary>
/// <param name="TotalSize">Of the documents, in bytes.</param>
/// <param name="ProcessingStats">Documents by the state of their processing.</param>
/// <param name="Languages">Processed documents by language (ISO 639-1, or <c>unknown</c>).</param>
internal sealed record Insights(
    long TotalContacts,
    IReadOnlyDictionary<string, long> ContactStatus,
    long TotalDocuments,
    long TotalSize,
    IReadOnlyDictionary<string, long> DocumentTypes,
    IReadOnlyDictionary<string, long> ProcessingStats,
    IReadOnlyDictionary<string, long> Languages,
    IReadOnlyList<TopContact> TopContacts,
    DateTime Timestamp);

/// <summary>One of the contacts with the most documents.</summary>
internal sealed record TopContact(
    [property: JsonPropertyName("contactId")] string ContactId,
    string Name,
    string Company,
    long TotalDocuments,
    long TotalSize,
    DateTime LastDocumentUpload);

/// <summary>The answer of GET /analytics/timeseries.</summary>
internal sealed record Timeseries(string Metric, string Interval, DateTime From, DateTime To, IReadOnlyList<Point> Points);

/// <param name="Timestamp">Where the interval begins.</param>
internal sealed record Point(DateTime Timestamp, long Value);

/// <summary>The answer of POST /analytics/events.</summary>
internal sealed record EventReceipt(Guid EventId);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Insights))]
[JsonSerializable(typeof(Timeseries))]
[JsonSerializable(typeof(NewEvent))]
[JsonSerializable(typeof(EventReceipt))]
internal sealed partial class AnalyticsJson : JsonSerializerContext;
