using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Database;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Search;

/// <summary>
/// The index in PostgreSQL (migration 004): an inverted index of the words as <see cref="WordReader"/> cuts them, ranked by where and how
/// often a word stands (<see cref="SearchLexemes"/>). A query with a word that no document has is asked again with similar words.
/// </summary>
internal sealed class PostgresSearchIndex(NpgsqlDataSource database) : ISearchIndex
{
    /// <summary>Characters of a text that are kept for snippets; words further on are found, but not shown.</summary>
    private const int MaxSnippetSource = 32_768;

    private const int MaxFacetValues = 20;

    /// <summary>Words that have something in common with a misspelt one and are compared with it at most.</summary>
    private const int MaxCandidates = 2000;

    private static readonly string[] FacetFields = ["document_type", "file_extension", "processing_status", "tags"];
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>The migration has made it.</summary>
    public Task PrepareAsync(CancellationToken cancellationToken) => ReadAsync(
        "SELECT is_rebuilding FROM search_state", static (command, token) => command.ExecuteNonQueryAsync(token), cancellationToken);

    public Task PutAsync(IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken) =>
        PutAsync(documents, isRebuild: false, cancellationToken);

    public Task PutInRebuildAsync(IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken) =>
        PutAsync(documents, isRebuild: true, cancellationToken);

