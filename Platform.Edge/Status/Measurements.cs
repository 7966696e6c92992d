namespace Platform.Edge.Status;

/// <summary>What Prometheus says now.</summary>
/// <param name="Time">When it heard of a service last; null when it never did.</param>
/// <param name="Components">Whether each component works, by its name; what is not measured is not in it.</param>
/// <param name="Figures">Single numbers by their names, as <see cref="Queries.Figures"/> has them.</param>
/// <param name="Alerts">The alerts that are firing, the most severe and the latest first.</param>
internal sealed record Present(
    DateTimeOffset? Time,
    IReadOnlyDictionary<string, bool> Components,
    IReadOnlyDictionary<string, double> Figures,
    IReadOnlyList<FiringAlert> Alerts);

/// <summary>How well each component has worked, by its name: parts of the time, 0 to 1.</summary>
/// <param name="Time">When it was asked.</param>
/// <param name="Days">For each of the last 30 days (UTC), today last; null for a day without a measurement.</param>
/// <param name="LastDay">In the last 24 hours.</param>
internal sealed record History(
    DateTimeOffset Time,
    IReadOnlyDictionary<string, double?[]> Days,
    IReadOnlyDictionary<string, double> LastDay)
{
    /// <summary>Of all those days together: a day counts like another, and today as far as it has come.</summary>
    public double? Month(string name)
    {
        if (!Days.TryGetValue(name, out var days))
        {
            return null;
        }

        var measured = days.Select((part, index) => (Part: part, Weight: index == days.Length - 1 ? Time.UtcDateTime.TimeOfDay.TotalDays : 1))
            .Where(day => day.Part is not null).ToList();
        var weight = measured.Sum(day => day.Weight);
        return weight > 0 ? measured.Sum(day => day.Part * day.Weight) / weight : null;
    }
}

/// <summary>Lines of the console's charts.</summary>
/// <param name="Time">When it was asked.</param>
/// <param name="Times">The times that each line has a value for.</param>
/// <param name="Lines">The lines; there are 50 at most.</param>
internal sealed record Trend(DateTimeOffset Time, IReadOnlyList<DateTimeOffset> Times, IReadOnlyList<Line> Lines);

/// <summary>A line of a chart.</summary>
/// <param name="Chart">The chart, as <see cref="Queries.Charts"/> has it.</param>
/// <param name="Name">The service or the state; empty when there is only one line.</param>
/// <param name="Values">One for each time, null where nothing was measured.</param>
internal sealed record Line(string Chart, string Name, IReadOnlyList<double?> Values);

/// <summary>
/// What Prometheus has measured, asked for when somebody wants to know and once for all who do: what is now and the charts at most every 15 s, the
/// history every minute. Null when Prometheus does not answer: no number is better than an old one.
/// </summary>
internal sealed partial class Measurements
{
    /// <summary>Days of the history.</summary>
    public const int Days = 30;

    private const int MostLines = 50;
    private const int MostAlerts = 50;
    private const int LongestText = 200;

    /// <summary>Points of a line: one more than steps.</summary>
    private const int Steps = 120;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan HistoryLifetime = TimeSpan.FromMinutes(1);

    /// <summary>How long anybody waits.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>To read 30 days can take longer. Who does not wait for it any more has it the next time.</summary>
    private static readonly TimeSpan HistoryPatience = TimeSpan.FromSeconds(10);

    private static readonly string[] Severities = ["critical", "warning", "info"];

    private readonly PrometheusClient _prometheus;
    private readonly TimeProvider _time;
    private readonly ILogger<Measurements> _logger;
    private readonly SharedAnswer<Present> _present;
    private readonly SharedAnswer<History> _history;
    private readonly Dictionary<string, SharedAnswer<Trend>> _trends;
    private volatile bool _isAway;

    public Measurements(PrometheusClient prometheus, TimeProvider time, ILogger<Measurements> logger)
    {
        _prometheus = prometheus;
        _time = time;
        _logger = logger;
        _present = new(() => AskAsync(PresentAsync, Patience), Lifetime, Lifetime, time);
        _history = new(() => AskAsync(HistoryAsync, HistoryPatience), HistoryLifetime, Lifetime, time);
        _trends = Ranges.ToDictionary(
            range => range.Key,
            range => new SharedAnswer<Trend>(
                () => AskAsync((now, token) => TrendAsync(now, range.Value, token), Patience), Lifetime, Lifetime, time));
    }

    /// <summary>The ranges of the charts.</summary>
    public static IReadOnlyDictionary<string, TimeSpan> Ranges { get; } = new Dictionary<string, TimeSpan>
    {
        ["1h"] = TimeSpan.FromHours(1), ["6h"] = TimeSpan.FromHours(6), ["24h"] = TimeSpan.FromHours(24), ["7d"] = TimeSpan.FromDays(7),
    };

    /// <summary>Whether anything is measured here at all.</summary>
    public bool AreCollected => _prometheus.IsConfigured;

    public Task<Present?> PresentAsync(CancellationToken cancellationToken) => _present.GetAsync(cancellationToken);

