using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Audit;
using Platform.Api.Database;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Contacts;

/// <summary>
/// Everything that is held about a contact in one zip file, written as it is read. Rows come in pages, so that a slow client holds no
/// connection of the database. What ends in the middle ends the connection: half a file never looks complete.
/// </summary>
internal sealed partial class ContactExport(NpgsqlDataSource database, IObjectStore store, ILogger<ContactExport> logger)
{
    public const string ContentType = "application/zip";

    private const int RowsRead = 200;
    private const string FirstId = "00000000-0000-0000-0000-000000000000";

    // Each: the id that pages go by, a JSON object, and what else is needed of a document. $1 is the contact, $2 the last id.
    private const string Documents = """
        SELECT id::text, to_jsonb(documents) - 'sha256' || jsonb_build_object('sha256', encode(sha256, 'hex')), filename, object_key
        FROM documents WHERE contact_id = $1 AND id > $2::uuid ORDER BY documents.id
        """;
    private const string Events = """
        SELECT id::text, to_jsonb(analytics_events) FROM analytics_events
        WHERE event_data @> jsonb_build_object('contact_id', $1) AND id > $2::uuid ORDER BY analytics_events.id
        """;
    private const string AuditEntries = """
        SELECT id::text, to_jsonb(audit_log) FROM audit_log
        WHERE id > $2::bigint AND subject IN (
            SELECT 'contact:' || $1 UNION ALL SELECT 'document:' || id FROM documents WHERE contact_id = $1)
        ORDER BY audit_log.id
        """;

    /// <summary>Answers with the file.</summary>
    /// <exception cref="ServiceUnavailableException">The object store is away, and nothing has been written.</exception>
    public async Task WriteAsync(HttpContext context, Contact contact, CancellationToken cancellationToken)
    {
        await foreach (var document in ReadAsync(Documents, FirstId, contact.Id, cancellationToken))
        {
            // A store that is away is told with a status, as long as nothing is on its way.
            await using var content = await OpenAsync(document, cancellationToken);
            break;
        }
        await using (var batch = database.CreateBatch())
        {
            batch.BatchCommands.Add(AuditLog.Entry(context, "contact.exported", ContactStore.Subject(contact.Id)));
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        // To close an entry writes its last block, which ZipArchive does synchronously (.NET 10).
        context.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        var response = context.Response;
        response.ContentType = ContentType;
        response.Headers.ContentDisposition = "attachment; filename=\"contact.zip\"";
        response.Headers.CacheControl = "no-store";
        try
        {
            await WriteAsync(response.Body, contact, cancellationToken);
        }
        catch (Exception away) when (away is ServiceUnavailableException or IOException || DatabaseExceptionHandler.IsUnavailable(away))
        {
            LogCutOff(away.Message);
            context.Abort();
        }
    }

    private async Task WriteAsync(Stream output, Contact contact, CancellationToken cancellationToken)
    {
        var zip = await ZipArchive.CreateAsync(
            output, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: Encoding.UTF8, cancellationToken);
        await using (var entry = await zip.CreateEntry("contact.json").OpenAsync(cancellationToken))
        {
            await JsonSerializer.SerializeAsync(entry, contact, ContactJson.Default.Contact, cancellationToken);
        }
        await WriteRowsAsync(zip, "documents.json", ReadAsync(Documents, FirstId, contact.Id, cancellationToken), cancellationToken);
        var missing = new List<Row>();
        await foreach (var document in ReadAsync(Documents, FirstId, contact.Id, cancellationToken))
        {
            await using var content = await OpenAsync(document, cancellationToken);
            if (content is null)
            {
                missing.Add(document);
                continue;
            }
            // What was uploaded is compressed already, or small.
            var entry = zip.CreateEntry($"documents/{document.Id}_{FileName(document.FileName!)}", CompressionLevel.Fastest);
            await using var written = await entry.OpenAsync(cancellationToken);
            await content.CopyToAsync(written, cancellationToken);
        }
        if (missing.Count > 0)
        {
            await WriteRowsAsync(zip, "missing.json", missing.ToAsyncEnumerable(), cancellationToken);
        }
        var events = ReadAsync(Events, FirstId, contact.Id, cancellationToken);
        if (await events.AnyAsync(cancellationToken))
        {
            await WriteRowsAsync(zip, "events.json", events, cancellationToken);
        }
        await WriteRowsAsync(zip, "audit.json", ReadAsync(AuditEntries, "0", contact.Id, cancellationToken), cancellationToken);
        // Only a file that is complete gets its directory, without which no program opens it.
        await zip.DisposeAsync();
    }

    /// <summary>A JSON array of the rows.</summary>
    private static async Task WriteRowsAsync(ZipArchive zip, string name, IAsyncEnumerable<Row> rows, CancellationToken cancellationToken)
    {
        await using var entry = await zip.CreateEntry(name).OpenAsync(cancellationToken);
        var separator = "[\n";
        await foreach (var row in rows)
        {
            await entry.WriteAsync(Encoding.UTF8.GetBytes(separator + row.Json), cancellationToken);
            separator = ",\n";
        }
        await entry.WriteAsync(Encoding.UTF8.GetBytes(separator == ",\n" ? "\n]\n" : "[]\n"), cancellationToken);
    }

    private async IAsyncEnumerable<Row> ReadAsync(
        string sql, string before, string contactId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var last = before; ;)
        {
            var rows = new List<Row>(RowsRead);
            await using (var command = database.CreateCommand($"{sql} LIMIT {RowsRead}"))
            {
                command.Parameters.Add(new() { Value = contactId, NpgsqlDbType = NpgsqlDbType.Text });
                command.Parameters.Add(new() { Value = last, NpgsqlDbType = NpgsqlDbType.Text });
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                while (await reader.ReadAsync(cancellationToken))
                {
                    rows.Add(reader.FieldCount == 2
                        ? new(reader.GetString(0), reader.GetString(1), FileName: null, ObjectKey: null)
                        : new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
                }
            }
            foreach (var row in rows)
            {
                yield return row;
            }
            if (rows.Count < RowsRead)
            {
                yield break;
            }
            last = rows[^1].Id;
        }
    }

    /// <summary>The document's bytes; null when the store has lost them.</summary>
    private async Task<Stream?> OpenAsync(Row document, CancellationToken cancellationToken)
    {
        try
        {
            return await store.OpenAsync(document.ObjectKey!, cancellationToken);
        }
        catch (ObjectNotFoundException)
        {
            LogMissing(document.Id);
            return null;
        }
    }

    /// <summary>The name of a file, whatever was uploaded: it leads nowhere else when the archive is unpacked.</summary>
    private static string FileName(string name) =>
        string.Concat(name.Select(c => c is '/' or '\\' or ':' || char.IsControl(c) ? '_' : c));

    private sealed record Row(string Id, string Json, string? FileName, string? ObjectKey);

    [LoggerMessage(
        LogLevel.Error, "The object of document {Id} is not in the store; an export names it as missing", EventName = "ExportedObjectMissing")]
    private partial void LogMissing(string id);

    [LoggerMessage(LogLevel.Warning, "An export was cut off: {Reason}", EventName = "ContactExportCutOff")]
    private partial void LogCutOff(string reason);
}
