using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;
using Platform.Edge.Limits;
using Platform.ServiceDefaults.Correlation;
using Platform.ServiceDefaults.Telemetry;
using Yarp.ReverseProxy.Model;

namespace Platform.Edge.Logging;

/// <summary>
/// One entry a request: to the log pipeline under the category <c>AccessLog</c>, from which OTLP takes it in batches, and to a file when
/// one is configured. Neither makes a request wait. The pipeline gets so many a second, so that a flood of requests is none of telemetry;
/// those beyond are counted in <c>edge_access_log_unexported_total</c>.
/// </summary>
internal sealed partial class AccessLog
{
    public const string Category = "AccessLog";

    private const int ClientClosedRequest = 499;
    private const int LongestPath = 512;

    private readonly RequestDelegate _next;
    private readonly AccessLogFile _file;
    private readonly ILogger _logger;
    private readonly Buckets _exported;
    private readonly Counter<long> _unexported;

    public AccessLog(
        RequestDelegate next, ILoggerFactory loggers, AccessLogFile file, IOptions<AccessLogOptions> options, TimeProvider time,
        IMeterFactory meters)
    {
        _next = next;
        _file = file;
        _logger = loggers.CreateLogger(Category);
        var perSecond = options.Value.ExportedPerSecond;
        _exported = new Buckets(Category, new Rate(perSecond, 2 * perSecond), count: 1, time);
        _unexported = meters.Create(Telemetry.MeterName).CreateCounter<long>(
            "edge_access_log_unexported_total", description: "Lines of the access log that did not go to the log pipeline.");
        _unexported.Add(0);
    }

    public Task InvokeAsync(HttpContext context) =>
        _file.IsOpen || _logger.IsEnabled(LogLevel.Information) ? LogAsync(context) : _next(context);

    private async Task LogAsync(HttpContext context)
    {
        var start = Stopwatch.GetTimestamp();
        var time = DateTime.UtcNow;
        var body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var counter = new CountingStream(body.Stream);
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(counter, body));
        var failed = true;
        try
        {
            await _next(context);
            // What is still in the pipe over the stream counts, too.
            await context.Response.CompleteAsync();
            failed = false;
        }
        finally
        {
            context.Features.Set(body);
            Write(Entry(context, failed, time, Stopwatch.GetElapsedTime(start), counter.Written));
        }
    }

    private static AccessLogEntry Entry(HttpContext context, bool failed, DateTime time, TimeSpan duration, long bytes)
    {
        var path = SecretPaths.Mask(context.Request.Path.Value ?? "");
        var status = context switch
        {
            { Response.HasStarted: true } => context.Response.StatusCode,
            { RequestAborted.IsCancellationRequested: true } => ClientClosedRequest,
            // The exception handler, which is further out, has not answered yet.
            _ => failed ? StatusCodes.Status500InternalServerError : context.Response.StatusCode,
        };
        return new AccessLogEntry(
            time,
            context.Connection.RemoteIpAddress?.ToString(),
            Known(context.Request.Method) ?? "other",
            context.GetEndpoint()?.Metadata.GetMetadata<IRouteDiagnosticsMetadata>()?.Route,
            path.Length > LongestPath ? path[..LongestPath] : path,
            status,
            bytes,
            Math.Round(duration.TotalMilliseconds, 3),
            context.Features.Get<IReverseProxyFeature>()?.ProxiedDestination?.DestinationId,
            context.GetCorrelationId(),
            Activity.Current?.TraceId.ToHexString());
    }

    /// <summary>The method, if it is one of HTTP's; null when the client invented it.</summary>
    public static string? Known(string method) => method switch
    {
        "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" or "TRACE" or "CONNECT" => method,
        _ => null,
    };

    private void Write(in AccessLogEntry entry)
    {
        _file.Add(entry);
        if (!_logger.IsEnabled(LogLevel.Information))
        {
            return;
        }

        if (_exported.TryTake(client: 0, out _))
        {
            LogRequest(
                _logger, entry.Method, entry.Path, entry.Status, entry.DurationMs, entry.Client, entry.Route, entry.Bytes, entry.Upstream,
                entry.CorrelationId);
        }
        else
        {
            _unexported.Add(1);
        }
    }

    [LoggerMessage(
        EventName = "Request",
        Level = LogLevel.Information,
        Message = "{method} {path} {status} in {duration_ms} ms: client {client}, route {route}, {bytes} bytes, upstream {upstream}, "
            + "correlation {correlation_id}")]
    private static partial void LogRequest(
        ILogger logger, string method, string path, int status, double duration_ms, string? client, string? route, long bytes,
        string? upstream, string correlation_id);
}

internal static class AccessLogExtensions
{
    public static void AddAccessLog(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<AccessLogOptions>().BindConfiguration("AccessLog")
            .Validate(options => options.IsValid(), "AccessLog: sizes and counts must be above 0, and lines a second no more than a million.")
            .ValidateOnStart();
        builder.Services.AddSingleton<AccessLogFile>();
        builder.Services.AddHostedService(services => services.GetRequiredService<AccessLogFile>());
    }

    public static void UseAccessLog(this WebApplication app) => app.UseMiddleware<AccessLog>();
}