    public async Task<History?> HistoryAsync(CancellationToken cancellationToken)
    {
        var history = _history.GetAsync(cancellationToken);
        await Task.WhenAny(history, Task.Delay(Patience, _time, cancellationToken));
        return history.IsCompleted ? await history : null;
    }

    /// <param name="range">One of <see cref="Ranges"/>.</param>
    /// <param name="cancellationToken">Ends the waiting, not the asking.</param>
    public Task<Trend?> TrendAsync(string range, CancellationToken cancellationToken) => _trends[range].GetAsync(cancellationToken);

    private async Task<T?> AskAsync<T>(Func<DateTimeOffset, CancellationToken, Task<T?>> ask, TimeSpan limit) where T : class
    {
        if (!AreCollected)
        {
            return null;
        }

        try
        {
            using var patience = new CancellationTokenSource(limit, _time);
            var answer = await ask(_time.GetUtcNow(), patience.Token);
            if (_isAway)
            {
                LogBack(_logger);
            }

            _isAway = false;
            return answer;
        }
        catch (PrometheusException exception)
        {
            if (!_isAway)
            {
                LogAway(_logger, exception.Message);
            }

            _isAway = true;
            return null;
        }
    }

    private async Task<Present?> PresentAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var components = _prometheus.QueryAsync(Queries.Components, now, cancellationToken);
        var figures = _prometheus.QueryAsync(Queries.Figures, now, cancellationToken);
        var alerts = _prometheus.AlertsAsync(cancellationToken);
        await Task.WhenAll(components, figures, alerts);
        var numbers = ByLabel(await figures, Queries.Figure);
        return new Present(
            numbers.TryGetValue("measured", out var measured) ? DateTimeOffset.FromUnixTimeSeconds((long)measured) : null,
            ByLabel(await components, Queries.Component).ToDictionary(component => component.Key, component => component.Value > 0),
            numbers,
            [
                .. (await alerts).GroupBy(alert => (alert.Name, alert.Severity, alert.Category, alert.Summary))
                    .Select(same => same.MinBy(alert => alert.Since)!)
                    .Select(alert => alert.Summary.Length <= LongestText ? alert : alert with { Summary = alert.Summary[..LongestText] + "…" })
                    .OrderBy(alert => Array.IndexOf(Severities, alert.Severity) is >= 0 and var place ? place : Severities.Length)
                    .ThenByDescending(alert => alert.Since)
                    .Take(MostAlerts),
            ]);
    }

    private async Task<History?> HistoryAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Each value is about the day that ends at its time. The last of them has not ended.
        var midnight = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddDays(1);
        var first = midnight.AddDays(1 - Days);
        var days = _prometheus.QueryRangeAsync(Queries.ComponentsByDay, first, midnight, TimeSpan.FromDays(1), cancellationToken);
        var lastDay = _prometheus.QueryAsync(Queries.ComponentsLastDay, now, cancellationToken);
        await Task.WhenAll(days, lastDay);
        // Of a Prometheus that has just begun there is soon more to say.
        return (await days).Count == 0 ? null : new History(
            now,
            (await days).GroupBy(series => series.Labels.GetValueOrDefault(Queries.Component, "")).ToDictionary(
                series => series.Key, series => OnGrid(series.First(), first, TimeSpan.FromDays(1), Days)),
            ByLabel(await lastDay, Queries.Component));
    }

    private async Task<Trend?> TrendAsync(DateTimeOffset now, TimeSpan range, CancellationToken cancellationToken)
    {
        var step = range / Steps;
        var to = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var from = to - range;
        var series = await _prometheus.QueryRangeAsync(Queries.Charts, from, to, step, cancellationToken);
        return new Trend(
            now,
            [.. Enumerable.Range(0, Steps + 1).Select(index => from + index * step)],
            [
                .. series.Where(line => line.Labels.ContainsKey(Queries.Chart)).Take(MostLines).Select(line => new Line(
                    line.Labels[Queries.Chart],
                    line.Labels.GetValueOrDefault("job") ?? line.Labels.GetValueOrDefault("state") ?? "",
                    OnGrid(line, from, step, Steps + 1))),
            ]);
    }

    /// <summary>The values at their places; where Prometheus has none, there is none.</summary>
    private static double?[] OnGrid(Series series, DateTimeOffset from, TimeSpan step, int count)
    {
        var values = new double?[count];
        foreach (var sample in series.Samples)
        {
            var index = (sample.Time - from.ToUnixTimeSeconds()) / step.TotalSeconds;
            if (index > -0.5 && index < count - 0.5)
            {
                values[(int)Math.Round(index)] = sample.Value;
            }
        }

        return values;
    }

    private static Dictionary<string, double> ByLabel(IReadOnlyList<Series> answer, string label)
    {
        var values = new Dictionary<string, double>();
        foreach (var series in answer)
        {
            if (series.Labels.TryGetValue(label, out var name) && series.Samples is [{ Value: { } value }])
            {
                values[name] = value;
            }
        }

        return values;
    }

    [LoggerMessage(LogLevel.Warning, "Prometheus does not say what it has measured: {Reason}", EventName = "MeasurementsAway")]
    private static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Information, "Prometheus says again what it has measured", EventName = "MeasurementsBack")]
    private static partial void LogBack(ILogger logger);
}
