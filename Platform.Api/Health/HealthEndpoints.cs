using System.Text.Json.Serialization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Platform.Api.Database;
using Platform.Api.Search;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Health;

namespace Platform.Api.Health;

internal static class HealthEndpoints
{
    private const string Service = "platform-api";

    private static readonly string Version = typeof(HealthEndpoints).Assembly.GetName().Version!.ToString(3);

    public static void AddWarmUp(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<WarmUp>();
        builder.Services.AddHostedService(services => services.GetRequiredService<WarmUp>());
        builder.Services.AddHealthChecks().AddCheck<WarmUp>(WarmUp.Check, HealthStatus.Unhealthy, [HealthTags.Startup]);
    }

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health", HealthAsync)
            .AllowAnonymous()
            .WithTags("Service")
            .WithName("GetHealth")
            .WithSummary("Whether the service and what it depends on work.")
            .Produces<ServiceHealth>()
            .Produces<ServiceHealth>(StatusCodes.Status503ServiceUnavailable);

        var info = new ServiceInfo(Service, Version, ["contacts", "documents", "search", "analytics", "visitors", "api-keys"]);
        app.MapGet("/api", () => TypedResults.Json(info, HealthJson.Default.ServiceInfo))
            .AllowAnonymous()
            .WithTags("Service")
            .WithName("GetServiceInfo")
            .WithSummary("What this service is and can.")
            .Produces<ServiceInfo>();
    }

    /// <summary>
    /// The checks are asked once in 2 s at most, whoever asks (ServiceDefaults), so that probes cost the database nothing (R09).
    /// </summary>
    private static async Task<IResult> HealthAsync(
        HttpContext context, HealthCheckService checks, TimeProvider time, CancellationToken cancellationToken)
    {
        var report = await checks.CheckHealthAsync(check => !check.Tags.Contains(HealthTags.Live), cancellationToken);
        var status = report.Status switch
        {
            HealthStatus.Healthy => "healthy",
            HealthStatus.Degraded => "degraded",
            _ => "unhealthy",
        };
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(
            new ServiceHealth(
                status,
                time.GetUtcNow().UtcDateTime,
                Version,
                new Dictionary<string, string>
                {
                    ["database"] = State(DatabaseExtensions.HealthCheck, DatabaseExtensions.MigrationsCheck),
                    ["storage"] = State(ObjectStoreCheck.Name),
                    ["search"] = State(SearchHealthCheck.Name),
                }),
            HealthJson.Default.ServiceHealth,
            statusCode: report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);

        string State(params string[] names) =>
            names.All(name => report.Entries[name].Status == HealthStatus.Healthy) ? "connected" : "unavailable";
    }
}

/// <summary>The answer of GET /health.</summary>
/// <param name="Status"><c>healthy</c>, <c>degraded</c> when something works only in part, or <c>unhealthy</c>.</param>
/// <param name="Services">Each dependency: <c>connected</c> or <c>unavailable</c>, and no reason, which is in the log.</param>
internal sealed record ServiceHealth(string Status, DateTime Timestamp, string Version, Dictionary<string, string> Services);

/// <summary>The answer of GET /api.</summary>
internal sealed record ServiceInfo(string Service, string Version, string[] Capabilities);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ServiceHealth))]
[JsonSerializable(typeof(ServiceInfo))]
internal sealed partial class HealthJson : JsonSerializerContext;
