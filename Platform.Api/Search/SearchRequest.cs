using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Platform.Api.Requests;

namespace Platform.Api.Search;

/// <summary>A search as a client sends it, read and checked: the query string of GET or the JSON of POST. Every mistake names its field.</summary>
internal sealed class SearchRequest
{
    private const int MaxQueryLength = 500;
    private const int MaxValues = 20;
    private const int MaxValueLength = 255;
    private const int DefaultLimit = 10;
    private const int MaxLimit = 100;
    private const int MaxOffset = 1000;
    private const int MaxDepth = 8;
    private const string Body = "body";

    private static readonly string[] FilterNames = ["contact_id", "document_type", "processing_status", "file_extension", "tags"];

    /// <summary>Of the query string.</summary>
    public static readonly string[] Parameters = ["q", .. FilterNames, "from", "to", "limit", "offset"];

    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"];
    private static readonly JsonDocumentOptions JsonOptions = new() { MaxDepth = MaxDepth };

    private readonly Dictionary<string, List<string>> _filters = [];
    private string _text = "";
    private DateTime? _from;
    private DateTime? _to;
    private int _limit = DefaultLimit;
    private int _offset;

    /// <summary>By field name; null when the request is fine.</summary>
    public Dictionary<string, string[]>? Errors { get; private set; }

    /// <summary>400 when the body cannot be read, 413 too large, 415 of another type, 422 when a value breaks a rule, else 200.</summary>
    public int Status { get; private set; } = StatusCodes.Status200OK;

    public SearchQuery Query => new(
        _text.Length == 0 ? null : _text,
        new(Values("contact_id"), Values("document_type"), Values("processing_status"), Values("file_extension"), Values("tags"), _from, _to),
        _limit,
        _offset);

    /// <summary>The query as it was understood.</summary>
    public string Text => _text;

    public static SearchRequest Read(IQueryCollection parameters)
    {
        var request = new SearchRequest();
        if (request.Single(parameters, "q") is { } text)
        {
            request.ReadText("q", text);
        }
        foreach (var name in FilterNames)
        {
            if (parameters[name] is { Count: > 0 } sent)
            {
                request.ReadValues(name, name, [.. sent.Where(value => !string.IsNullOrEmpty(value)).Select(value => value!)]);
            }
        }
        request._from = request.Time("from", request.Single(parameters, "from"));
        request._to = request.Time("to", request.Single(parameters, "to"));
        request._limit = request.Number("limit", request.Single(parameters, "limit"), 1, MaxLimit, DefaultLimit);
        request._offset = request.Number("offset", request.Single(parameters, "offset"), 0, MaxOffset, 0);
        return request;
    }

    public static async ValueTask<SearchRequest> ReadAsync(HttpRequest body, CancellationToken cancellationToken)
    {
        var request = new SearchRequest();
        if (!body.IsJsonInUtf8())
        {
            request.Fail("Content-Type", "must be application/json", StatusCodes.Status415UnsupportedMediaType);
            return request;
        }
        try
        {
            using var json = await ParseAsync(body, cancellationToken);
            request.ReadJson(json.RootElement);
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            request.Fail(Body, $"must be at most {TextFields.MaxBodyBytes} bytes long", StatusCodes.Status413PayloadTooLarge);
        }
        catch (JsonException)
        {
            request.Fail(Body, "must be a valid JSON object", StatusCodes.Status400BadRequest);
        }
        return request;
    }

