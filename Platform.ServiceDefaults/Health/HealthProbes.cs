using System.Net.Mime;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.ServiceDefaults.Health;

/// <summary>The three probes: 200, or 503 with the names of what failed.</summary>
internal sealed class HealthProbes(HealthCheckService checks)
{
    private volatile bool _startedUp;

    /// <summary>The process serves.</summary>
    public async Task LiveAsync(HttpContext context) =>
        await WriteAsync(context, await checks.CheckHealthAsync(check => check.Tags.Contains(HealthTags.Live), context.RequestAborted));

    /// <summary>Started, not stopping, and every dependency answers.</summary>
    public async Task ReadyAsync(HttpContext context)
    {
        var startedUp = _startedUp;
        var report = await checks.CheckHealthAsync(
            check => IsDependency(check) || (!startedUp && IsStartup(check)), context.RequestAborted);
        _startedUp |= report.Status != HealthStatus.Unhealthy;
        await WriteAsync(context, report);
    }

    /// <summary>Started; asked until it says yes and true from then on.</summary>
    public async Task StartupAsync(HttpContext context)
    {
        var startedUp = _startedUp;
        var report = await checks.CheckHealthAsync(check => !startedUp && IsStartup(check), context.RequestAborted);
        _startedUp |= report.Status != HealthStatus.Unhealthy;
        await WriteAsync(context, report);
    }

    private static bool IsStartup(HealthCheckRegistration check) => check.Tags.Contains(HealthTags.Startup);

    private static bool IsDependency(HealthCheckRegistration check) =>
        check.Tags.Contains(HealthTags.Ready) || !(check.Tags.Contains(HealthTags.Live) || IsStartup(check));

    /// <summary>Writes <c>{"status":"Unhealthy","checks":{"PostgreSql":"Unhealthy"}}</c>: names and states, never a check's text.</summary>
    private static async Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.StatusCode = report.Status == HealthStatus.Unhealthy
            ? StatusCodes.Status503ServiceUnavailable
            : StatusCodes.Status200OK;
        context.Response.ContentType = MediaTypeNames.Application.Json;
        context.Response.Headers.CacheControl = "no-store";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("status", report.Status.ToString());
        json.WriteStartObject("checks");
        foreach (var (name, entry) in report.Entries)
        {
            json.WriteString(name, entry.Status.ToString());
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
