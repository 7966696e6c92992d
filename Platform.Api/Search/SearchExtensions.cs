using System.Data.Common;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Platform.Api.OpenApi;
using Platform.Api.Requests;
using Platform.Api.Search.Postgres;
using Platform.Api.Security;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Search;

internal static class SearchExtensions
{
    /// <summary>A search has to be quicker, and what takes longer is a task.</summary>
    private static readonly TimeSpan MeilisearchTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HealthCheckTimeout = TimeSpan.FromSeconds(1.2);

    public static void AddSearch(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<SearchOptions>()
            .BindConfiguration(SearchOptions.Section)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        if (builder.Configuration[$"{SearchOptions.Section}:{nameof(SearchOptions.Provider)}"] == SearchOptions.Meilisearch)
        {
            var connection = new DbConnectionStringBuilder
            {
                ConnectionString = builder.Configuration.GetConnectionString("search")
                    ?? throw new InvalidOperationException("Search:Provider is meilisearch, and the connection string search is not set."),
            };
            builder.Services.AddHttpClient<MeilisearchIndex>(http =>
            {
                http.BaseAddress = new Uri($"{connection["Endpoint"]}".TrimEnd('/') + "/");
                http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", $"{connection["MasterKey"]}");
                http.Timeout = MeilisearchTimeout;
            });
            builder.Services.AddTransient<ISearchIndex>(Measured<MeilisearchIndex>);
        }
        else
        {
            builder.Services.AddSingleton<PostgresSearchIndex>();
            builder.Services.AddSingleton<ISearchIndex>(Measured<PostgresSearchIndex>);
            builder.Services.AddHostedService<SearchMerging>();
        }
        builder.Services.AddActivatedSingleton<SearchMetrics>();
        builder.Services.AddHostedService<SearchPreparation>();
        builder.Services.AddHealthChecks()
            .AddCheck<SearchHealthCheck>(SearchHealthCheck.Name, HealthStatus.Degraded, timeout: HealthCheckTimeout);
    }

    public static void MapSearch(this IEndpointRouteBuilder app)
    {
        var search = app.MapGroup("/documents/search").RequireScope(Scopes.Read).WithTags("Documents");
        search.MapGet("", (HttpContext context, ISearchIndex index, SearchMetrics metrics, TimeProvider time, CancellationToken cancellationToken) =>
                SearchAsync(SearchRequest.Read(context.Request.Query), index, metrics, time, cancellationToken))
            .WithName("SearchDocuments")
            .WithSummary("Searches the documents: every word, the last one as a prefix, misspelt ones too; the best results first.")
            .WithQueryParameters(SearchRequest.Parameters)
            .Produces<SearchAnswer>()
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        search.MapPost("", async (
                HttpContext context, ISearchIndex index, SearchMetrics metrics, TimeProvider time, CancellationToken cancellationToken) =>
                await SearchAsync(await SearchRequest.ReadAsync(context.Request, cancellationToken), index, metrics, time, cancellationToken))
            .WithName("SearchDocumentsByBody")
            .WithSummary("Searches the documents, as GET does, with the question in the body: {query, filters, limit, offset}.")
            .Accepts<SearchBody>("application/json")
            .Produces<SearchAnswer>()
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesValidationProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static MeasuredSearchIndex Measured<T>(IServiceProvider services) where T : ISearchIndex =>
        new(services.GetRequiredService<T>(), services.GetRequiredService<IMeterFactory>());

    private static async Task<IResult> SearchAsync(
        SearchRequest request, ISearchIndex index, SearchMetrics metrics, TimeProvider time, CancellationToken cancellationToken)
    {
        if (request.Errors is not null)
        {
            metrics.Refused();
            return RequestProblems.Invalid(request.Errors, request.Status);
        }
        var start = time.GetTimestamp();
        try
        {
            var page = await index.SearchAsync(request.Query, cancellationToken);
            var duration = time.GetElapsedTime(start);
            metrics.Searched(page.TotalCount > 0 ? SearchMetrics.Found : SearchMetrics.Nothing, duration);
            return TypedResults.Json(
                new SearchAnswer(
                    [.. page.Hits.Select(SearchResult.From)], page.TotalCount, page.TotalIsEstimate, request.Text, duration.TotalSeconds,
                    page.Facets),
                SearchJson.Default.SearchAnswer);
        }
        catch (ServiceUnavailableException)
        {
            metrics.Searched(SearchMetrics.Unavailable, time.GetElapsedTime(start));
            throw;
        }
    }
}