    private static async ValueTask<JsonDocument> ParseAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var body = request.BodyReader;
        while (true)
        {
            var result = await body.ReadAsync(cancellationToken);
            if (result.Buffer.Length > TextFields.MaxBodyBytes)
            {
                body.AdvanceTo(result.Buffer.End);
                throw new BadHttpRequestException("Request body too large.", StatusCodes.Status413PayloadTooLarge);
            }
            if (!result.IsCompleted)
            {
                body.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                continue;
            }
            try
            {
                // The document keeps what it was parsed from, and the buffer goes back.
                return JsonDocument.Parse(result.Buffer.ToArray(), JsonOptions);
            }
            finally
            {
                body.AdvanceTo(result.Buffer.End);
            }
        }
    }

    private void ReadJson(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException();
        }
        foreach (var property in json.EnumerateObject())
        {
            var value = property.Value;
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }
            switch (NameOf(property))
            {
                case "query":
                    if (String("query", value) is { } text)
                    {
                        ReadText("query", text);
                    }
                    break;
                case "filters":
                    ReadFilters(value);
                    break;
                case "limit":
                    _limit = Number("limit", value, 1, MaxLimit, DefaultLimit);
                    break;
                case "offset":
                    _offset = Number("offset", value, 0, MaxOffset, 0);
                    break;
                default:
                    // Ignored, as everywhere.
                    break;
            }
        }
    }

    private void ReadFilters(JsonElement filters)
    {
        if (filters.ValueKind != JsonValueKind.Object)
        {
            Refuse("filters", "must be an object");
            return;
        }
        foreach (var property in filters.EnumerateObject())
        {
            var name = NameOf(property);
            var field = $"filters.{name}";
            var value = property.Value;
            if (value.ValueKind == JsonValueKind.Null && name is not null)
            {
                continue;
            }
            switch (name)
            {
                case "from":
                    _from = Time(field, String(field, value));
                    break;
                case "to":
                    _to = Time(field, String(field, value));
                    break;
                case "upload_timestamp":
                    ReadRange(field, value);
                    break;
                case not null when FilterNames.Contains(name):
                    ReadValues(name, field, value);
                    break;
                default:
                    // A filter that is ignored shows what was not to be seen. The name may be anything, so not much of it is repeated.
                    Refuse(name is { Length: <= 64 } ? field : "filters", "is not a filter: contact_id, document_type, processing_status, "
                        + "file_extension, tags, upload_timestamp, from and to are");
                    break;
            }
        }
    }

    private void ReadRange(string field, JsonElement range)
    {
        if (range.ValueKind != JsonValueKind.Object)
        {
            Refuse(field, "must be an object with from and to");
            return;
        }
        foreach (var bound in range.EnumerateObject())
        {
            switch (NameOf(bound))
            {
                case "from":
                    _from = Time($"{field}.from", String($"{field}.from", bound.Value));
                    break;
                case "to":
                    _to = Time($"{field}.to", String($"{field}.to", bound.Value));
                    break;
                default:
                    Refuse(field, "must be an object with from and to");
                    break;
            }
        }
    }

    private void ReadValues(string name, string field, JsonElement sent)
    {
        switch (sent.ValueKind)
        {
            case JsonValueKind.String:
                if (String(field, sent) is { } single)
                {
                    ReadValues(name, field, [single]);
                }
                break;
            case JsonValueKind.Array when sent.GetArrayLength() > MaxValues:
                Refuse(field, $"must be at most {MaxValues} values");
                break;
            case JsonValueKind.Array:
                var values = new List<string>();
                foreach (var element in sent.EnumerateArray())
                {
                    if (String(field, element, "must be a string or a list of strings") is not { } value)
                    {
                        return;
                    }
                    values.Add(value);
                }
                ReadValues(name, field, values);
                break;
            default:
                Refuse(field, "must be a string or a list of strings");
                break;
        }
    }

    private void ReadValues(string name, string field, List<string> values)
    {
        if (values.Count > MaxValues)
        {
            Refuse(field, $"must be at most {MaxValues} values");
            return;
        }
        var check = new TextField(field, MaxValueLength, IsRequired: true);
        for (var i = 0; i < values.Count; i++)
        {
            (values[i], var error) = check.Check(values[i]);
            if (error is not null)
            {
                Refuse(field, error);
                return;
            }
        }
        if (values.Count > 0)
        {
            _filters[name] = name is "file_extension" ? [.. values.Select(Extension)] : values;
        }
    }

    /// <summary>As it is stored: in lower case with its dot.</summary>
    private static string Extension(string value)
    {
        var lower = value.ToLowerInvariant();
        return lower.StartsWith('.') ? lower : "." + lower;
    }

    private List<string>? Values(string name) => _filters.GetValueOrDefault(name);

    private void ReadText(string field, string sent)
    {
        if (sent.Length > MaxQueryLength && sent.EnumerateRunes().Count() > MaxQueryLength)
        {
            Refuse(field, $"must be at most {MaxQueryLength} characters long");
            return;
        }
        // Whatever it is, it is looked for; what is no word finds nothing.
        _text = sent.Trim();
    }

    private string? Single(IQueryCollection parameters, string name)
    {
        var sent = parameters[name];
        if (sent.Count > 1)
        {
            Refuse(name, "must be given once");
            return null;
        }
        return string.IsNullOrWhiteSpace(sent) ? null : sent.ToString();
    }

    /// <summary>The name, or null when it is no Unicode text.</summary>
    private static string? NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private string? String(string field, JsonElement value, string error = "must be a string")
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Refuse(field, error);
            return null;
        }
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            Fail(field, "must be valid Unicode text", StatusCodes.Status400BadRequest);
            return null;
        }
    }

    private int Number(string field, string? sent, int least, int most, int otherwise)
    {
        if (sent is null)
        {
            return otherwise;
        }
        if (int.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }
        Refuse(field, $"must be a whole number from {least} to {most}");
        return otherwise;
    }

    private int Number(string field, JsonElement sent, int least, int most, int otherwise)
    {
        if (sent.ValueKind == JsonValueKind.Number && sent.TryGetInt32(out var number) && number >= least && number <= most)
        {
            return number;
        }
        Refuse(field, $"must be a whole number from {least} to {most}");
        return otherwise;
    }

    private DateTime? Time(string field, string? sent)
    {
        if (sent is null)
        {
            return null;
        }
        // A "+" of an offset that was not escaped arrives as a blank.
        if (DateTimeOffset.TryParseExact(
            sent.Replace(' ', '+'), TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            return time.UtcDateTime;
        }
        Refuse(field, "must be a date or a time of ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z");
        return null;
    }

    private void Refuse(string field, string error) => Fail(field, error, StatusCodes.Status422UnprocessableEntity);

    private void Fail(string field, string error, int status)
    {
        (Errors ??= [])[field] = [error];
        if (Status is 200 or 422)
        {
            Status = status;
        }
    }
}
