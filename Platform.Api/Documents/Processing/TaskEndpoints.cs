using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Audit;
using Platform.Api.OpenApi;
using Platform.Api.Requests;
using Platform.Api.Security;

namespace Platform.Api.Documents.Processing;

internal static class TaskEndpoints
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    public static void MapTasks(this IEndpointRouteBuilder app)
    {
        app.MapGet("/admin/tasks", ListAsync)
            .RequireScope(Scopes.Admin)
            .WithTags("Administration")
            .WithName("ListTasks")
            .WithSummary("The work on documents, newest first, by state, kind and document; before takes the last id of the page before.")
            .WithQueryParameters("state", "kind", "document_id", "before", "limit")
            .Produces<TaskList>()
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity);
        app.MapPost("/admin/search/reindex", ReindexAsync)
            .RequireScope(Scopes.Admin)
            .WithTags("Administration")
            .WithName("RebuildSearchIndex")
            .WithSummary("Has the search index built anew beside the one that serves, which it then replaces at once.")
            .Produces<TaskReceipt>(StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var parameters = new QueryParameters(request.Query);
        var state = parameters.Choice("state", DocumentTask.States);
        var kind = parameters.Choice("kind", DocumentTask.Kinds);
        var limit = parameters.Limit(DefaultLimit, MaxLimit);
        var document = default(Guid?);
        if (parameters.Single("document_id") is { } sentId)
        {
            document = Guid.TryParse(sentId, out var id) ? id : null;
            if (document is null)
            {
                parameters.Errors["document_id"] = ["must be the id of a document"];
            }
        }
        var before = long.MaxValue;
        if (parameters.Single("before") is { } sentBefore
            && !long.TryParse(sentBefore, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            parameters.Errors["before"] = ["must be the id of a task"];
        }
        if (parameters.Errors.Count > 0)
        {
            return RequestProblems.Invalid(parameters.Errors);
        }

        await using var command = database.CreateCommand("""
            SELECT id, kind, document_id, state, attempts, run_at, last_error, requested_by, created_at, started_at, finished_at
            FROM document_tasks
            WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR kind = $2) AND ($3 IS NULL OR document_id = $3) AND id < $4
            ORDER BY id DESC LIMIT $5
            """);
        command.Parameters.Add(new() { Value = (object?)state ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = (object?)kind ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = (object?)document ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = before });
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tasks = new List<TaskSummary>();
        while (await reader.ReadAsync(cancellationToken))
        {
            tasks.Add(new(
                reader.GetInt64(0),
                reader.GetString(1),
                reader.IsDBNull(2) ? null : reader.GetGuid(2),
                reader.GetString(3),
                reader.GetInt32(4),
                reader.GetDateTime(5),
                reader.IsDBNull(6) ? null : reader.GetString(6),
                reader.GetString(7),
                reader.GetDateTime(8),
                reader.IsDBNull(9) ? null : reader.GetDateTime(9),
                reader.IsDBNull(10) ? null : reader.GetDateTime(10)));
        }
        return TypedResults.Json(new TaskList(tasks), ProcessingJson.Default.TaskList);
    }

    private static async Task<IResult> ReindexAsync(HttpContext context, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new("INSERT INTO document_tasks (kind, requested_by) VALUES ('reindex', $1) ON CONFLICT DO NOTHING")
        {
            Parameters = { new() { Value = context.Actor() } },
        });
        batch.BatchCommands.Add(AuditLog.Entry(context, "search.reindex", "search"));
        // The new task, or the one that was waiting.
        batch.BatchCommands.Add(new("SELECT id FROM document_tasks WHERE kind = 'reindex' ORDER BY id DESC LIMIT 1"));
        var task = (long)(await batch.ExecuteScalarAsync(cancellationToken))!;
        return TypedResults.Json(
            new TaskReceipt(task, DocumentTask.Reindex), ProcessingJson.Default.TaskReceipt, statusCode: StatusCodes.Status202Accepted);
    }
}

/// <summary>A task as the API shows it.</summary>
/// <param name="LastError">For a person.</param>
internal sealed record TaskSummary(
    long Id,
    string Kind,
    Guid? DocumentId,
    string State,
    int Attempts,
    DateTime RunAt,
    string? LastError,
    string RequestedBy,
    DateTime CreatedAt,
    DateTime? StartedAt,
    DateTime? FinishedAt);

/// <summary>A page of tasks.</summary>
internal sealed record TaskList(IReadOnlyList<TaskSummary> Tasks);

/// <summary>A task that was asked for.</summary>
internal sealed record TaskReceipt(long TaskId, string Kind);
