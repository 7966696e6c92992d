using System.Globalization;

namespace Platform.Api.Analytics;

/// <summary>What GET /analytics/timeseries asks for, checked.</summary>
/// <param name="Metric">One of <see cref="Metrics"/>.</param>
/// <param name="Interval">One of <see cref="Intervals"/>; points begin where PostgreSQL's date_trunc cuts, in UTC.</param>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
internal sealed record TimeseriesQuery(string Metric, string Interval, DateTime From, DateTime To)
{
    public const int MaxPoints = 1000;

    private const int FirstYear = 1970;
    private const int LastYear = 2200;

    public static IReadOnlyList<string> Metrics { get; } = ["contacts", "visits", "documents", "documents_processed", "documents_failed", "events"];
    public static IReadOnlyList<string> Intervals { get; } = ["hour", "day", "week", "month"];

    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"];

    /// <summary>Reads the query string; otherwise the errors by parameter. Without a time it is the last 30 intervals.</summary>
    public static (TimeseriesQuery? Query, Dictionary<string, string[]> Errors) Parse(IQueryCollection parameters, DateTimeOffset now)
    {
        var errors = new Dictionary<string, string[]>();
        var metric = Choice("metric", Metrics, "contacts");
        var interval = Choice("interval", Intervals, "day");
        var length = Length(interval);
        var to = Time("to") ?? now.UtcDateTime;
        var from = Time("from") ?? to - length * 30;
        if (errors.Count == 0 && from >= to)
        {
            errors["from"] = ["must be before to"];
        }
        if (errors.Count == 0 && (to - from) / length > MaxPoints)
        {
            errors["interval"] = [$"must be longer, or the time shorter: there are at most {MaxPoints} points"];
        }
        return errors.Count == 0 ? (new(metric, interval, from, to), errors) : (null, errors);

        string Choice(string name, IReadOnlyList<string> values, string standard)
        {
            var sent = parameters[name];
            if (sent is [])
            {
                return standard;
            }
            if (sent is [{ } value] && values.Contains(value))
            {
                return value;
            }
            errors[name] = [$"must be one of {string.Join(", ", values)}"];
            return standard;
        }

        DateTime? Time(string name)
        {
            var sent = parameters[name];
            if (sent is [])
            {
                return null;
            }
            // A "+" of an offset that was not escaped arrives as a blank.
            if (sent is [{ } value] && DateTimeOffset.TryParseExact(
                value.Replace(' ', '+'), TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                && time.UtcDateTime.Year is >= FirstYear and <= LastYear)
            {
                return time.UtcDateTime;
            }
            errors[name] =
                [$"must be a date or a time of ISO 8601 from {FirstYear} to {LastYear}, such as 2026-01-31 or 2026-01-31T12:00:00Z"];
            return null;
        }
    }

    /// <summary>The shortest that an interval can be, which gives the most points.</summary>
    private static TimeSpan Length(string interval) => interval switch
    {
        "hour" => TimeSpan.FromHours(1),
        "week" => TimeSpan.FromDays(7),
        "month" => TimeSpan.FromDays(28),
        _ => TimeSpan.FromDays(1),
    };
}
