using System.Text.Json;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Platform.Api.Documents.Processing;

/// <summary>
/// The table document_tasks as a queue that any number of instances share: a task is taken with <c>FOR UPDATE SKIP LOCKED</c>, belongs to
/// its taker for the time of a lease that is renewed, and goes to the next one when that passes.
/// </summary>
internal sealed class TaskQueue(NpgsqlDataSource database, IOptions<ProcessingOptions> options)
{
    /// <summary>The channel on which the table's trigger tells of new tasks.</summary>
    public const string Channel = "document_tasks";

    private readonly ProcessingOptions _options = options.Value;

    /// <summary>Takes the task that has waited longest, one whose lease has passed before all others; null when there is none.</summary>
    public async Task<DocumentTask?> TakeAsync(CancellationToken cancellationToken) =>
        await TakeAsync("state = 'running' AND leased_until < now()", "leased_until", cancellationToken)
        ?? await TakeAsync("state = 'queued' AND run_at <= now()", "run_at, id", cancellationToken);

    private async Task<DocumentTask?> TakeAsync(string condition, string order, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            UPDATE document_tasks AS task SET
                state = 'running', lease = $1, leased_until = now() + $2, attempts = attempts + 1, started_at = now(), last_error = NULL
            FROM (
                SELECT id, last_error FROM document_tasks WHERE {condition} ORDER BY {order} LIMIT 1 FOR UPDATE SKIP LOCKED
            ) AS next
            WHERE task.id = next.id
            RETURNING task.id, kind, document_id, attempts, progress, requested_by, traceparent, next.last_error
            """);
        var lease = Guid.CreateVersion7();
        command.Parameters.Add(new() { Value = lease });
        command.Parameters.Add(new() { Value = _options.Lease });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(
                reader.GetInt64(0),
                reader.GetString(1),
                reader.IsDBNull(2) ? null : reader.GetGuid(2),
                lease,
                reader.GetInt32(3),
                reader.IsDBNull(4) ? new() : JsonSerializer.Deserialize(reader.GetString(4), TaskProgressJson.Default.TaskProgress)!,
                reader.GetString(5),
                reader.IsDBNull(6) ? null : reader.GetString(6),
                reader.IsDBNull(7) ? null : reader.GetString(7))
            : null;
    }

    /// <summary>Prolongs the lease.</summary>
    /// <exception cref="LeaseLostException">It has passed, and somebody else has taken the task.</exception>
    public Task RenewAsync(DocumentTask task, CancellationToken cancellationToken) =>
        UpdateAsync(task, connection: null, "leased_until = now() + $3", [_options.Lease], cancellationToken);

    /// <summary>Notes how far the task has come, and prolongs the lease.</summary>
    /// <param name="connection">Of the transaction of what was done, where there is one.</param>
    /// <exception cref="LeaseLostException">Somebody else has taken the task.</exception>
    public Task SaveProgressAsync(
        DocumentTask task, TaskProgress progress, NpgsqlConnection? connection, CancellationToken cancellationToken) =>
        UpdateAsync(
            task,
            connection,
            "progress = $3::jsonb, leased_until = now() + $4",
            [JsonSerializer.Serialize(progress, TaskProgressJson.Default.TaskProgress), _options.Lease],
            cancellationToken);

    /// <summary>Ends the task.</summary>
    /// <param name="connection">Of the transaction of what was done, where there is one, so that both happen or neither.</param>
    /// <exception cref="LeaseLostException">Somebody else has taken the task.</exception>
    public Task CompleteAsync(DocumentTask task, NpgsqlConnection? connection, CancellationToken cancellationToken) =>
        UpdateAsync(
            task,
            connection,
            "state = 'completed', finished_at = now(), lease = NULL, leased_until = NULL, last_error = NULL",
            [],
            cancellationToken);

    /// <summary>Ends the task as failed.</summary>
    /// <param name="reason">For a person.</param>
    /// <exception cref="LeaseLostException">Somebody else has taken the task.</exception>
    public Task FailAsync(DocumentTask task, string reason, NpgsqlConnection? connection, CancellationToken cancellationToken) =>
        UpdateAsync(
            task,
            connection,
            "state = 'failed', finished_at = now(), lease = NULL, leased_until = NULL, last_error = $3",
            [reason],
            cancellationToken);

    /// <summary>Puts the task back, to be tried again later.</summary>
    /// <param name="countsAsAttempt">False when it could not be tried, because something that it needs is away.</param>
    /// <exception cref="LeaseLostException">Somebody else has taken the task.</exception>
    public async Task RetryAsync(
        DocumentTask task, TimeSpan delay, string reason, bool countsAsAttempt, CancellationToken cancellationToken)
    {
        try
        {
            await UpdateAsync(
                task,
                connection: null,
                "state = 'queued', lease = NULL, leased_until = NULL, run_at = now() + $3, last_error = $4, attempts = attempts - $5",
                [delay, reason, countsAsAttempt ? 0 : 1],
                cancellationToken);
        }
        catch (PostgresException same) when (same.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // The same was asked for again meanwhile: the task that waits does it.
            await CompleteAsync(task, connection: null, cancellationToken);
        }
    }

    /// <summary>How many tasks there are in each state.</summary>
    public async Task<Dictionary<string, long>> CountAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT state, count(*) FROM document_tasks GROUP BY state");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var counts = DocumentTask.States.ToDictionary(state => state, _ => 0L);
        while (await reader.ReadAsync(cancellationToken))
        {
            counts[reader.GetString(0)] = reader.GetInt64(1);
        }
        return counts;
    }

    /// <summary>
    /// The seconds since the task was asked for that has waited longest, whether it is worked on or waits to be tried again; 0 when there is
    /// none. A rebuild of the index may take hours, and is not one of them.
    /// </summary>
    public async Task<double> OldestAgeAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM document_tasks
            WHERE state IN ('queued', 'running') AND kind <> 'reindex'
            """);
        return (double)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task UpdateAsync(
        DocumentTask task, NpgsqlConnection? connection, string assignments, object[] values, CancellationToken cancellationToken)
    {
        var sql = $"UPDATE document_tasks SET {assignments} WHERE id = $1 AND lease = $2";
        await using var command = connection is null ? database.CreateCommand(sql) : new NpgsqlCommand(sql, connection);
        foreach (var value in (object[])[task.Id, task.Lease, .. values])
        {
            command.Parameters.Add(new() { Value = value });
        }
        if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            throw new LeaseLostException();
        }
    }
}
