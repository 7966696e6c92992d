using Npgsql;
using Platform.Api.Search;

namespace Platform.Api.Documents.Processing;

/// <summary>
/// Builds the search index anew beside the one that serves, and swaps. Whoever takes the task up after an interruption goes on behind the
/// last document that is in the new index. What changes meanwhile is indexed once more after the swap.
/// </summary>
internal sealed partial class Reindex(
    NpgsqlDataSource database,
    ISearchIndex index,
    IndexedDocuments documents,
    TaskQueue queue,
    Microsoft.Extensions.Options.IOptions<ProcessingOptions> options,
    ILogger<Reindex> logger)
{
    /// <summary>Rebuilds the index, and ends the task.</summary>
    public async Task RunAsync(DocumentTask task, CancellationToken cancellationToken)
    {
        var progress = task.Progress;
        await index.BeginRebuildAsync(resume: progress.Since is not null, cancellationToken);
        if (progress.Since is null)
        {
            progress = progress with { Since = await NowAsync(cancellationToken) };
            await queue.SaveProgressAsync(task, progress, connection: null, cancellationToken);
        }
        while (await documents.ReadAsync(progress.Cursor, options.Value.ReindexBatch, cancellationToken) is { Count: > 0 } batch)
        {
            await index.PutInRebuildAsync(batch, cancellationToken);
            // What left between the reading and the writing has been taken out of the new index too early.
            if (await documents.WithoutAsync(batch.Select(document => document.Id), cancellationToken) is { Count: > 0 } gone)
            {
                await index.RemoveAsync(gone, cancellationToken);
            }
            progress = progress with { Cursor = batch[^1].Id, Documents = progress.Documents + batch.Count };
            await queue.SaveProgressAsync(task, progress, connection: null, cancellationToken);
        }
        await index.CompleteRebuildAsync(cancellationToken);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await queue.CompleteAsync(task, connection, cancellationToken);
        await using (var changed = new NpgsqlCommand("""
            INSERT INTO document_tasks (kind, document_id, requested_by)
            SELECT 'index', id, $2 FROM documents WHERE updated_at >= $1 ON CONFLICT DO NOTHING
            """, connection))
        {
            changed.Parameters.Add(new() { Value = progress.Since!.Value });
            changed.Parameters.Add(new() { Value = task.RequestedBy });
            await changed.ExecuteNonQueryAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        LogRebuilt(progress.Documents);
    }

    /// <summary>The database's clock, which sets updated_at, a little earlier than now: a change may commit after it was made.</summary>
    private async Task<DateTime> NowAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT now() - interval '1 minute'");
        return (DateTime)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    [LoggerMessage(LogLevel.Information, "The search index was built anew with {Documents} documents", EventName = "SearchIndexRebuilt")]
    private partial void LogRebuilt(long documents);
}
