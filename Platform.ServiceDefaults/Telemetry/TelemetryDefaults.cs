using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Instrumentation.AspNetCore;
using OpenTelemetry.Instrumentation.Http;
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

    /// <summary>Traces, metrics and logs over OTLP when an endpoint is configured; the same metrics for Prometheus to scrape.</summary>
    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter(Own)
                // Counts each request under its route, as http.server.request.duration does.
                .AddView("aspnetcore.routing.match_attempts", MetricStreamConfiguration.Drop)
                .SetExemplarFilter(ExemplarFilterType.TraceBased)
                .AddPrometheusExporter())
            .WithTracing(tracing => tracing
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddSource(Own));
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
        builder.Services.Configure<HttpClientTraceInstrumentationOptions>(options => options.EnrichWithHttpRequestMessage = (activity, request) =>
        {
            if (request.RequestUri is { } uri && SecretPaths.IsSecret(uri.AbsolutePath))
            {
                activity.SetTag("url.full", new Uri(uri, SecretPaths.Mask(uri.AbsolutePath)).AbsoluteUri);
            }
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
        if (!string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            builder.Logging.AddOpenTelemetry(logs =>
            {
                logs.IncludeFormattedMessage = true;
                logs.IncludeScopes = true;
            });
            telemetry.UseOtlpExporter();
        }
    }
}
