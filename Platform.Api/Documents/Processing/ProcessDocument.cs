using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Documents.Extraction;
using Platform.Api.Storage;

namespace Platform.Api.Documents.Processing;

/// <summary>
/// The way of a document: its bytes are fetched and compared with what was uploaded, read and analysed, indexed, and counted among its
/// contact's. Each step is in the database before the next one begins; whoever takes the task up again goes on from there.
/// </summary>
internal sealed partial class ProcessDocument(
    NpgsqlDataSource database,
    IObjectStore store,
    DocumentReader reader,
    IndexedDocuments index,
    TaskQueue queue,
    ProcessingMetrics metrics,
    TimeProvider time,
    ILogger<ProcessDocument> logger)
{
    private const int CopyBufferSize = 128 * 1024;

    /// <summary>Processes the document of the task, and ends the task.</summary>
    /// <exception cref="LeaseLostException">Somebody else has taken the task.</exception>
    public async Task RunAsync(DocumentTask task, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var id = task.DocumentId!.Value;
        if (await BeginAsync(id, cancellationToken) is not { } document)
        {
            // Erased before its turn came.
            await queue.CompleteAsync(task, connection: null, cancellationToken);
            return;
        }
        try
        {
            if (!task.Progress.IsExtracted)
            {
                var content = await ReadAsync(document, cancellationToken);
                await metrics.MeasureAsync("store", () => SaveAsync(task, id, content, cancellationToken));
            }
            await metrics.MeasureAsync("index", () => IndexAsync(id, "completed", cancellationToken));
            await metrics.MeasureAsync("enrich", () => EndAsync(task, id, failure: null, cancellationToken));
            LogProcessed(id, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        catch (UnreadableDocumentException unreadable)
        {
            LogUnreadable(id, unreadable.Message);
            await FailAsync(task, unreadable.Message, cancellationToken);
        }
        catch (ObjectNotFoundException missing)
        {
            LogDamaged(id, missing.Message);
            await FailAsync(task, "Its bytes are missing in the object store.", cancellationToken);
        }
    }

    /// <summary>Ends the task of a document that cannot be processed. It can still be found by its name.</summary>
    /// <param name="reason">For a person.</param>
    public async Task FailAsync(DocumentTask task, string reason, CancellationToken cancellationToken)
    {
        await metrics.MeasureAsync("index", () => IndexAsync(task.DocumentId!.Value, "failed", cancellationToken));
        await metrics.MeasureAsync("enrich", () => EndAsync(task, task.DocumentId!.Value, reason, cancellationToken));
    }

    private async Task<bool> IndexAsync(Guid id, string status, CancellationToken cancellationToken)
    {
        await index.SynchronizeAsync(id, status, cancellationToken);
        return true;
    }

    /// <summary>Null when the document is gone.</summary>
    private async Task<StoredDocument?> BeginAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE documents SET processing_status = 'processing' WHERE id = $1 RETURNING object_key, file_extension, sha256
            """);
        command.Parameters.Add(new() { Value = id });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new(row.GetString(0), row.GetString(1), row.GetFieldValue<byte[]>(2))
            : null;
    }

    private async Task<DocumentContent> ReadAsync(StoredDocument document, CancellationToken cancellationToken)
    {
        using var copy = new TemporaryCopy(document.Extension);
        await metrics.MeasureAsync("fetch", () => FetchAsync(document, copy.Path, cancellationToken));
        return await metrics.MeasureAsync("read", () => reader.ReadAsync(copy.Path, document.Extension, cancellationToken));
    }

    /// <summary>Copies the object to a file, which those who read it can seek in.</summary>
    private async Task<bool> FetchAsync(StoredDocument document, string path, CancellationToken cancellationToken)
    {
        await using var content = await store.OpenAsync(document.ObjectKey, cancellationToken);
        await using var file = new FileStream(
            path, FileMode.CreateNew, FileAccess.Write, FileShare.None, CopyBufferSize, FileOptions.Asynchronous);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[CopyBufferSize];
        while (await content.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            hash.AppendData(buffer, 0, read);
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        return hash.GetHashAndReset().AsSpan().SequenceEqual(document.Sha256)
            ? true
            : throw new UnreadableDocumentException("Its bytes are not the ones that were uploaded: the checksum differs.");
    }

    private async Task<bool> SaveAsync(DocumentTask task, Guid id, DocumentContent content, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await queue.SaveProgressAsync(task, task.Progress with { IsExtracted = true }, connection, cancellationToken);
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            batch.BatchCommands.Add(new("""
                UPDATE documents SET processing_note = $2, processing_metadata = $3, language_detected = $4, keywords = $5, word_count = $6,
                    character_count = $7, complexity_score = $8
                WHERE id = $1
                """)
            {
                Parameters =
                {
                    new() { Value = id },
                    Text(content.Note),
                    Json(JsonSerializer.Serialize(
                        new(content.Properties, content.Entities, content.LineCount, content.IsTruncated),
                        ProcessingJson.Default.ProcessingMetadata)),
                    Text(content.Language),
                    Json(JsonSerializer.Serialize(content.Keywords, ProcessingJson.Default.IReadOnlyListString)),
                    new() { Value = content.WordCount },
                    new() { Value = content.CharacterCount },
                    new() { Value = (decimal)content.Complexity },
                },
            });
            batch.BatchCommands.Add(new("""
                INSERT INTO document_texts (document_id, text) SELECT id, $2 FROM documents WHERE id = $1
                ON CONFLICT (document_id) DO UPDATE SET text = excluded.text
                """)
            {
                Parameters = { new() { Value = id }, new() { Value = content.Text } },
            });
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return true;

        static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
        static NpgsqlParameter Json(string value) => new() { Value = value, NpgsqlDbType = NpgsqlDbType.Jsonb };
    }

    /// <summary>The document's last state, its event, its contact's insights and the end of the task: all of it once, or nothing.</summary>
    private async Task<bool> EndAsync(DocumentTask task, Guid id, string? failure, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // First, so that nobody else who has taken the task gets further than here.
        await (failure is null
            ? queue.CompleteAsync(task, connection, cancellationToken)
            : queue.FailAsync(task, failure, connection, cancellationToken));
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            var now = time.GetUtcNow();
            batch.BatchCommands.Add(new("""
                UPDATE documents SET processing_status = $2, processing_note = coalesce($3, processing_note), processing_timestamp = $4,
                    indexed_timestamp = $4
                WHERE id = $1
                """)
            {
                Parameters =
                {
                    new() { Value = id },
                    new() { Value = failure is null ? "completed" : "failed" },
                    new() { Value = (object?)failure ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                    new() { Value = now.UtcDateTime },
                },
            });
            batch.BatchCommands.Add(new("""
                INSERT INTO analytics_events (id, event_type, timestamp, event_data)
                SELECT $2, CASE processing_status WHEN 'completed' THEN 'document_processed' ELSE 'document_failed' END, $3,
                    jsonb_build_object('document_id', id, 'contact_id', contact_id, 'document_type', document_type,
                        'file_extension', file_extension, 'size', size, 'word_count', word_count)
                FROM documents WHERE id = $1
                """)
            {
                Parameters = { new() { Value = id }, new() { Value = Guid.CreateVersion7(now) }, new() { Value = now.UtcDateTime } },
            });
            batch.BatchCommands.Add(new("SELECT refresh_document_insights(contact_id) FROM documents WHERE id = $1")
            {
                Parameters = { new() { Value = id } },
            });
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private sealed record StoredDocument(string ObjectKey, string Extension, byte[] Sha256);

    [LoggerMessage(LogLevel.Information, "Processed document {Document} in {Seconds:0.000} s", EventName = "DocumentProcessed")]
    private partial void LogProcessed(Guid document, double seconds);

    [LoggerMessage(LogLevel.Information, "Document {Document} cannot be read: {Reason}", EventName = "DocumentUnreadable")]
    private partial void LogUnreadable(Guid document, string reason);

    [LoggerMessage(LogLevel.Error, "Document {Document} is damaged: {Reason}", EventName = "DocumentDamaged")]
    private partial void LogDamaged(Guid document, string reason);
}
