using System.Security.Claims;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Security;
using Platform.ServiceDefaults.Correlation;

namespace Platform.Api.Audit;

/// <summary>
/// The table audit_log. An entry is written in the transaction of what it tells of: add its command to that <see cref="NpgsqlBatch"/>,
/// which is one transaction and one round trip.
/// </summary>
internal static class AuditLog
{
    /// <summary>Who acts by itself: the trash is emptied, a task is tried again.</summary>
    public const string System = "system";

    /// <summary>
    /// The one who sent the request: <c>key:{name}</c>, <c>user:{name}</c> who has signed in at the edge, or <c>public</c> with neither.
    /// </summary>
    public static string Actor(this HttpContext context) =>
        context.User.FindFirstValue(ClaimTypes.Name) is not { } name ? "public"
        : context.User.Identity?.AuthenticationType == EdgeToken.SchemeName ? $"user:{name}"
        : $"key:{name}";

    /// <param name="action">What was done, such as <c>document.uploaded</c>.</param>
    /// <param name="subject">To what, such as <c>document:{id}</c>.</param>
    /// <param name="details">What else is worth knowing; no personal data beyond the ids.</param>
    public static NpgsqlBatchCommand Entry(HttpContext context, string action, string subject, IReadOnlyDictionary<string, string>? details = null) =>
        Entry(context.Actor(), context.GetCorrelationId(), action, subject, details);

    /// <inheritdoc cref="Entry(HttpContext, string, string, IReadOnlyDictionary{string, string}?)"/>
    /// <param name="at">When it happened; null is the time of the database.</param>
    public static NpgsqlBatchCommand Entry(
        string actor, string? correlationId, string action, string subject, IReadOnlyDictionary<string, string>? details = null,
        DateTimeOffset? at = null) =>
        new("INSERT INTO audit_log (actor, action, subject, details, correlation_id, at) VALUES ($1, $2, $3, $4, $5, COALESCE($6, now()))")
        {
            Parameters =
            {
                new() { Value = actor },
                new() { Value = action },
                new() { Value = subject },
                new() { Value = JsonSerializer.Serialize(details ?? new Dictionary<string, string>()), NpgsqlDbType = NpgsqlDbType.Jsonb },
                new() { Value = (object?)correlationId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = (object?)at?.UtcDateTime ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz },
            },
        };
}
