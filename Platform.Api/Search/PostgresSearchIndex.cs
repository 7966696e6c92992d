using System.Collections.Concurrent;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Database;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Search;

/// <summary>
/// The index in PostgreSQL (migrations 004 and 006): an inverted index of the words as <see cref="WordReader"/> cuts them, ranked by where and how
/// often a word stands (<see cref="SearchLexemes"/>). A query with a word that no document has is asked again with similar words.
/// </summary>
internal sealed class PostgresSearchIndex(NpgsqlDataSource database) : ISearchIndex
{
    /// <summary>Characters of a text that are kept for snippets; words further on are found, but not shown.</summary>
    private const int MaxSnippetSource = 32_768;

    private const int MaxFacetValues = 20;

    /// <summary>Words that have something in common with a misspelt one and are compared with it at most.</summary>
    private const int MaxCandidates = 2000;

    private const int MaxKnownFacets = 50_000;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<long, SearchFacets> _facets = new();

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
            return new([], 0, SearchFacets.Count([], [], MaxFacetValues));
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
        foreach (var facets in all.Select(document => SearchFacets.Of(document.Document)).DistinctBy(facets => facets.Id)
            .OrderBy(facets => facets.Id))
        {
            commands.Add(Command(
                "INSERT INTO search_facets VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                new NpgsqlParameter<long> { TypedValue = facets.Id },
                Of(facets.DocumentType), Of(facets.FileExtension), Of(facets.ProcessingStatus), Of(facets.Tags)));
        }
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
            INSERT INTO {table} AS before (id, upload_timestamp, is_live, facets, stored, lexemes)
            SELECT $1, $2, $3, $4, $5, array_to_tsvector($6)
            {(isNext ? "WHERE (SELECT is_rebuilding FROM search_state) AND ($3 OR NOT EXISTS (SELECT FROM search_removed WHERE id = $1))" : "")}
            ON CONFLICT (id) DO UPDATE SET upload_timestamp = excluded.upload_timestamp, is_live = excluded.is_live, facets = excluded.facets,
                stored = excluded.stored, lexemes = excluded.lexemes
            WHERE excluded.is_live OR NOT before.is_live
            """,
            new NpgsqlParameter<Guid> { TypedValue = document.Id },
            new NpgsqlParameter<DateTime> { TypedValue = document.UploadTimestamp.ToUniversalTime() },
            new NpgsqlParameter<bool> { TypedValue = isLive },
            new NpgsqlParameter<long> { TypedValue = SearchFacets.Of(document).Id },
            Of([.. new[]
            {
                document.ContactId, document.Filename, document.Description,
                document.TextContent[..Math.Min(document.TextContent.Length, MaxSnippetSource)],
            }.Select(PostgresText.Clean)]),
            Of(lexemes));
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

    private async Task<SearchPage> FindAsync(SearchQuery query, SearchWords? words, CancellationToken cancellationToken)
    {
        var asked = SearchLexemes.TiersOf(words, query.Filters);
        var found = await ReadAsync(
            """
            SELECT found.total, CASE WHEN hit.place > 1 THEN NULL ELSE found.facets END, hit.rank, document.id, document.upload_timestamp,
                   document.facets, document.stored
            FROM search_find($1::tsquery[], $2, $3, $4, $5) AS found
                 LEFT JOIN LATERAL unnest(found.ids, found.ranks) WITH ORDINALITY AS hit (id, rank, place) ON true
                 LEFT JOIN search_documents AS document ON document.id = hit.id
            ORDER BY hit.place
            """,
            async (command, token) =>
            {
                command.Parameters.Add(new() { Value = asked ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
                command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = query.Filters.From?.ToUniversalTime() ?? DateTime.MinValue });
                command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = query.Filters.To?.ToUniversalTime() ?? DateTime.MaxValue });
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = query.Offset });
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = query.Limit });
                await using var reader = await command.ExecuteReaderAsync(token);
                return await ReadAsync(reader, query.Limit, token);
            },
            cancellationToken);
        // A page may reach further than what was counted.
        var facets = await FacetsAsync(found.Facets.Concat(found.Rows.Select(row => row.Facets)), cancellationToken);
        return new(
            [.. found.Rows.Select(row => Hit(row, facets[row.Facets], words))],
            found.Total,
            SearchFacets.Count(found.Facets, facets, MaxFacetValues));
    }

    private static async Task<(long Total, long[] Facets, List<Row> Rows)> ReadAsync(
        NpgsqlDataReader reader, int limit, CancellationToken cancellationToken)
    {
        var (total, facets, rows) = (0L, (long[]?)null, new List<Row>(limit));
        while (await reader.ReadAsync(cancellationToken))
        {
            total = reader.GetInt64(0);
            // In the first row alone.
            facets ??= reader.IsDBNull(1) ? [] : reader.GetFieldValue<long[]>(1);
            if (!reader.IsDBNull(3))
            {
                rows.Add(new(
                    reader.IsDBNull(2) ? 1 : reader.GetInt32(2), reader.GetGuid(3), reader.GetDateTime(4), reader.GetInt64(5),
                    reader.GetFieldValue<string[]>(6)));
            }
        }
        return (total, facets ?? [], rows);
    }

    private static SearchHit Hit(Row row, SearchFacets facets, SearchWords? words)
    {
        var (contactId, filename, description, text) = (row.Stored[0], row.Stored[1], row.Stored[2], row.Stored[3]);
        var snippet = Highlighter.Snippet(text, words);
        var highlights = new Dictionary<string, string>();
        if (words is not null)
        {
            Mark("filename", filename);
            Mark("text_content", snippet);
            Mark("description", description);
        }
        return new(
            row.Id, filename, contactId, facets.DocumentType, facets.FileExtension, facets.Tags, facets.ProcessingStatus, row.UploadTimestamp,
            snippet, words is null ? 1 : SearchLexemes.Score(row.Tier, words.IsCorrected), highlights);

        void Mark(string field, string text)
        {
            if (Highlighter.Mark(text, words) is { } html)
            {
                highlights[field] = html;
            }
        }
    }

    /// <summary>The facets by id. They never change, so each is asked for once.</summary>
    private async Task<Dictionary<long, SearchFacets>> FacetsAsync(IEnumerable<long> ids, CancellationToken cancellationToken)
    {
        var facets = new Dictionary<long, SearchFacets>();
        var unknown = new List<long>();
        foreach (var id in ids.Distinct())
        {
            if (_facets.TryGetValue(id, out var known))
            {
                facets.Add(id, known);
            }
            else
            {
                unknown.Add(id);
            }
        }
        if (unknown.Count > 0)
        {
            if (_facets.Count > MaxKnownFacets)
            {
                _facets.Clear();
            }
            foreach (var read in await ReadFacetsAsync([.. unknown], cancellationToken))
            {
                facets[read.Id] = _facets[read.Id] = read;
            }
        }
        return facets;
    }

    private Task<List<SearchFacets>> ReadFacetsAsync(long[] ids, CancellationToken cancellationToken) => ReadAsync(
        "SELECT id, document_type, file_extension, processing_status, tags FROM search_facets WHERE id = ANY ($1)",
        async (command, token) =>
        {
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = ids });
            var facets = new List<SearchFacets>(ids.Length);
            await using var reader = await command.ExecuteReaderAsync(token);
            while (await reader.ReadAsync(token))
            {
                facets.Add(new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<string[]>(4)));
            }
            return facets;
        },
        cancellationToken);

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

    /// <summary>A document that was found, as it comes from the database.</summary>
    /// <param name="Stored">Contact, filename, description and the beginning of the text.</param>
    private sealed record Row(int Tier, Guid Id, DateTime UploadTimestamp, long Facets, string[] Stored);
}
