using System.Globalization;

namespace Platform.Api.Requests;

/// <summary>Reads a query string by hand, so that every mistake names its parameter. A blank parameter is none.</summary>
internal sealed class QueryParameters(IQueryCollection parameters)
{
    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"];

    /// <summary>By parameter, as in a validation problem.</summary>
    public Dictionary<string, string[]> Errors { get; } = [];

    public string? Single(string name)
    {
        var sent = parameters[name];
        if (sent.Count > 1)
        {
            Errors[name] = ["must be given once"];
            return null;
        }
        return string.IsNullOrWhiteSpace(sent) ? null : sent.ToString();
    }

    public string? Text(TextField field)
    {
        if (Single(field.Name) is not { } sent)
        {
            return null;
        }
        var (value, error) = field.Check(sent);
        if (error is not null)
        {
            Errors[field.Name] = [error];
        }
        return value;
    }

    /// <summary>One of a few values.</summary>
    public string? Choice(string name, IReadOnlyList<string> values)
    {
        var sent = Single(name);
        if (sent is null || values.Contains(sent))
        {
            return sent;
        }
        Errors[name] = [$"must be one of {string.Join(", ", values)}"];
        return null;
    }

    public DateTime? Time(string name)
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
        Errors[name] = ["must be a date or a time of ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z"];
        return null;
    }

    public int Limit(int standard, int most)
    {
        if (Single("limit") is { } sent)
        {
            if (int.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1 && limit <= most)
            {
                return limit;
            }
            Errors["limit"] = [$"must be a whole number from 1 to {most}"];
        }
        return standard;
    }
}
