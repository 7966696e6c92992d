using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Platform.ServiceDefaults.Health;
using Platform.ServiceDefaults.Telemetry;

namespace Platform.ServiceDefaults.Management;

/// <summary>The listener for probes and scrapes, named by <c>Management:Port</c>. Nothing of it exists without that.</summary>
internal sealed class ManagementPort(IConfiguration configuration)
{
    public int? Number { get; } = configuration.GetValue<int?>("Management:Port");

    /// <summary>By the socket the request came in on: the Host header is the client's to choose.</summary>
    public bool Received(HttpContext context) => Number is { } number && context.Connection.LocalPort == number;
}

internal static partial class ManagementEndpoints
{
    /// <summary>A branch of its own, before anything of the service: neither side can reach what the other serves.</summary>
    public static void UseManagementPort(this WebApplication app)
    {
        var port = app.Services.GetRequiredService<ManagementPort>();
        if (port.Number is null)
        {
            return;
        }
        var probes = app.Services.GetRequiredService<HealthProbes>();
        app.MapWhen(port.Received, branch =>
        {
            branch.Use((context, next) =>
            {
                // Probes and scrapes would drown the service's own requests.
                context.Features.Get<IHttpMetricsTagsFeature>()?.MetricsDisabled = true;
                return next(context);
            });
            if (TelemetryDefaults.IsEnabled(app.Configuration))
            {
                branch.UseOpenTelemetryPrometheusScrapingEndpoint(context => IsRead(context) && context.Request.Path == "/metrics");
            }
            branch.Run(context => IsRead(context) ? Answer(context, probes) : NotFound(context));
        });
    }

    public static void VerifyManagementPort(this WebApplication app) => app.Lifetime.ApplicationStarted.Register(() =>
    {
        // No addresses: an in-memory test server.
        if (app.Services.GetRequiredService<ManagementPort>().Number is { } number && app.Urls.Count > 0
            && !app.Urls.Any(url => BindingAddress.Parse(url).Port == number))
        {
            LogUnreachable(app.Logger, number, string.Join(' ', app.Urls));
        }
    });

    private static Task Answer(HttpContext context, HealthProbes probes) => context.Request.Path.Value switch
    {
        "/health/live" => probes.LiveAsync(context),
        "/health/ready" => probes.ReadyAsync(context),
        "/health/startup" => probes.StartupAsync(context),
        _ => NotFound(context),
    };

    private static Task NotFound(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static bool IsRead(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);

    [LoggerMessage(LogLevel.Error, "Management:Port is {Port}, but the server listens on {Addresses} only: "
        + "health and metrics cannot be reached. "
        + "Add the port to ASPNETCORE_URLS", EventName = "ManagementPortUnreachable")]
    private static partial void LogUnreachable(ILogger logger, int port, string addresses);
}
