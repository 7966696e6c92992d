using System.Diagnostics.Metrics;
using System.Net.Mime;
using System.Text.Json;
using System.Text.Json.Serialization;
using Platform.Api.Database;
using Platform.Api.Requests;

namespace Platform.Api.Visitors;

internal static class VisitorEndpoints
{
    public static void AddVisitors(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<VisitorCounter>();
        builder.Services.AddHostedService(services => services.GetRequiredService<VisitorCounter>());
        builder.Services.AddSingleton<VisitStore>();
        builder.Services.AddSingleton(services => new GroupCommit<Visit>(
            services.GetRequiredService<VisitStore>().AddAsync,
            services.GetRequiredService<DatabaseOptions>(),
            services.GetRequiredService<IMeterFactory>()));
    }

    public static void MapVisitors(this IEndpointRouteBuilder app)
    {
        app.MapGet("/stats", StatsAsync)
            .AllowAnonymous()
            .WithTags("Visitors")
            .WithName("GetStats")
            .WithSummary("The visitor counter as it is in the database now.")
            .Produces<VisitorStats>()
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

        app.MapPost("/visits", VisitAsync)
            .AllowAnonymous()
            .WithTags("Visitors")
            .WithName("RecordVisit")
            .WithSummary("Counts a visit. The body is optional.")
            .Accepts<VisitRequest>(isOptional: true, "application/json", "application/x-www-form-urlencoded", "multipart/form-data")
            .Produces<VisitReceipt>(StatusCodes.Status202Accepted)
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesValidationProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task StatsAsync(
        HttpContext context, VisitorCounter counter, TimeProvider time, CancellationToken cancellationToken)
    {
        var count = await counter.ReadAsync().WaitAsync(cancellationToken);
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new(count, time.GetUtcNow().UtcDateTime, EnhancedFeatures: true), VisitorJson.Default.VisitorStats);
        context.Response.ContentType = MediaTypeNames.Application.Json;
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.BodyWriter.WriteAsync(body, cancellationToken);
    }

    private static async Task<IResult> VisitAsync(
        HttpContext context, GroupCommit<Visit> writer, TimeProvider time, CancellationToken cancellationToken)
    {
        var fields = await TextFields.ReadAsync(context.Request, Visit.Fields, cancellationToken, isOptional: true);
        if (fields.Errors is not null)
        {
            return RequestProblems.Invalid(fields.Errors, fields.Status);
        }
        var visit = Visit.From(fields, time.GetUtcNow());
        var visitor = await writer.WriteAsync(visit, cancellationToken);
        return TypedResults.Json(
            new VisitReceipt(visitor, visit.Timestamp), VisitorJson.Default.VisitReceipt, statusCode: StatusCodes.Status202Accepted);
    }
}

/// <summary>What POST /visits takes.</summary>
internal sealed record VisitRequest(string? Page = null, string? Referrer = null);

/// <summary>This visit's own value of the counter.</summary>
internal sealed record VisitReceipt(long VisitorCount, DateTime Timestamp);

/// <summary>The answer of GET /stats.</summary>
internal sealed record VisitorStats(long VisitorCount, DateTime Timestamp, bool EnhancedFeatures);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(VisitRequest))]
[JsonSerializable(typeof(VisitReceipt))]
[JsonSerializable(typeof(VisitorStats))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class VisitorJson : JsonSerializerContext;
