using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;
using Platform.Api.Database;
using Platform.Api.OpenApi;
using Platform.Api.Requests;
using Platform.Api.Security;

namespace Platform.Api.Audit;

internal static class AuditEndpoints
{
    private const string Path = "/admin/audit";
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    private static readonly TextField Actor = new("actor", 200), Action = new("action", 100), Subject = new("subject", 300);
    private static readonly string[] Parameters = ["actor", "action", "subject", "from", "to", "cursor", "limit"];

    /// <summary>Adds the time after which entries are deleted.</summary>
    public static void AddAudit(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<AuditOptions>().BindConfiguration(AuditOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddRetention<AuditOptions>("audit_log", "at", options => options.RetentionDays);
    }

    public static void MapAudit(this IEndpointRouteBuilder app)
    {
        app.MapPost(Path, EdgeEntry.AddAsync).RequireScope(Scopes.Audit).ExcludeFromDescription();
        app.MapAuditList();
    }

    private static void MapAuditList(this IEndpointRouteBuilder app) => app.MapGet(Path, ListAsync)
        .RequireScope(Scopes.Admin)
        .WithTags("Administration")
        .WithName("ListAuditEntries")
        .WithSummary("Who did what, newest first, by actor, action, subject and time (from inclusive, to exclusive).")
        .WithQueryParameters(Parameters)
        .Produces<AuditPage>()
        .ProducesValidationProblem(StatusCodes.Status400BadRequest)
        .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<IResult> ListAsync(HttpContext context, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var parameters = new QueryParameters(context.Request.Query);
        var (actor, action, subject) = (parameters.Text(Actor), parameters.Text(Action), parameters.Text(Subject));
        var (from, to, limit) = (parameters.Time("from"), parameters.Time("to"), parameters.Limit(DefaultLimit, MaxLimit));
        long? before = null;
        if (parameters.Single("cursor") is { } sent)
        {
            if (long.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var cursor))
            {
                before = cursor;
            }
            else
            {
                parameters.Errors["cursor"] = ["must be a next_cursor of this list"];
            }
        }
        if (parameters.Errors.Count > 0)
        {
            return RequestProblems.Invalid(
                parameters.Errors,
                parameters.Errors.ContainsKey("cursor") ? StatusCodes.Status400BadRequest : StatusCodes.Status422UnprocessableEntity);
        }

        await using var command = database.CreateCommand();
        var conditions = new List<string>();
        Where("actor =", actor);
        Where("action =", action);
        Where("subject =", subject);
        Where("at >=", from);
        Where("at <", to);
        Where("id <", before);
        // One more than was asked for tells whether there is a next page.
        command.CommandText = $"""
            SELECT id, at, actor, action, subject, details, correlation_id FROM audit_log
            {(conditions.Count > 0 ? "WHERE " + string.Join(" AND ", conditions) : "")}
            ORDER BY id DESC LIMIT {limit + 1}
            """;
        var entries = new List<AuditEntry>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(new(
                reader.GetInt64(0),
                reader.GetDateTime(1),
                reader.GetString(2),
                reader.GetString(3),
                reader.GetString(4),
                reader.GetFieldValue<JsonElement>(5),
                reader.IsDBNull(6) ? null : reader.GetString(6)));
        }
        var isLast = entries.Count <= limit;
        if (!isLast)
        {
            entries.RemoveAt(limit);
        }
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(
            new(entries, isLast ? null : entries[^1].Id.ToString(CultureInfo.InvariantCulture)), AuditJson.Default.AuditPage);

        void Where(string comparison, object? value)
        {
            if (value is not null)
            {
                command.Parameters.Add(new() { Value = value });
                conditions.Add($"{comparison} ${command.Parameters.Count}");
            }
        }
    }
}

/// <summary>An entry of the audit log.</summary>
internal sealed record AuditEntry(
    long Id, DateTime At, string Actor, string Action, string Subject, JsonElement Details, string? CorrelationId);

/// <summary>A page, newest first.</summary>
/// <param name="NextCursor">Where the next page begins; null on the last.</param>
internal sealed record AuditPage(IReadOnlyList<AuditEntry> Entries, string? NextCursor);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AuditPage))]
internal sealed partial class AuditJson : JsonSerializerContext;
