using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Instrumentation.AspNetCore;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Platform.ServiceDefaults.Management;

namespace Platform.ServiceDefaults.Telemetry;

internal static class TelemetryDefaults
{
    /// <summary>
    /// The sources and meters of a service's own: <c>Platform.Api</c> and so on. AddNpgsqlDataSource adds those of Npgsql.
    /// </summary>
    private const string Own = "Platform.*";

    /// <summary>
    /// Traces that a service begins, a second, where neither Telemetry:TracesPerSecond nor OTEL_TRACES_SAMPLER says otherwise.
    /// </summary>
    private const int TracesPerSecond = 50;

    /// <summary>Characters of an attribute or a message that are exported, where OpenTelemetry's own variable does not say otherwise.</summary>
    private const int LongestValue = 4096;

    private const string ValueLimit = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT";

    /// <summary>Whether there is telemetry at all: OTEL_SDK_DISABLED ends all of it.</summary>
    public static bool IsEnabled(IConfiguration configuration) => !Is(configuration["OTEL_SDK_DISABLED"], "true");

    /// <summary>
    /// Traces, metrics and logs over OTLP when an endpoint is configured, each unless its variable (OTEL_METRICS_EXPORTER and so on) is none;
    /// the same metrics for Prometheus to scrape.
    /// </summary>
    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        if (!IsEnabled(builder.Configuration))
        {
            return;
        }
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?> { [ValueLimit] = LongestValue.ToString(CultureInfo.InvariantCulture) },
        });
        var limit = builder.Configuration.GetValue(ValueLimit, LongestValue);
        builder.Services.AddActivatedSingleton<ProcessMetrics>();
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics =>
            {
                metrics
                    .AddAspNetCoreInstrumentation()
                    .AddHttpClientInstrumentation()
                    .AddRuntimeInstrumentation()
                    .AddMeter(Own)
                    // Counts each request under its route, as http.server.request.duration does.
                    .AddView("aspnetcore.routing.match_attempts", MetricStreamConfiguration.Drop)
                    // Each costs something in every request, and says nothing that the duration with its route and status does not.
                    .AddView("aspnetcore.authentication.*", MetricStreamConfiguration.Drop)
                    .AddView("aspnetcore.authorization.*", MetricStreamConfiguration.Drop)
                    .AddView("aspnetcore.memory_pool.*", MetricStreamConfiguration.Drop)
                    .SetExemplarFilter(ExemplarFilterType.TraceBased)
                    .AddPrometheusExporter();
                if (IsExported(builder.Configuration, "METRICS"))
                {
                    metrics.AddOtlpExporter();
                }
            })
            .WithTracing(tracing =>
            {
                tracing
                    .AddAspNetCoreInstrumentation()
                    .AddHttpClientInstrumentation()
                    .AddSource(Own);
                if (IsExported(builder.Configuration, "TRACES"))
                {
                    tracing.AddProcessor(new LongValues.OfSpans(limit)).AddOtlpExporter();
                }
            });
        if (IsExported(builder.Configuration, "LOGS"))
        {
            telemetry.WithLogging(
                logging => logging.AddProcessor(new LongValues.OfLogs(limit)).AddOtlpExporter(),
                options =>
                {
                    options.IncludeFormattedMessage = true;
                    options.IncludeScopes = true;
                });
        }
        builder.Services.AddOptions<AspNetCoreTraceInstrumentationOptions>().Configure<ManagementPort>(
            (options, port) =>
            {
                options.Filter = context => !port.Received(context);
                options.EnrichWithHttpResponse = (activity, response) =>
                {
                    if (response.HttpContext.Request.Path.Value is { } path && SecretPaths.IsSecret(path))
                    {
                        activity.SetTag("url.path", SecretPaths.Mask(path));
                    }
                };
            });
        // OpenTelemetry's own variable, which Aspire sets to always_on in development, comes first.
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_TRACES_SAMPLER"]))
        {
            var perSecond = builder.Configuration.GetValue("Telemetry:TracesPerSecond", TracesPerSecond);
            telemetry.WithTracing(tracing =>
                tracing.SetSampler(new ParentBasedSampler(new RateLimitedSampler(perSecond, TimeProvider.System))));
        }
        // Aspire names the service; without it, OpenTelemetry would call it unknown_service.
        if (builder.Configuration["OTEL_SERVICE_NAME"] is null)
        {
            telemetry.ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName));
        }
    }

    private static bool IsExported(IConfiguration configuration, string signal) =>
        !string.IsNullOrWhiteSpace(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]) && !Is(configuration[$"OTEL_{signal}_EXPORTER"], "none");

    private static bool Is(string? value, string expected) => string.Equals(value?.Trim(), expected, StringComparison.OrdinalIgnoreCase);
}