    public Task RemoveAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var removed = ids.Order().ToArray();
        // Every transaction takes these tables in this order, so that none waits for another in a circle.
        return WriteAsync(
            [
                Command("DELETE FROM search_documents WHERE id = ANY ($1)", Of(removed)),
                Command("""
                    INSERT INTO search_removed SELECT id FROM unnest($1) AS id WHERE (SELECT is_rebuilding FROM search_state)
                    ON CONFLICT DO NOTHING
                    """, Of(removed)),
                Command("DELETE FROM search_documents_next WHERE id = ANY ($1)", Of(removed)),
            ],
            cancellationToken);
    }

    public async Task<SearchPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        var words = string.IsNullOrWhiteSpace(query.Text) ? null : SearchWords.Read(query.Text);
        if (words is { All: [] })
        {
            // Signs, but no word that a document could have.
            return new([], 0, FacetFields.ToDictionary(facet => facet, IReadOnlyDictionary<string, long> (_) => new Dictionary<string, long>()));
        }
        var page = await FindAsync(query, words, cancellationToken);
        if (page.TotalCount == 0 && words is not null && await CorrectAsync(words, cancellationToken) is { } corrected)
        {
            page = await FindAsync(query, corrected, cancellationToken);
        }
        return page;
    }

    public Task<SearchStatistics> GetStatisticsAsync(CancellationToken cancellationToken) => ReadAsync(
        """
        SELECT CASE WHEN counted <= 10000 THEN counted ELSE greatest(counted, estimated::bigint) END, (SELECT is_rebuilding FROM search_state)
        FROM (SELECT count(*) AS counted FROM (SELECT FROM search_documents LIMIT 10001) AS part) AS part,
             (SELECT reltuples AS estimated FROM pg_class WHERE oid = 'search_documents'::regclass) AS whole
        """,
        async (command, token) =>
        {
            await using var reader = await command.ExecuteReaderAsync(token);
            await reader.ReadAsync(token);
            return new SearchStatistics("postgres", reader.GetInt64(0), reader.GetBoolean(1));
        },
        cancellationToken);

    public Task BeginRebuildAsync(bool resume, CancellationToken cancellationToken) => WriteAsync(
        resume
            ? [Command("UPDATE search_state SET is_rebuilding = true WHERE NOT is_rebuilding")]
            :
            [
                Command("LOCK TABLE search_removed, search_documents_next, search_terms_next IN ACCESS EXCLUSIVE MODE"),
                Command("TRUNCATE search_removed, search_documents_next, search_terms_next"),
                Command("UPDATE search_state SET is_rebuilding = true"),
            ],
        cancellationToken);

    public async Task CompleteRebuildAsync(CancellationToken cancellationToken)
    {
        await ReadAsync("ANALYZE search_documents_next, search_terms_next", static (command, token) => command.ExecuteNonQueryAsync(token),
            cancellationToken);
        await WriteAsync(
            [
                // Who waits for a lock makes others wait: rather not for long. The caller tries again.
                Command("SET LOCAL lock_timeout = '3s'"),
                Command("""
                    LOCK TABLE search_documents, search_removed, search_documents_next, search_terms, search_terms_next
                    IN ACCESS EXCLUSIVE MODE
                    """),
                // Fails, and with it all of this, when no index is being built.
                Command("SELECT 1 / is_rebuilding::integer FROM search_state"),
                Command("ALTER TABLE search_documents RENAME TO search_documents_before"),
                Command("ALTER TABLE search_documents_next RENAME TO search_documents"),
                Command("ALTER TABLE search_documents_before RENAME TO search_documents_next"),
                Command("ALTER TABLE search_terms RENAME TO search_terms_before"),
                Command("ALTER TABLE search_terms_next RENAME TO search_terms"),
                Command("ALTER TABLE search_terms_before RENAME TO search_terms_next"),
                Command("TRUNCATE search_documents_next, search_terms_next, search_removed"),
                Command("UPDATE search_state SET is_rebuilding = false"),
            ],
            cancellationToken);
    }

    private async Task PutAsync(IReadOnlyCollection<SearchDocument> documents, bool isRebuild, CancellationToken cancellationToken)
    {
        var all = documents.Select(document => (Document: document, Lexemes: SearchLexemes.Of(document, out var terms), Terms: terms))
            .OrderBy(document => document.Document.Id).ToArray();
        // Most words are known already: what they could be mistaken for is worked out for new ones only.
        var (isRebuilding, unknown, unknownNext) = await UnknownTermsAsync(
            [.. all.SelectMany(document => document.Terms).Distinct().Order(StringComparer.Ordinal)], cancellationToken);

        var commands = new List<NpgsqlBatchCommand>();
        if (isRebuild)
        {
            // What clients write meanwhile is newer. They come before this transaction, and are seen, or after it, and have the last word.
            commands.Add(Command("LOCK TABLE search_removed IN EXCLUSIVE MODE"));
            commands.AddRange(all.Select(document => Insert("search_documents_next", document.Document, document.Lexemes, isLive: false)));
        }
        else
        {
            commands.AddRange(all.Select(document => Insert("search_documents", document.Document, document.Lexemes, isLive: true)));
            if (isRebuilding)
            {
                commands.Add(Command("DELETE FROM search_removed WHERE id = ANY ($1)", Of([.. all.Select(document => document.Document.Id)])));
                commands.Add(Command("LOCK TABLE search_removed IN ROW EXCLUSIVE MODE"));
                commands.AddRange(all.Select(document => Insert("search_documents_next", document.Document, document.Lexemes, isLive: true)));
            }
            AddTerms("search_terms", unknown);
        }
        if (isRebuilding)
        {
            AddTerms("search_terms_next", unknownNext);
        }
        await WriteAsync(commands, cancellationToken);

        void AddTerms(string table, List<string> terms) => commands.AddRange(terms.Select(term => Command(
            $"INSERT INTO {table} (term, hashes) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            new NpgsqlParameter<string> { TypedValue = term }, new NpgsqlParameter<int[]> { TypedValue = Misspelling.Hashes(term) })));
    }

    private static NpgsqlBatchCommand Insert(string table, SearchDocument document, string[] lexemes, bool isLive)
    {
        var isNext = table == "search_documents_next";
        return Command(
            $"""
            INSERT INTO {table} AS before (id, upload_timestamp, document_type, file_extension, processing_status, tags, contact_id,
                filename, description, text_content, lexemes, is_live)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, array_to_tsvector($11), $12
            {(isNext ? "WHERE (SELECT is_rebuilding FROM search_state) AND ($12 OR NOT EXISTS (SELECT FROM search_removed WHERE id = $1))" : "")}
            ON CONFLICT (id) DO UPDATE SET upload_timestamp = excluded.upload_timestamp, document_type = excluded.document_type,
                file_extension = excluded.file_extension, processing_status = excluded.processing_status, tags = excluded.tags,
                contact_id = excluded.contact_id, filename = excluded.filename, description = excluded.description,
                text_content = excluded.text_content, lexemes = excluded.lexemes, is_live = excluded.is_live
            WHERE excluded.is_live OR NOT before.is_live
            """,
            new NpgsqlParameter<Guid> { TypedValue = document.Id },
            new NpgsqlParameter<DateTime> { TypedValue = document.UploadTimestamp.ToUniversalTime() },
            Of(document.DocumentType),
            Of(document.FileExtension),
            Of(document.ProcessingStatus),
            Of([.. document.Tags.Select(PostgresText.Clean)]),
            Of(document.ContactId),
            Of(document.Filename),
            Of(document.Description),
            Of(document.TextContent[..Math.Min(document.TextContent.Length, MaxSnippetSource)]),
            Of(lexemes),
            new NpgsqlParameter<bool> { TypedValue = isLive });
    }

    private Task<(bool IsRebuilding, List<string> Unknown, List<string> UnknownNext)> UnknownTermsAsync(
        string[] terms, CancellationToken cancellationToken) => ReadAsync(
        """
        SELECT is_rebuilding,
               ARRAY(SELECT term FROM unnest($1) AS term WHERE NOT EXISTS (SELECT FROM search_terms AS known WHERE known.term = term.term)),
               ARRAY(SELECT term FROM unnest($1) AS term
                     WHERE is_rebuilding AND NOT EXISTS (SELECT FROM search_terms_next AS known WHERE known.term = term.term))
        FROM search_state
        """,
        async (command, token) =>
        {
            command.Parameters.Add(Of(terms));
            await using var reader = await command.ExecuteReaderAsync(token);
            await reader.ReadAsync(token);
            return (reader.GetBoolean(0), reader.GetFieldValue<List<string>>(1), reader.GetFieldValue<List<string>>(2));
        },
        cancellationToken);

    private Task<SearchPage> FindAsync(SearchQuery query, SearchWords? words, CancellationToken cancellationToken)
    {
        var asked = SearchLexemes.QueryOf(words, query.Filters);
        return ReadAsync(
            """
            SELECT found.total, found.facets, hit.rank, document.id, document.filename, document.contact_id, document.document_type,
                   document.file_extension, document.tags, document.processing_status, document.upload_timestamp, document.description,
                   document.text_content
            FROM search_find($1::tsquery[], $2::tsquery, $3, $4, $5, $6) AS found
                 LEFT JOIN LATERAL unnest(found.ids, found.ranks) WITH ORDINALITY AS hit (id, rank, place) ON true
                 LEFT JOIN search_documents AS document ON document.id = hit.id
            ORDER BY hit.place
            """,
            async (command, token) =>
            {
                command.Parameters.Add(new() { Value = asked?.Tiers ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
                command.Parameters.Add(new() { Value = asked?.Everything ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
                command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = query.Filters.From?.ToUniversalTime() ?? DateTime.MinValue });
                command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = query.Filters.To?.ToUniversalTime() ?? DateTime.MaxValue });
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = query.Offset });
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = query.Limit });
                await using var reader = await command.ExecuteReaderAsync(token);
                var hits = new List<SearchHit>(query.Limit);
                var total = 0L;
                Dictionary<string, IReadOnlyDictionary<string, long>> facets = [];
                while (await reader.ReadAsync(token))
                {
                    if (facets.Count == 0)
                    {
                        total = reader.GetInt64(0);
                        facets = CountFacets(reader.IsDBNull(1) ? null : reader.GetString(1));
                    }
                    if (!reader.IsDBNull(3))
                    {
                        hits.Add(Hit(reader, words));
                    }
                }
                return new SearchPage(hits, total, facets);
            },
            cancellationToken);
    }

    private static SearchHit Hit(NpgsqlDataReader reader, SearchWords? words)
    {
        var (filename, description) = (reader.GetString(4), reader.GetString(11));
        var snippet = Highlighter.Snippet(reader.GetString(12), words);
        var highlights = new Dictionary<string, string>();
        if (words is not null)
        {
            Mark("filename", filename);
            Mark("text_content", snippet);
            Mark("description", description);
        }
        return new(
            reader.GetGuid(3), filename, reader.GetString(5), reader.GetString(6), reader.GetString(7), reader.GetFieldValue<string[]>(8),
            reader.GetString(9), reader.GetDateTime(10), snippet,
            reader.IsDBNull(2) ? 1 : SearchLexemes.Query.Score(reader.GetInt32(2), words?.IsCorrected ?? false), highlights);

        void Mark(string field, string text)
        {
            if (Highlighter.Mark(text, words) is { } html)
            {
                highlights[field] = html;
            }
        }
    }

    /// <summary>The counts by field of <c>[[type, extension, status, [tag, …], documents], …]</c>.</summary>
    private static Dictionary<string, IReadOnlyDictionary<string, long>> CountFacets(string? combinations)
    {
        var counts = FacetFields.Select(_ => new Dictionary<string, long>()).ToArray();
        using var json = JsonDocument.Parse(combinations ?? "[]");
        foreach (var combination in json.RootElement.EnumerateArray())
        {
            var documents = combination[4].GetInt64();
            for (var field = 0; field < 3; field++)
            {
                Add(counts[field], combination[field].GetString()!, documents);
            }
            foreach (var tag in combination[3].EnumerateArray())
            {
                Add(counts[3], tag.GetString()!, documents);
            }
        }
        return Enumerable.Range(0, FacetFields.Length).ToDictionary(field => FacetFields[field], IReadOnlyDictionary<string, long> (field) => counts[field]
            .OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).Take(MaxFacetValues).ToDictionary());

        static void Add(Dictionary<string, long> counts, string value, long documents) =>
            counts[value] = counts.GetValueOrDefault(value) + documents;
    }

    /// <summary>The query with the nearest words in place of those that no document has; null when there are no such words.</summary>
    private async Task<SearchWords?> CorrectAsync(SearchWords words, CancellationToken cancellationToken)
    {
        var doubtful = words.All.Where(word => Misspelling.CanBeCorrected(word.Terms[0])).DistinctBy(word => word.Terms[0]).ToArray();
        if (doubtful.Length == 0)
        {
            return null;
        }
        var similar = await TryAsync(
            async () =>
            {
                await using var batch = database.CreateBatch();
                foreach (var word in doubtful)
                {
                    var term = word.Terms[0];
                    batch.BatchCommands.Add(Command(
                        $"""
                        SELECT term FROM search_terms
                        WHERE hashes && $1 AND NOT EXISTS (SELECT FROM search_terms WHERE term >= $2 AND term < $3) LIMIT {MaxCandidates}
                        """,
                        new NpgsqlParameter<int[]> { TypedValue = Misspelling.Hashes(term) },
                        Of(term),
                        // Nothing but the word itself comes before the one, nothing that begins with it after the other.
                        Of(term + (word.IsLast ? '\uffff' : '\u0001'))));
                }
                var found = new Dictionary<string, IReadOnlyList<string>>();
                await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
                foreach (var word in doubtful)
                {
                    var candidates = new List<string>();
                    while (await reader.ReadAsync(cancellationToken))
                    {
                        candidates.Add(reader.GetString(0));
                    }
                    if (Misspelling.Nearest(word.Terms[0], candidates) is { Count: > 0 } nearest)
                    {
                        found[word.Terms[0]] = nearest;
                    }
                    await reader.NextResultAsync(cancellationToken);
                }
                return found;
            },
            cancellationToken);
        return similar.Count == 0 ? null : words.Replace(similar);
    }

    private Task<T> ReadAsync<T>(string sql, Func<NpgsqlCommand, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        TryAsync(
            async () =>
            {
                await using var command = database.CreateCommand(sql);
                return await read(command, cancellationToken);
            },
            cancellationToken);

    private Task<int> WriteAsync(IEnumerable<NpgsqlBatchCommand> commands, CancellationToken cancellationToken) => TryAsync(
        async () =>
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            // A batch is a transaction anyway, but LOCK TABLE asks for one that was begun.
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var batch = new NpgsqlBatch(connection, transaction);
            foreach (var command in commands)
            {
                batch.BatchCommands.Add(command);
            }
            if (batch.BatchCommands.Count == 0)
            {
                return 0;
            }
            var rows = await batch.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return rows;
        },
        cancellationToken);

    private static async Task<T> TryAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        try
        {
            return await action();
        }
        // 42P01, undefined table: the schema is not there yet.
        catch (Exception away) when ((DatabaseExceptionHandler.IsUnavailable(away) || away is PostgresException { SqlState: "42P01" })
            && !cancellationToken.IsCancellationRequested)
        {
            throw new ServiceUnavailableException("search index", RetryAfter, away);
        }
    }

    private static NpgsqlBatchCommand Command(string sql, params IEnumerable<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }
        return command;
    }

    private static NpgsqlParameter<string> Of(string text) => new() { TypedValue = PostgresText.Clean(text) };

    private static NpgsqlParameter<string[]> Of(string[] texts) =>
        new() { TypedValue = texts, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    private static NpgsqlParameter<Guid[]> Of(Guid[] ids) => new() { TypedValue = ids };
}
