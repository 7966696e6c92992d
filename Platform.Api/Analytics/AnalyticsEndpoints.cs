using Platform.Api.Database;
using Platform.Api.OpenApi;
using Platform.Api.Requests;
using Platform.Api.Security;

namespace Platform.Api.Analytics;

internal static class AnalyticsEndpoints
{
    /// <summary>Adds the store, and the time after which visits and events are deleted.</summary>
    public static void AddAnalytics(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AnalyticsStore>();
        builder.Services.AddOptions<AnalyticsOptions>().BindConfiguration(AnalyticsOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddRetention<AnalyticsOptions>("analytics_events", "timestamp", options => options.RetentionDays);
    }

    public static void MapAnalytics(this IEndpointRouteBuilder app)
    {
        var analytics = app.MapGroup("/analytics").WithTags("Analytics");
        analytics.MapGet("/insights", InsightsAsync)
            .RequireScope(Scopes.Read)
            .WithName("GetInsights")
            .WithSummary("Totals of contacts and documents, as they are now.")
            .Produces<Insights>()
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        analytics.MapGet("/timeseries", TimeseriesAsync)
            .RequireScope(Scopes.Read)
            .WithName("GetTimeseries")
            .WithSummary("How many contacts, visits or documents came in each hour, day, week or month (UTC); at most 1000 points.")
            .WithQueryParameters("metric", "interval", "from", "to")
            .Produces<Timeseries>()
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        analytics.MapPost("/events", AddEventAsync)
            .AllowAnonymous()
            .WithName("RecordEvent")
            .WithSummary("Records an event of the site, such as a download.")
            .Accepts<NewEvent>("application/json")
            .Produces<EventReceipt>(StatusCodes.Status202Accepted)
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesValidationProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> InsightsAsync(AnalyticsStore store, CancellationToken cancellationToken) =>
        TypedResults.Json(await store.ReadInsightsAsync(cancellationToken), AnalyticsJson.Default.Insights);

    private static async Task<IResult> TimeseriesAsync(
        HttpRequest request, AnalyticsStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var (query, errors) = TimeseriesQuery.Parse(request.Query, time.GetUtcNow());
        return query is null
            ? RequestProblems.Invalid(errors)
            : TypedResults.Json(await store.ReadTimeseriesAsync(query, cancellationToken), AnalyticsJson.Default.Timeseries);
    }

    private static async Task<IResult> AddEventAsync(
        HttpRequest request, AnalyticsStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var (sent, errors, status) = await NewEvent.ReadAsync(request, cancellationToken);
        if (sent is null)
        {
            return RequestProblems.Invalid(errors, status);
        }
        var id = Guid.CreateVersion7(time.GetUtcNow());
        await store.AddAsync(id, sent, cancellationToken);
        return TypedResults.Json(new EventReceipt(id), AnalyticsJson.Default.EventReceipt, statusCode: StatusCodes.Status202Accepted);
    }
}
