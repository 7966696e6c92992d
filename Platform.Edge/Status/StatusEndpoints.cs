using System.Text.Json.Serialization;
using Platform.Edge.Runbooks;
using Platform.Edge.Site;

namespace Platform.Edge.Status;

/// <summary>
/// What the metrics say, in JSON: <c>GET /status/metrics</c> for everybody, <c>GET /console/metrics</c> for who has signed in, which access control
/// sees to. That there are no metrics is an answer, too, with status 200.
/// </summary>
internal static class StatusEndpoints
{
    private static readonly string[] Reading = ["GET", "HEAD"];

    /// <summary>
    /// What a visitor may be told of: what does not work. What an attack does, and where a machine is near its end, is the operators' business.
    /// </summary>
    private static readonly string[] PublicCategories = ["application", "database", "slo"];

    /// <summary>The components in the order of the page.</summary>
    private static readonly string[] Components = ["website", "service", "database", "storage", "search", "processing", "mail"];

    public static void AddStatus(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<PrometheusClient>();
        builder.Services.AddSingleton<Measurements>();
        builder.Services.AddHttpClient(PrometheusClient.Name, client =>
        {
            client.BaseAddress = new Uri($"http://{PrometheusClient.Name}/prometheus/api/v1/");
            client.MaxResponseContentBufferSize = PrometheusClient.LargestAnswer;
        });
    }

    public static void MapStatus(this WebApplication app)
    {
        app.MapMethods("/status/metrics", Reading, PublicAsync);
        app.MapMethods("/console/metrics", Reading, ConsoleAsync);
    }

    private static async Task<IResult> PublicAsync(HttpContext context, Measurements measurements)
    {
        var present = measurements.PresentAsync(context.RequestAborted);
        var history = await measurements.HistoryAsync(context.RequestAborted);
        context.Response.Headers.CacheControl = "public, max-age=5";
        return Results.Json(Public(measurements, await present, history), StatusJson.Default.PublicStatus);
    }

    private static async Task<IResult> ConsoleAsync(HttpContext context, Measurements measurements, SiteFiles site, string range = "1h")
    {
        if (!Measurements.Ranges.ContainsKey(range))
        {
            return Results.Problem($"range is one of {string.Join(", ", Measurements.Ranges.Keys)}.", statusCode: StatusCodes.Status400BadRequest);
        }

        var present = measurements.PresentAsync(context.RequestAborted);
        var history = measurements.HistoryAsync(context.RequestAborted);
        var trend = await measurements.TrendAsync(range, context.RequestAborted);
        context.Response.Headers.CacheControl = "private, no-store";
        return Results.Json(Console(measurements, await present, await history, trend, site), StatusJson.Default.ConsoleMetrics);
    }

    private static PublicStatus Public(Measurements measurements, Present? present, History? history) => new(
        State(measurements, present),
        present?.Time,
        Rounded(60 * Figure(present, "requests")),
        Rounded(Figure(present, "p95")),
        Figure(present, "availability"),
        history?.Time,
        history is null ? null : DateOnly.FromDateTime(history.Time.UtcDateTime).AddDays(1 - Measurements.Days),
        // Without what is now there is nothing to show beside, and what was measured before is as old as that.
        present is null ? [] : [.. ComponentsOf(present, history)],
        present is null ? [] :
        [
            .. present.Alerts.Where(alert => alert.Severity == "critical" && PublicCategories.Contains(alert.Category) && alert.Summary.Length > 0)
                .GroupBy(alert => alert.Summary).Select(same => new Incident(same.Key, same.Min(alert => alert.Since))),
        ]);

    private static ConsoleMetrics Console(Measurements measurements, Present? present, History? history, Trend? trend, SiteFiles site) => new(
        State(measurements, present),
        present?.Time,
        Figure(present, "availability"),
        Figure(present, "budget"),
        history?.Time,
        present is null ? [] : [.. ComponentsOf(present, history)],
        present is null ? [] :
        [
            .. present.Alerts.Select(alert => new ConsoleAlert(
                alert.Name, alert.Severity, alert.Category, alert.Summary, alert.Since,
                Runbook.Address(alert.Name) is var runbook && site.Page(runbook) is not null ? runbook : null)),
        ],
        trend?.Times ?? [],
        trend?.Lines ?? []);

    /// <summary>What is measured now, or was within the last 30 days.</summary>
    private static IEnumerable<ComponentStatus> ComponentsOf(Present present, History? history) => Components
        .Where(name => present.Components.ContainsKey(name) || history?.Days.ContainsKey(name) == true)
        .Select(name => new ComponentStatus(
            name,
            present.Components.TryGetValue(name, out var works) ? works ? "up" : "down" : "unknown",
            history?.LastDay.TryGetValue(name, out var day) == true ? day : null,
            history?.Month(name),
            history?.Days.GetValueOrDefault(name) ?? []));

