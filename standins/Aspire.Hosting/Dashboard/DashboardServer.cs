// Stands in for the package Aspire.Hosting 13.5.4.

using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dcp;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Dashboard;

/// <summary>The Aspire dashboard: its pages for traces, metrics and logs, which projects send over OTLP.</summary>
internal sealed partial class DashboardServer(
    IConfiguration configuration, IHostEnvironment environment, AspireBundle bundle, DcpServer dcp, ILogger<DashboardServer> log)
{
    private readonly string _token = configuration["ASPIRE_DASHBOARD_FRONTEND_BROWSERTOKEN"] ?? Random();
    private readonly string _telemetryKey = Random();
    private string _frontend = "";
    private string _telemetry = "";
    private bool _ended;

    /// <summary>Its name in DCP.</summary>
    public const string Name = "aspire-dashboard";

    /// <summary>Chooses the addresses.</summary>
    /// <exception cref="DistributedApplicationException">One is taken; the message says how to choose another.</exception>
    public void Configure()
    {
        _frontend = Free("ASPNETCORE_URLS", configuration["ASPNETCORE_URLS"]?.Split(';')[0] ?? "http://localhost:18888");
        _telemetry = Free("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] ?? "http://localhost:18889");
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        JsonArray variables = [];
        foreach (var (name, value) in new (string, string)[]
        {
            ("ASPNETCORE_ENVIRONMENT", "Production"),
            ("ASPNETCORE_URLS", _frontend),
            ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", _telemetry),
            ("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true"),
            ("DASHBOARD__FRONTEND__AUTHMODE", "BrowserToken"),
            ("DASHBOARD__FRONTEND__BROWSERTOKEN", _token),
            ("DASHBOARD__OTLP__AUTHMODE", "ApiKey"),
            ("DASHBOARD__OTLP__PRIMARYAPIKEY", _telemetryKey),
        })
        {
            variables.Add(new JsonObject { ["name"] = name, ["value"] = value });
        }

        await dcp.CreateAsync("executables", new JsonObject
        {
            ["kind"] = "Executable",
            ["metadata"] = new JsonObject { ["name"] = Name },
            ["spec"] = new JsonObject
            {
                ["executablePath"] = bundle.Managed,
                ["workingDirectory"] = Path.GetDirectoryName(bundle.Managed),
                ["args"] = new JsonArray("dashboard"),
                ["env"] = variables,
            },
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Where a project sends its telemetry.</summary>
    public void AddTelemetry(IResource resource, Dictionary<string, object> variables)
    {
        variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = _telemetry;
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
        variables["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-otlp-api-key={_telemetryKey}";
        variables["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory";
        variables["OTEL_SERVICE_NAME"] = resource.Name;
        variables["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={Random()[..8]}";
        if (environment.IsDevelopment())
        {
            // What a person does shows in the dashboard within a second.
            variables["OTEL_BLRP_SCHEDULE_DELAY"] = "1000";
            variables["OTEL_BSP_SCHEDULE_DELAY"] = "1000";
            variables["OTEL_METRIC_EXPORT_INTERVAL"] = "1000";
            variables["OTEL_TRACES_SAMPLER"] = "always_on";
            variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
        }
    }

    /// <summary>Takes note of what DCP says of it: without it the graph runs on.</summary>
    public void Observe(JsonElement status)
    {
        if (!_ended && status.TryGetProperty("state", out var state) && state.GetString() is "Finished" or "Terminated" or "FailedToStart")
        {
            _ended = true;
            LogEnded(log, status.TryGetProperty("exitCode", out var code) && code.ValueKind == JsonValueKind.Number ? $"exit code {code}" : state.GetString()!);
        }
    }

    /// <summary>Says where people see it, if it runs.</summary>
    public void TellLogin()
    {
        if (!_ended)
        {
            LogLogin(log, $"{_frontend}/login?t={_token}");
        }
    }

    private static string Free(string setting, string address)
    {
        var port = Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri!.Port
            : throw new DistributedApplicationException($"{setting}={address} is not an address: give one such as http://localhost:18888.");
        return Ports.IsTaken(port)
            ? throw new DistributedApplicationException(
                $"Port {port}, which the dashboard needs, is taken: end the program that uses it, or choose another with `-- --{setting}=http://localhost:{port + 100}`.")
            : address;
    }

    private static string Random() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    [LoggerMessage(LogLevel.Warning, "The dashboard has ended ({How}); the application runs on without it")]
    private static partial void LogEnded(ILogger logger, string how);

    [LoggerMessage(LogLevel.Information, "Login to the dashboard at {Url}")]
    private static partial void LogLogin(ILogger logger, string url);
}
