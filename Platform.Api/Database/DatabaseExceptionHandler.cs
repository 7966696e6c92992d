using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace Platform.Api.Database;

/// <summary>
/// The one place that turns what the driver throws when a database is away, starting, full or too slow into 503 with <c>Retry-After</c>.
/// </summary>
internal sealed partial class DatabaseExceptionHandler(
    Migrator migrator, IProblemDetailsService problems, ILogger<DatabaseExceptionHandler> logger) : IExceptionHandler
{
    private const int RetryAfterSeconds = 1;

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        // Before the schema is there any complaint of the server means "not yet".
        if (!IsUnavailable(exception) && !(exception is PostgresException && !migrator.IsComplete))
        {
            return false;
        }
        LogUnavailable(exception.GetType().Name, (exception as PostgresException)?.SqlState, exception.Message);
        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        return await problems.TryWriteAsync(new()
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Detail = "The database did not answer. Try again shortly; a change that was sent may or may not have been made.",
            },
        });
    }

    internal static bool IsUnavailable(Exception exception) => exception switch
    {
        TimeoutException => true,
        // PostgreSQL, appendix A: 08 connection, 25006 read-only standby, 28 not let in, 3D000 no such database, 40 deadlock, 53 out of
        // connections, memory or disk, 55P03 lock timeout, 57 cancelled, shut down or starting, 58 I/O error.
        PostgresException { SqlState: "25006" or "3D000" or "55P03" } => true,
        PostgresException { SqlState: [var c1, var c2, ..] } =>
            (c1, c2) is ('0', '8') or ('2', '8') or ('4', '0') or ('5', '3' or '7' or '8'),
        // Not an answer of the server: the connection, the pool or the clock failed.
        NpgsqlException => true,
        _ => false,
    };

    [LoggerMessage(LogLevel.Warning, "The database is unavailable: {Kind} {SqlState} {Reason}", EventName = "DatabaseUnavailable")]
    private partial void LogUnavailable(string kind, string? sqlState, string reason);
}
