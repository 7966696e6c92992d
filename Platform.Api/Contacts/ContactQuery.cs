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

    private static readonly TextField[] Texts = [new("status", 50), new("source", 50), new("q", 100)];

    /// <summary>
    /// Reads the query string; otherwise the errors by parameter, and 422, or 400 when it is the cursor that cannot be read.
    /// </summary>
    public static (ContactQuery? Query, Dictionary<string, string[]> Errors, int Status) Parse(IQueryCollection sent)
    {
        var parameters = new QueryParameters(sent);
        var (status, source, text) = (parameters.Text(Texts[0]), parameters.Text(Texts[1]), parameters.Text(Texts[2]));
        var errors = parameters.Errors;
        if (status is not null && !ContactStatus.IsKnown(status))
        {
            errors["status"] = ["must be new, contacted or closed"];
        }
        var (from, to) = (parameters.Time("from"), parameters.Time("to"));
        var limit = parameters.Limit(DefaultLimit, MaxLimit);
        ContactCursor? after = null;
        if (parameters.Single("cursor") is { } cursor && !ContactCursor.TryParse(cursor, out after))
        {
            errors["cursor"] = ["must be a next_cursor of this list"];
        }
        return errors.Count == 0
            ? (new(status, source, text, from, to, after, limit), errors, StatusCodes.Status200OK)
            : (null, errors, errors.ContainsKey("cursor") ? StatusCodes.Status400BadRequest : StatusCodes.Status422UnprocessableEntity);
    }
}
