using System.Globalization;
using Platform.Api.Requests;

namespace Platform.Api.Documents;

/// <summary>The filters and the page of a list of documents, checked.</summary>
/// <param name="IsTrashed">Those in the trash, and no others; else those outside.</param>
/// <param name="After">The last document of the page before.</param>
internal sealed record DocumentQuery(string? ContactId, string? DocumentType, string? Status, bool IsTrashed, DocumentCursor? After, int Limit)
{
    public static readonly string[] Parameters = ["contact_id", "document_type", "status", "trashed", "cursor", "limit"];

    public const int DefaultLimit = 20;
    public const int MaxLimit = 100;

    /// <summary>
    /// Reads the query string; otherwise the errors by parameter, and 422, or 400 when it is the cursor that cannot be read.
    /// </summary>
    public static (DocumentQuery? Query, Dictionary<string, string[]> Errors, int Status) Parse(IQueryCollection parameters)
    {
        var errors = new Dictionary<string, string[]>();
        var (contactId, documentType) = (Text(DocumentFields.ContactId), Text(DocumentFields.DocumentType));
        var status = Single("status");
        if (status is not (null or "pending" or "processing" or "completed" or "failed"))
        {
            errors["status"] = ["must be pending, processing, completed or failed"];
        }
        var trashed = Single("trashed");
        if (trashed is not (null or "true" or "false"))
        {
            errors["trashed"] = ["must be true or false"];
        }
        var limit = DefaultLimit;
        if (Single("limit") is { } sentLimit
            && !(int.TryParse(sentLimit, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MaxLimit))
        {
            errors["limit"] = [$"must be a whole number from 1 to {MaxLimit}"];
        }
        DocumentCursor? after = null;
        if (Single("cursor") is { } sentCursor && !DocumentCursor.TryParse(sentCursor, out after))
        {
            errors["cursor"] = ["must be a next_cursor of this list"];
        }
        return errors.Count == 0
            ? (new(contactId, documentType, status, trashed == "true", after, limit), errors, StatusCodes.Status200OK)
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
    }
}
