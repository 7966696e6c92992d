using System.Text.Json;
using Npgsql;
using Platform.Api.Search;

namespace Platform.Api.Documents.Processing;

/// <summary>Brings the search index in line with the documents, which are the truth.</summary>
internal sealed class IndexedDocuments(NpgsqlDataSource database, ISearchIndex index)
{
    /// <summary>More changes than this while one document is indexed, and the next task sees to it.</summary>
    private const int MaxRounds = 5;

    /// <summary>
    /// Puts the document into the index as it is now, or takes it out when it is in the trash or gone. What changes meanwhile is seen,
    /// so that the index ends with the last state whatever the order in which tasks run.
    /// </summary>
    /// <param name="status">What the index says of the processing, which is about to be what the row says.</param>
    public async Task SynchronizeAsync(Guid id, string? status, CancellationToken cancellationToken)
    {
        var before = await FindAsync(id, cancellationToken);
        for (var round = 0; round < MaxRounds; round++)
        {
            if (before is null)
            {
                await index.RemoveAsync([id], cancellationToken);
            }
            else
            {
                await index.PutAsync([before.Document with { ProcessingStatus = status ?? before.Document.ProcessingStatus }], cancellationToken);
            }
            var after = await FindAsync(id, cancellationToken);
            if (after?.UpdatedAt == before?.UpdatedAt)
            {
                return;
            }
            before = after;
        }
    }

    /// <summary>Documents that are not in the trash, in the order of their ids.</summary>
    public async Task<List<SearchDocument>> ReadAsync(Guid? after, int limit, CancellationToken cancellationToken)
    {
        await using var command = Select("document.deleted_at IS NULL AND document.id > $1 ORDER BY document.id LIMIT $2");
        command.Parameters.Add(new() { Value = after ?? Guid.Empty });
        command.Parameters.Add(new() { Value = limit });
        return (await ReadAsync(command, cancellationToken)).ConvertAll(version => version.Document);
    }

    /// <summary>Which of the documents are in the trash or gone.</summary>
    public async Task<List<Guid>> WithoutAsync(IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT id FROM unnest($1) AS asked (id)
            WHERE NOT EXISTS (SELECT 1 FROM documents WHERE documents.id = asked.id AND deleted_at IS NULL)
            """);
        command.Parameters.Add(new() { Value = ids.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var without = new List<Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            without.Add(reader.GetGuid(0));
        }
        return without;
    }

    private async Task<Version?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = Select("document.deleted_at IS NULL AND document.id = $1");
        command.Parameters.Add(new() { Value = id });
        return (await ReadAsync(command, cancellationToken)).SingleOrDefault();
    }

    private NpgsqlCommand Select(string condition) => database.CreateCommand($"""
        SELECT document.id, contact_id, filename, file_extension, content_type, size, document_type, description, tags, keywords,
            processing_status, upload_timestamp, processing_timestamp, language_detected, word_count, character_count,
            complexity_score::float8, content.text, updated_at
        FROM documents AS document LEFT JOIN document_texts AS content ON content.document_id = document.id
        WHERE {condition}
        """);

    private static async Task<List<Version>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var documents = new List<Version>();
        while (await reader.ReadAsync(cancellationToken))
        {
            documents.Add(new(
                new()
                {
                    Id = reader.GetGuid(0),
                    ContactId = reader.GetString(1),
                    Filename = reader.GetString(2),
                    FileExtension = reader.GetString(3),
                    ContentType = reader.GetString(4),
                    Size = reader.GetInt64(5),
                    DocumentType = reader.GetString(6),
                    Description = reader.GetString(7),
                    Tags = JsonSerializer.Deserialize(reader.GetString(8), ProcessingJson.Default.StringArray)!,
                    Keywords = JsonSerializer.Deserialize(reader.GetString(9), ProcessingJson.Default.StringArray)!,
                    ProcessingStatus = reader.GetString(10),
                    UploadTimestamp = reader.GetDateTime(11),
                    ProcessingTimestamp = reader.IsDBNull(12) ? null : reader.GetDateTime(12),
                    LanguageDetected = reader.IsDBNull(13) ? null : reader.GetString(13),
                    WordCount = reader.IsDBNull(14) ? 0 : reader.GetInt32(14),
                    CharacterCount = reader.IsDBNull(15) ? 0 : reader.GetInt32(15),
                    ComplexityScore = reader.IsDBNull(16) ? 0 : reader.GetDouble(16),
                    TextContent = reader.IsDBNull(17) ? "" : reader.GetString(17),
                },
                reader.GetDateTime(18)));
        }
        return documents;
    }

    private sealed record Version(SearchDocument Document, DateTime UpdatedAt);
}
