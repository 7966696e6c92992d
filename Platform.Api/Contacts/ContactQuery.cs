using System.Globalization;
using Platform.Api.Requests;

namespace Platform.Api.Contacts;

/// <summary>The filters and the page of GET /contacts, checked.</summary>
/// <param name="Text">Part of name, e-mail, company or message, in any case.</param>
/// <param name="From">The oldest timestamp, inclusive.</param>
/// <param name="To">The newest timestamp, exclusive.</param>
/// <param name="After">The last contact of the page before.</param>
internal sealed record ContactQuery(
    string? Status, string? Source, string? Text, DateTime? From, DateTime? To, ContactCursor? After, int Limit)
{
    public static readonly string[] Parameters = ["status", "source", "q", "from", "to", "cursor", "limit"];

    public const int DefaultLimit = 20;
    public const int MaxLimit = 100;

    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"];
    private static readonly TextField[] Texts = [new("status", 50), new("source", 50), new("q", 100)];

    /// <summary>
    /// Reads the query string; otherwise the errors by parameter, and 422, or 400 when it is the cursor that cannot be read.
    /// </summary>
    public static (ContactQuery? Query, Dictionary<string, string[]> Errors, int Status) Parse(IQueryCollection parameters)
    {
        var errors = new Dictionary<string, string[]>();
        var (status, source, text) = (Text(Texts[0]), Text(Texts[1]), Text(Texts[2]));
        if (status is not (null or "new" or "contacted" or "closed"))
        {
            errors["status"] = ["must be new, contacted or closed"];
        }
        var (from, to) = (Time("from"), Time("to"));
        var limit = DefaultLimit;
        if (Single("limit") is { } sentLimit
            && !(int.TryParse(sentLimit, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MaxLimit))
        {
            errors["limit"] = [$"must be a whole number from 1 to {MaxLimit}"];
        }
        ContactCursor? after = null;
        if (Single("cursor") is { } sentCursor && !ContactCursor.TryParse(sentCursor, out after))
        {
            errors["cursor"] = ["must be a next_cursor of this list"];
        }
        return errors.Count == 0
            ? (new(status, source, text, from, to, after, limit), errors, StatusCodes.Status200OK)
            : (null, errors, errors.ContainsKey("cursor") ? StatusCodes.Status400BadRequest : StatusCodes.Status422UnprocessableEntity);

        string? Single(string name)
        {
            var sent = parameters[name];
            if (sent.Count > 1)
            {
                errors[name] = ["must be given once"];
                return null;
            }
            return string.IsNullOrWhiteSpace(sent) ? null : sent.ToString();
        }

        string? Text(TextField field)
        {
            if (Single(field.Name) is not { } sent)
            {
                return null;
            }
            var (value, error) = field.Check(sent);
            if (error is not null)
            {
                errors[field.Name] = [error];
            }
            return value;
        }

        DateTime? Time(string name)
        {
            if (Single(name) is not { } sent)
            {
                return null;
            }
            // A "+" of an offset that was not escaped arrives as a blank.
            if (DateTimeOffset.TryParseExact(
                sent.Replace(' ', '+'), TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            {
                return time.UtcDateTime;
            }
            errors[name] = ["must be a date or a time of ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z"];
            return null;
        }
    }
}
