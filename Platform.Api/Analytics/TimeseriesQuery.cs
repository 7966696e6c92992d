using Platform.Api.Requests;

namespace Platform.Api.Analytics;

/// <summary>What GET /analytics/timeseries asks for, checked.</summary>
/// <param name="Metric">One of <see cref="Metrics"/>.</param>
/// <param name="Interval">One of <see cref="Intervals"/>; points begin where PostgreSQL's date_trunc cuts, in UTC.</param>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
internal sealed record TimeseriesQuery(string Metric, string Interval, DateTime From, DateTime To)
{
    public const int MaxPoints = 1000;

    private const int DefaultPoints = 30;
    private const int FirstYear = 1970;
    private const int LastYear = 2200;

    public static IReadOnlyList<string> Metrics { get; } =
        ["contacts", "visits", "documents", "documents_processed", "documents_failed", "events"];
    public static IReadOnlyList<string> Intervals { get; } = ["hour", "day", "week", "month"];

    /// <summary>Reads the query string; otherwise the errors by parameter. Without a time it is the last 30 intervals.</summary>
    public static (TimeseriesQuery? Query, Dictionary<string, string[]> Errors) Parse(IQueryCollection sent, DateTimeOffset now)
    {
        var parameters = new QueryParameters(sent);
        var metric = parameters.Choice("metric", Metrics) ?? "contacts";
        var interval = parameters.Choice("interval", Intervals) ?? "day";
        var length = Length(interval);
        var to = Time("to") ?? now.UtcDateTime;
        var from = Time("from") ?? to - length * DefaultPoints;
        var errors = parameters.Errors;
        if (errors.Count == 0 && from >= to)
        {
            errors["from"] = ["must be before to"];
        }
        if (errors.Count == 0 && (to - from) / length > MaxPoints)
        {
            errors["interval"] = [$"must be longer, or the time shorter: there are at most {MaxPoints} points"];
        }
        return errors.Count == 0 ? (new(metric, interval, from, to), errors) : (null, errors);

        DateTime? Time(string name)
        {
            var time = parameters.Time(name);
            if (time is { Year: < FirstYear or > LastYear })
            {
                parameters.Errors[name] = [$"must be a time from {FirstYear} to {LastYear}"];
                return null;
            }
            return time;
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
