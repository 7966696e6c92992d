using System.Text.Json;
using System.Text.RegularExpressions;
using Platform.Api.Requests;

namespace Platform.Api.Analytics;

/// <summary>An event that the site reports.</summary>
/// <param name="EventType">Lower-case letters, digits, <c>_</c>, <c>-</c> and <c>.</c>, at most 100; not one that Platform records itself.</param>
/// <param name="EventData">A JSON object.</param>
internal sealed partial record NewEvent(string EventType, JsonElement? EventData = null)
{
    public const int MaxDataBytes = 4096;
    private const int MaxDepth = 8;

    /// <summary>Counted by Platform itself: nobody else may report them.</summary>
    private static readonly string[] Reserved = ["visit", "document_processed", "document_failed"];

    /// <summary>Reads a JSON body; otherwise the errors by field and the status.</summary>
    public static async ValueTask<(NewEvent? Event, Dictionary<string, string[]> Errors, int Status)> ReadAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsJsonInUtf8())
        {
            return Refuse("Content-Type", "must be application/json", StatusCodes.Status415UnsupportedMediaType);
        }
        JsonElement body;
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, new() { MaxDepth = MaxDepth }, cancellationToken);
            body = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return Refuse("body", $"must be a valid JSON object, at most {MaxDepth} levels deep", StatusCodes.Status400BadRequest);
        }
        try
        {
            return Check(body);
        }
        catch (InvalidOperationException)
        {
            // Bytes that are not UTF-8, or an escaped surrogate without its other half, which the reader finds when they are asked for.
            return Refuse("body", "must be valid Unicode text", StatusCodes.Status400BadRequest);
        }
    }

    private static (NewEvent? Event, Dictionary<string, string[]> Errors, int Status) Check(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return Refuse("body", "must be a JSON object", StatusCodes.Status400BadRequest);
        }
        if (!body.TryGetProperty("event_type", out var type) || type.ValueKind != JsonValueKind.String || !TypePattern().IsMatch(type.GetString()!))
        {
            return Refuse("event_type", "must be 1 to 100 lower-case letters, digits, and _ - .");
        }
        if (Reserved.Contains(type.GetString()))
        {
            return Refuse("event_type", "is recorded by Platform itself");
        }
        if (!body.TryGetProperty("event_data", out var data) || data.ValueKind == JsonValueKind.Null)
        {
            return (new(type.GetString()!, null), [], StatusCodes.Status202Accepted);
        }
        // PostgreSQL has no NUL in its texts, and a surrogate alone is none.
        var raw = data.GetRawText();
        return data.ValueKind != JsonValueKind.Object || raw.Length > MaxDataBytes
            ? Refuse("event_data", $"must be a JSON object of at most {MaxDataBytes} bytes")
            : UnstorablePattern().IsMatch(raw)
            ? Refuse("event_data", "must be valid Unicode text without NUL")
            : (new(type.GetString()!, data), [], StatusCodes.Status202Accepted);
    }

    private static (NewEvent?, Dictionary<string, string[]>, int) Refuse(
        string field, string error, int status = StatusCodes.Status422UnprocessableEntity) => (null, new() { [field] = [error] }, status);

    [GeneratedRegex(@"\A[a-z0-9_.-]{1,100}\z", RegexOptions.NonBacktracking)]
    private static partial Regex TypePattern();

    /// <summary>Escapes of NUL and of surrogates. A pair could be stored, but is sent as a character by whoever means one.</summary>
    [GeneratedRegex(@"\\u(0000|[dD][89a-fA-F])", RegexOptions.NonBacktracking)]
    private static partial Regex UnstorablePattern();
}