    private static string State(Measurements measurements, Present? present) =>
        !measurements.AreCollected ? "not_collected" : present is null ? "away" : present.Time is null ? "empty" : "available";

    private static double? Figure(Present? present, string name) => present?.Figures.TryGetValue(name, out var value) == true ? value : null;

    /// <summary>To two digits: an impression, not a measuring instrument for whoever loads the site.</summary>
    private static double? Rounded(double? value)
    {
        if (value is not { } number || number <= 0)
        {
            return value;
        }

        var unit = Math.Pow(10, Math.Floor(Math.Log10(number)) - 1);
        return Math.Round(Math.Round(number / unit) * unit, 6);
    }
}

/// <summary>The answer of GET /status/metrics.</summary>
/// <param name="State">
/// <c>available</c>; <c>empty</c> when nothing has been measured yet; <c>away</c> when it cannot be said; <c>not_collected</c> when nothing is
/// measured here.
/// </param>
/// <param name="Time">When the newest measurement was made.</param>
/// <param name="RequestsPerMinute">Requests of the last 5 minutes, to two digits.</param>
/// <param name="P95Seconds">The time within which 95 % of them were answered, to two digits.</param>
/// <param name="AvailabilityMonth">The part of the requests of 30 days that was answered without a server error.</param>
/// <param name="HistoryTime">When the components' availability was worked out.</param>
/// <param name="FirstDay">The day (UTC) of the first bar.</param>
/// <param name="Components">The parts of the service.</param>
/// <param name="Incidents">What does not work, the latest first.</param>
internal sealed record PublicStatus(
    string State,
    DateTimeOffset? Time,
    double? RequestsPerMinute,
    double? P95Seconds,
    double? AvailabilityMonth,
    DateTimeOffset? HistoryTime,
    DateOnly? FirstDay,
    IReadOnlyList<ComponentStatus> Components,
    IReadOnlyList<Incident> Incidents);

/// <summary>A part of the service.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State"><c>up</c>, <c>down</c>, or <c>unknown</c> when it is not measured now.</param>
/// <param name="AvailabilityDay">The part of the last 24 hours in which it worked; null without a measurement.</param>
/// <param name="AvailabilityMonth">The same of the last 30 days.</param>
/// <param name="Days">The same of each of 30 days (UTC), today last.</param>
internal sealed record ComponentStatus(
    string Name, string State, double? AvailabilityDay, double? AvailabilityMonth, IReadOnlyList<double?> Days);

/// <summary>Something that does not work.</summary>
internal sealed record Incident(string Summary, DateTimeOffset Since);

/// <summary>The answer of GET /console/metrics.</summary>
/// <param name="State">As in <see cref="PublicStatus"/>.</param>
/// <param name="Time">When the newest measurement was made.</param>
/// <param name="AvailabilityMonth">As in <see cref="PublicStatus"/>.</param>
/// <param name="ErrorBudget">The part of the errors of 30 days that is left: 1 for all, below 0 when there were more.</param>
/// <param name="HistoryTime">As in <see cref="PublicStatus"/>.</param>
/// <param name="Components">The parts of the service.</param>
/// <param name="Alerts">The alerts that are firing, the most severe first.</param>
/// <param name="Times">The times of the values.</param>
/// <param name="Lines">The lines of the charts.</param>
internal sealed record ConsoleMetrics(
    string State,
    DateTimeOffset? Time,
    double? AvailabilityMonth,
    double? ErrorBudget,
    DateTimeOffset? HistoryTime,
    IReadOnlyList<ComponentStatus> Components,
    IReadOnlyList<ConsoleAlert> Alerts,
    IReadOnlyList<DateTimeOffset> Times,
    IReadOnlyList<Line> Lines);

/// <summary>An alert that is firing, as <see cref="FiringAlert"/>.</summary>
/// <param name="Name">Its rule.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Category">What it is about.</param>
/// <param name="Summary">What is wrong.</param>
/// <param name="Since">Since when.</param>
/// <param name="Runbook">Where it is written what to do; null when it is not.</param>
internal sealed record ConsoleAlert(string Name, string Severity, string Category, string Summary, DateTimeOffset Since, string? Runbook);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PublicStatus))]
[JsonSerializable(typeof(ConsoleMetrics))]
internal sealed partial class StatusJson : JsonSerializerContext;
