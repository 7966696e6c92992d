using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Platform.Api.Documents;

/// <summary>The table documents.</summary>
internal sealed class DocumentStore(NpgsqlDataSource database)
{
    private const string Columns = """
        id, contact_id, filename, file_extension, size, content_type, document_type, description, tags, upload_timestamp, object_key, sha256,
        duplicate_of, processing_status, processing_note, processing_timestamp, processing_metadata, language_detected, keywords, word_count,
        character_count, complexity_score, indexed_timestamp, deleted_at, created_at, updated_at
        """;

    /// <summary>
    /// The oldest document with the same bytes outside the trash; and the name in Unicode's composed form (NFC), so that a name from a Mac
    /// is found by who types it elsewhere. .NET has no Unicode tables here, PostgreSQL does.
    /// </summary>
    public async Task<(Guid? DuplicateOf, string Name)> LookUpAsync(byte[] sha256, long size, string name, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT normalize($3, NFC), (
                SELECT id FROM documents WHERE sha256 = $1 AND size = $2 AND deleted_at IS NULL ORDER BY upload_timestamp, id LIMIT 1)
            """);
        command.Parameters.Add(new() { Value = sha256 });
        command.Parameters.Add(new() { Value = size });
        command.Parameters.Add(new() { Value = name });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.IsDBNull(1) ? null : reader.GetGuid(1), reader.GetString(0));
    }

    public static NpgsqlBatchCommand Insert(
        UploadReceipt receipt, string extension, string documentType, string description, IReadOnlyList<string> tags) => new("""
        INSERT INTO documents (
            id, contact_id, filename, file_extension, size, content_type, document_type, description, tags, upload_timestamp, object_key, sha256,
            duplicate_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """)
    {
        Parameters =
        {
            new() { Value = receipt.DocumentId },
            new() { Value = receipt.ContactId },
            new() { Value = receipt.Filename },
            new() { Value = extension },
            new() { Value = receipt.Size },
            new() { Value = receipt.ContentType },
            new() { Value = documentType },
            new() { Value = description },
            Tags(tags),
            new() { Value = receipt.UploadTimestamp },
            new() { Value = receipt.S3Path },
            new() { Value = Convert.FromHexString(receipt.Sha256) },
            new() { Value = (object?)receipt.DuplicateOf ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid },
        },
    };

    /// <summary>Work for the queue, unless the same already waits.</summary>
    /// <param name="kind"><c>process</c>, <c>index</c> or <c>unindex</c>.</param>
    public static NpgsqlBatchCommand Enqueue(string kind, Guid id, string requestedBy) => new(
        "INSERT INTO document_tasks (kind, document_id, requested_by, traceparent) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
    {
        Parameters =
        {
            new() { Value = kind },
            new() { Value = id },
            new() { Value = requestedBy },
            new() { Value = (object?)Activity.Current?.Id ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
        },
    };

    /// <summary>Makes what is known of the contact right again, in the transaction of the change.</summary>
    public static NpgsqlBatchCommand RefreshInsights(string contactId) =>
        new("SELECT refresh_document_insights($1)") { Parameters = { new() { Value = contactId } } };

    /// <param name="isTrashed">Looks in the trash instead of outside.</param>
    public async Task<Document?> FindAsync(Guid id, bool isTrashed, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT {Columns} FROM documents WHERE id = $1 AND (deleted_at IS NOT NULL) = $2");
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = isTrashed });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    /// <summary>A page, newest first. What comes while a client turns pages neither repeats nor hides anything.</summary>
    public async Task<DocumentPage> ListAsync(DocumentQuery query, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand();
        var conditions = new List<string> { query.IsTrashed ? "deleted_at IS NOT NULL" : "deleted_at IS NULL" };
        Where("contact_id = {0}", query.ContactId);
        Where("document_type = {0}", query.DocumentType);
        Where("processing_status = {0}", query.Status);
        if (query.After is { } after)
        {
            conditions.Add($"(upload_timestamp, id) < ({Parameter(after.UploadTimestamp)}, {Parameter(after.Id)})");
        }
        command.CommandText = $"""
            SELECT {Columns} FROM documents WHERE {string.Join(" AND ", conditions)}
            ORDER BY upload_timestamp DESC, id DESC LIMIT {Parameter(query.Limit + 1)}
            """;
        var documents = new List<Document>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            documents.Add(Read(reader));
        }
        // One more than was asked for tells whether there is a next page.
        if (documents.Count <= query.Limit)
        {
            return new(documents, NextCursor: null);
        }
        documents.RemoveAt(query.Limit);
        return new(documents, new DocumentCursor(documents[^1].UploadTimestamp, documents[^1].Id).ToString());

        void Where(string condition, string? value)
        {
            if (value is not null)
            {
                conditions.Add(string.Format(CultureInfo.InvariantCulture, condition, Parameter(value)));
            }
        }

        string Parameter(object value)
        {
            command.Parameters.Add(new() { Value = value });
            return $"${command.Parameters.Count}";
        }
    }

    /// <summary>The newest task of the kind for the document.</summary>
    public async Task<RequestedTask?> FindTaskAsync(string kind, Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT id, state, created_at FROM document_tasks WHERE document_id = $1 AND kind = $2 ORDER BY id DESC LIMIT 1
            """);
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = kind });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(reader.GetInt64(0), kind, id, reader.GetString(1), reader.GetDateTime(2))
            : null;
    }

    /// <summary>How many documents a contact has outside the trash; null when there is no such contact.</summary>
    public async Task<long?> CountOfContactAsync(string contactId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT (SELECT count(*) FROM documents WHERE contact_id = contact.id AND deleted_at IS NULL)
            FROM contact_submissions AS contact WHERE id = $1
            """);
        command.Parameters.Add(new() { Value = contactId });
        return await command.ExecuteScalarAsync(cancellationToken) as long?;
    }

    public Task<Document?> ChangeAsync(
        Guid id, string? documentType, string? description, IReadOnlyList<string>? tags, Func<Document, IEnumerable<NpgsqlBatchCommand>> then,
        CancellationToken cancellationToken) => UpdateAsync(
            new("""
                UPDATE documents SET document_type = coalesce($2, document_type), description = coalesce($3, description), tags = coalesce($4, tags)
                WHERE id = $1 AND deleted_at IS NULL
                """)
            {
                Parameters =
                {
                    new() { Value = id },
                    new() { Value = (object?)documentType ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                    new() { Value = (object?)description ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                    tags is null ? new() { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Jsonb } : Tags(tags),
                },
            },
            then,
            cancellationToken);

    public Task<Document?> TrashAsync(Guid id, Func<Document, IEnumerable<NpgsqlBatchCommand>> then, CancellationToken cancellationToken) =>
        UpdateAsync(
            new("UPDATE documents SET deleted_at = now() WHERE id = $1 AND deleted_at IS NULL") { Parameters = { new() { Value = id } } },
            then,
            cancellationToken);

    public Task<Document?> RestoreAsync(Guid id, Func<Document, IEnumerable<NpgsqlBatchCommand>> then, CancellationToken cancellationToken) =>
        UpdateAsync(
            new("UPDATE documents SET deleted_at = NULL WHERE id = $1 AND deleted_at IS NOT NULL") { Parameters = { new() { Value = id } } },
            then,
            cancellationToken);

    public Task<Document?> ReprocessAsync(Guid id, Func<Document, IEnumerable<NpgsqlBatchCommand>> then, CancellationToken cancellationToken) =>
        UpdateAsync(
            new("UPDATE documents SET processing_status = 'pending', processing_note = NULL WHERE id = $1 AND deleted_at IS NULL")
            {
                Parameters = { new() { Value = id } },
            },
            then,
            cancellationToken);

    /// <summary>The update and what follows from it, in one transaction. Null when there is no such document, and nothing follows.</summary>
    private async Task<Document?> UpdateAsync(
        NpgsqlCommand update, Func<Document, IEnumerable<NpgsqlBatchCommand>> then, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (update)
        {
            update.Connection = connection;
            update.CommandText += $" RETURNING {Columns}";
            Document document;
            await using (var reader = await update.ExecuteReaderAsync(cancellationToken))
            {
                if (!await reader.ReadAsync(cancellationToken))
                {
                    return null;
                }
                document = Read(reader);
            }
            await using var batch = new NpgsqlBatch(connection);
            foreach (var command in then(document))
            {
                batch.BatchCommands.Add(command);
            }
            await batch.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return document;
        }
    }

    private static NpgsqlParameter Tags(IReadOnlyList<string> tags) =>
        new() { Value = JsonSerializer.Serialize(tags), NpgsqlDbType = NpgsqlDbType.Jsonb };

    private static Document Read(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetGuid(0),
        ContactId = reader.GetString(1),
        Filename = reader.GetString(2),
        FileExtension = reader.GetString(3),
        Size = reader.GetInt64(4),
        ContentType = reader.GetString(5),
        DocumentType = reader.GetString(6),
        Description = reader.GetString(7),
        Tags = JsonSerializer.Deserialize<string[]>(reader.GetString(8))!,
        UploadTimestamp = reader.GetDateTime(9),
        ObjectKey = reader.GetString(10),
        Sha256 = Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(11)),
        DuplicateOf = reader.IsDBNull(12) ? null : reader.GetGuid(12),
        ProcessingStatus = reader.GetString(13),
        ProcessingNote = reader.IsDBNull(14) ? null : reader.GetString(14),
        ProcessingTimestamp = reader.IsDBNull(15) ? null : reader.GetDateTime(15),
        ProcessingMetadata = reader.GetFieldValue<JsonElement>(16),
        LanguageDetected = reader.IsDBNull(17) ? null : reader.GetString(17),
        Keywords = JsonSerializer.Deserialize<string[]>(reader.GetString(18))!,
        WordCount = reader.IsDBNull(19) ? null : reader.GetInt32(19),
        CharacterCount = reader.IsDBNull(20) ? null : reader.GetInt32(20),
        ComplexityScore = reader.IsDBNull(21) ? null : reader.GetDecimal(21),
        IndexedTimestamp = reader.IsDBNull(22) ? null : reader.GetDateTime(22),
        DeletedAt = reader.IsDBNull(23) ? null : reader.GetDateTime(23),
        CreatedAt = reader.GetDateTime(24),
        UpdatedAt = reader.GetDateTime(25),
    };
}
