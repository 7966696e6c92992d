using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using Platform.ServiceDefaults.Correlation;
using Platform.ServiceDefaults.Errors;
using Platform.ServiceDefaults.Health;
using Platform.ServiceDefaults.Http;
using Platform.ServiceDefaults.Logging;
using Platform.ServiceDefaults.Management;
using Platform.ServiceDefaults.Telemetry;

namespace Microsoft.Extensions.Hosting;

/// <summary>
/// What every service of Platform has: telemetry, health, resilience, service discovery, correlation ids, problem documents, console logs
/// and a graceful end. Program.cs calls all three methods.
/// </summary>
public static class Extensions
{
    /// <summary>Adds the defaults of a Platform service. Call it first, before the service registers its own.</summary>
    /// <remarks>
    /// Configuration: <c>Management:Port</c> (health and metrics; none without it), <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> (traces, metrics and
    /// logs over OTLP; none without it), <c>OTEL_TRACES_EXPORTER</c>, <c>OTEL_METRICS_EXPORTER</c> and <c>OTEL_LOGS_EXPORTER</c> (<c>none</c>:
    /// not that one), <c>OTEL_SDK_DISABLED</c> (<c>true</c>: no telemetry, and no <c>/metrics</c>), <c>OTEL_TRACES_SAMPLER</c> or <c>Telemetry:TracesPerSecond</c> (which traces are kept; default 50
    /// a second), <c>Logging:Console:FormatterName</c> (<c>simple</c> or <c>json</c>), <c>Shutdown:DrainDelay</c> (how long a stopping
    /// service still serves while its readiness is 503; default none), <c>services:{name}:http:0..n</c> (service discovery).
    /// </remarks>
    /// <exception cref="InvalidOperationException"><c>Management:Port</c> or <c>Shutdown:DrainDelay</c> cannot be read (thrown at
    /// start).</exception>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddSingleton<ManagementPort>();
        builder.AddConsoleLogs();
        builder.AddTelemetry();
        builder.Services.AddHealth();
        builder.Services.AddResilientHttpClients();
        builder.Services.AddProblemDocuments();
        builder.Services.AddGracefulShutdown();
        builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.AddServerHeader = false);
        return builder;
    }

    /// <summary>
    /// Adds the middleware that every request passes first: the correlation id, problem documents for every error, and the management port,
    /// which serves <c>/health/live</c>, <c>/health/ready</c>, <c>/health/startup</c> and <c>/metrics</c> and nothing else.
    /// </summary>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        // Before anything is made that counts: what is counted before somebody listens is lost, as is a counter's first 0.
        app.Services.GetService<MeterProvider>();
        app.UseMiddleware<CorrelationIdMiddleware>();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseManagementPort();
        return app;
    }

    /// <summary>
    /// Makes sure, once the service listens, that its management endpoints can be reached. They need no routing, so that nothing that a
    /// service maps or adds can open them on its public port or be reached through theirs.
    /// </summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.VerifyManagementPort();
        return app;
    }
}
