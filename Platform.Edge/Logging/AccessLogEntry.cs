using System.Text.Json.Serialization;

namespace Platform.Edge.Logging;

/// <summary>What the access log says of one request. There is no query string in it, no cookie and no key.</summary>
/// <param name="Time">When the request came, UTC.</param>
/// <param name="Client">The client's address.</param>
/// <param name="Method">The method, or <c>other</c> for one that HTTP does not name.</param>
/// <param name="Route">The template of the route; null for the site.</param>
/// <param name="Path">The path, cut to 512 characters; <c>/d/***</c> for a link to a document, which is a secret.</param>
/// <param name="Status">The status code; 499 when the client left before the answer.</param>
/// <param name="Bytes">Bytes of the answer's body as sent.</param>
/// <param name="DurationMs">From the first middleware to the last byte.</param>
/// <param name="Upstream">The replica that answered; null when none was asked.</param>
/// <param name="CorrelationId">X-Correlation-ID.</param>
/// <param name="TraceId">The trace, as in the problem documents.</param>
internal readonly record struct AccessLogEntry(
    DateTime Time,
    string? Client,
    string Method,
    string? Route,
    string Path,
    int Status,
    long Bytes,
    double DurationMs,
    string? Upstream,
    string CorrelationId,
    string? TraceId);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AccessLogEntry))]
internal sealed partial class AccessLogJson : JsonSerializerContext;
