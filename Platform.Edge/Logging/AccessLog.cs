using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Platform.ServiceDefaults.Correlation;
using Platform.ServiceDefaults.Telemetry;
using Yarp.ReverseProxy.Model;

namespace Platform.Edge.Logging;

/// <summary>
/// One entry a request: to the log pipeline under the category <c>AccessLog</c>, from which OTLP takes it in batches, and to a file when
/// one is configured. Neither makes a request wait.
/// </summary>
internal sealed partial class AccessLog(RequestDelegate next, ILoggerFactory loggers, AccessLogFile file)
{
    public const string Category = "AccessLog";

    private const int ClientClosedRequest = 499;
    private const int LongestPath = 512;

    private readonly ILogger _logger = loggers.CreateLogger(Category);

    public Task InvokeAsync(HttpContext context) =>
        file.IsOpen || _logger.IsEnabled(LogLevel.Information) ? LogAsync(context) : next(context);

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
            await next(context);
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
            Known(context.Request.Method),
            context.GetEndpoint()?.Metadata.GetMetadata<IRouteDiagnosticsMetadata>()?.Route,
            path.Length > LongestPath ? path[..LongestPath] : path,
            status,
            bytes,
            Math.Round(duration.TotalMilliseconds, 3),
            context.Features.Get<IReverseProxyFeature>()?.ProxiedDestination?.DestinationId,
            context.GetCorrelationId(),
            Activity.Current?.TraceId.ToHexString());
    }

    private static string Known(string method) => method switch
    {
        "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" or "TRACE" or "CONNECT" => method,
        _ => "other",
    };

    private void Write(in AccessLogEntry entry)
    {
        file.Add(entry);
        if (_logger.IsEnabled(LogLevel.Information))
        {
            LogRequest(
                _logger, entry.Method, entry.Path, entry.Status, entry.DurationMs, entry.Client, entry.Route, entry.Bytes, entry.Upstream,
                entry.CorrelationId);
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
            .Validate(options => options.IsValid(), "AccessLog: sizes and counts must be above 0.")
            .ValidateOnStart();
        builder.Services.AddSingleton<AccessLogFile>();
        builder.Services.AddHostedService(services => services.GetRequiredService<AccessLogFile>());
    }

    public static void UseAccessLog(this WebApplication app) => app.UseMiddleware<AccessLog>();
}
