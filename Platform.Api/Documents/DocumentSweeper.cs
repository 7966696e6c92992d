using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Database;
using Platform.Api.Documents.Processing;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Documents;

/// <summary>
/// Deletes what nobody wants any more: objects that no document refers to and what interrupted uploads left of them, documents whose time in
/// the trash has passed, tasks that are long done, temporary copies. Any number of instances do it together; the time of what is in the
/// database is up by the database's clock, so that a wrong one of an instance throws nothing away.
/// </summary>
internal sealed partial class DocumentSweeper(
    NpgsqlDataSource database,
    UnreferencedObjects unreferenced,
    Migrator migrator,
    IOptions<DocumentOptions> documents,
    IOptions<StorageOptions> storage,
    TimeProvider time,
    ILogger<DocumentSweeper> logger) : BackgroundService
{
    /// <summary>When each temporary copy was first seen. The clock that dates files may jump; what has elapsed here does not.</summary>
    private readonly Dictionary<string, long> _copies = [];

    private bool _isAway;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrator.Completion.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(storage.Value.SweepInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync(stoppingToken);
                _isAway = false;
            }
            catch (Exception away) when (away is ServiceUnavailableException || DatabaseExceptionHandler.IsUnavailable(away))
            {
                // Said once, and tried again until it works.
                if (!_isAway)
                {
                    _isAway = true;
                    LogAway(away.Message);
                }
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using (var tasks = database.CreateCommand("""
            DELETE FROM document_tasks WHERE id IN (
                SELECT id FROM document_tasks WHERE state IN ('completed', 'failed') AND finished_at < now() - $1 LIMIT 10000)
            """))
        {
            tasks.Parameters.Add(new() { Value = documents.Value.TaskRetention });
            await tasks.ExecuteNonQueryAsync(cancellationToken);
        }
        DeleteLeftCopies();
        await EmptyTrashAsync(documents.Value.TrashRetention, cancellationToken);
        while (await unreferenced.DeleteDueAsync(cancellationToken) > 0)
        {
        }
    }

    private void DeleteLeftCopies()
    {
        var folders = TemporaryCopy.Folders();
        foreach (var gone in _copies.Keys.Except(folders).ToArray())
        {
            _copies.Remove(gone);
        }
        foreach (var folder in folders)
        {
            if (!_copies.TryAdd(folder, time.GetTimestamp()) && time.GetElapsedTime(_copies[folder]) > documents.Value.CopyLifetime)
            {
                TemporaryCopy.DeleteLeft(folder);
            }
        }
    }

    private async Task EmptyTrashAsync(TimeSpan retention, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var erasure = new NpgsqlBatch(connection) { BatchCommands = { DocumentErasure.OfTrashedFor(retention, AuditLog.System) } };
        await using var audit = new NpgsqlBatch(connection);
        await using (var reader = await erasure.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                audit.BatchCommands.Add(AuditLog.Entry(
                    AuditLog.System, correlationId: null, "document.purged", $"document:{reader.GetGuid(0)}"));
            }
        }
        if (audit.BatchCommands.Count > 0)
        {
            await audit.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            LogErased(audit.BatchCommands.Count);
        }
    }

    [LoggerMessage(LogLevel.Information, "{Count} documents were in the trash for long enough and are erased", EventName = "DocumentsErased")]
    private partial void LogErased(int count);

    [LoggerMessage(LogLevel.Warning, "What nobody refers to cannot be deleted at the moment: {Reason}", EventName = "UnreferencedObjectsNotDeleted")]
    private partial void LogAway(string reason);
}
