using System.Buffers;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Database;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Search.Postgres;

/// <summary>
/// The index in PostgreSQL (migration 007): for each term the documents that have it (<see cref="Postings"/>), in segments that never change.
/// A query reads the postings of its words, and matches, filters, counts and ranks them here (<see cref="SearchQuestion"/>,
/// <see cref="KnownDocuments"/>); of the documents themselves only those of the page are read. A query with a word that no document has is
/// asked again with similar words.
/// </summary>
internal sealed class PostgresSearchIndex(NpgsqlDataSource database) : ISearchIndex, IDisposable
{
    /// <summary>Characters of a text that are kept for snippets; words further on are found, but not shown.</summary>
    private const int MaxSnippetSource = 32_768;

    private const int MaxFacetValues = 20;

    /// <summary>Words that have something in common with a misspelt one and are compared with it at most.</summary>
    private const int MaxCandidates = 2000;

    /// <summary>Of the words that begin so, and segments that have them, the first in the alphabet.</summary>
    private const int MaxLists = 20_000;

    /// <summary>Documents that are asked for in one statement.</summary>
    private const int MaxLoaded = 20_000;

    private const int MaxSearches = 4;

    /// <summary>
    /// All that an index is made of, in the order in which transactions take them. The one that is being built has them as <c>_next</c>.
    /// </summary>
    private static readonly string[] Tables = ["search_documents", "search_dead", "search_segments", "search_postings", "search_terms"];

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Half of them wait for PostgreSQL while the others compute.</summary>
    internal static readonly int SearchesAtOnce = 2 * Environment.ProcessorCount;

    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly SemaphoreSlim _learning = new(1);

    /// <summary>A search is work for the processor: of many at once each takes as long as all of them. So they go one after the other.</summary>
    private readonly SemaphoreSlim _turns = new(SearchesAtOnce);

    private KnownDocuments _known = new();

    /// <summary>Something was put or removed, so that there may be segments to merge.</summary>
    public ChannelReader<bool> Changes => _changes.Reader;

    /// <summary>A search that has not begun by then is refused.</summary>
    internal TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(5);

    public void Dispose()
    {
        _learning.Dispose();
        _turns.Dispose();
    }

    /// <summary>The migration has made it.</summary>
    public Task PrepareAsync(CancellationToken cancellationToken) => ReadAsync(
        "SELECT is_rebuilding FROM search_state", static (command, token) => command.ExecuteNonQueryAsync(token), cancellationToken);

    public Task PutAsync(IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken) =>
        PutAsync(documents, isRebuild: false, cancellationToken);

    public Task PutInRebuildAsync(IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken) =>
        PutAsync(documents, isRebuild: true, cancellationToken);

    public async Task RemoveAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var removed = ids.Order().ToArray();
        // Every transaction takes these tables in this order, so that none waits for another in a circle.
        await WriteAsync(
            connection => ExecuteAsync(
                connection,
                [
                    Command(Delete("search_documents", "search_dead"), Of(removed)),
                    Command("""
                        INSERT INTO search_removed SELECT id FROM unnest($1) AS id WHERE (SELECT is_rebuilding FROM search_state)
                        ON CONFLICT DO NOTHING
                        """, Of(removed)),
                    Command(Delete("search_documents_next", "search_dead_next"), Of(removed)),
                ],
                cancellationToken),
            cancellationToken);
        _changes.Writer.TryWrite(true);

        static string Delete(string documents, string dead) => $"""
            WITH removed AS (DELETE FROM {documents} WHERE id = ANY ($1) RETURNING number)
            INSERT INTO {dead} SELECT number FROM removed
            """;
    }

    public async Task<SearchPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        var words = string.IsNullOrWhiteSpace(query.Text) ? null : SearchWords.Read(query.Text);
        if (words is { All: [] })
        {
            // Signs, but no word that a document could have.
            return new([], 0, SearchFacets.None);
        }
        if (!await _turns.WaitAsync(MaxWait, cancellationToken))
        {
            throw new ServiceUnavailableException("search index", RetryAfter);
        }
        try
        {
            var page = await FindAsync(query, words, cancellationToken);
            if (page.TotalCount == 0 && words is not null && await CorrectAsync(words, cancellationToken) is { } corrected)
            {
                page = await FindAsync(query, corrected, cancellationToken);
            }
            return page;
        }
        finally
        {
            _turns.Release();
        }
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
        connection => ExecuteAsync(
            connection,
            resume
                ? [Command("UPDATE search_state SET is_rebuilding = true WHERE NOT is_rebuilding")]
                :
                [
                    Command($"LOCK TABLE search_removed, {ListOf("_next")} IN ACCESS EXCLUSIVE MODE"),
                    Command($"TRUNCATE search_removed, {ListOf("_next")}"),
                    Command("UPDATE search_state SET is_rebuilding = true"),
                ],
            cancellationToken),
        cancellationToken);

    public async Task CompleteRebuildAsync(CancellationToken cancellationToken)
    {
        await ReadAsync($"ANALYZE {ListOf("_next")}", static (command, token) => command.ExecuteNonQueryAsync(token), cancellationToken);
        await WriteAsync(
            connection => ExecuteAsync(
                connection,
                [
                    // Who waits for a lock makes others wait: rather not for long. The caller tries again.
                    Command("SET LOCAL lock_timeout = '3s'"),
                    Command($"SELECT pg_advisory_xact_lock({SearchSegments.MergeLock})"),
                    Command($"LOCK TABLE search_documents, search_removed, {ListOf("_next")}, {ListOf("")} IN ACCESS EXCLUSIVE MODE"),
                    // Fails, and with it all of this, when no index is being built.
                    Command("SELECT 1 / is_rebuilding::integer FROM search_state"),
                    .. Tables.SelectMany(table => (NpgsqlBatchCommand[])
                    [
                        Command($"ALTER TABLE {table} RENAME TO {table}_before"),
                        Command($"ALTER TABLE {table}_next RENAME TO {table}"),
                        Command($"ALTER TABLE {table}_before RENAME TO {table}_next"),
                    ]),
                    Command($"TRUNCATE search_removed, {ListOf("_next")}"),
                    Command("UPDATE search_state SET is_rebuilding = false"),
                ],
                cancellationToken),
            cancellationToken);
        _changes.Writer.TryWrite(true);
    }

    private async Task PutAsync(IReadOnlyCollection<SearchDocument> documents, bool isRebuild, CancellationToken cancellationToken)
    {
        var all = documents.Select(document => new Indexed(document, DocumentTerms.Of(document, out var known), known))
            .OrderBy(indexed => indexed.Document.Id).ToArray();
        // Most words are known already: what they could be mistaken for is worked out for new ones only.
        var (isRebuilding, unknown, unknownNext) = await UnknownTermsAsync(
            [.. all.SelectMany(indexed => indexed.Known).Distinct().Order(StringComparer.Ordinal)], cancellationToken);
        await WriteAsync(
            async connection =>
            {
                var facets = all.Select(indexed => SearchFacets.Of(indexed.Document)).DistinctBy(facets => facets.Id).OrderBy(facets => facets.Id);
                await ExecuteAsync(connection, facets.Select(Insert), cancellationToken);
                var commands = new List<NpgsqlBatchCommand>();
                if (isRebuild)
                {
                    // What clients write meanwhile is newer. They come before this transaction, and are seen, or after it, and have the last word.
                    await ExecuteAsync(connection, [Command("LOCK TABLE search_removed IN EXCLUSIVE MODE")], cancellationToken);
                }
                else
                {
                    commands.AddRange(await InsertAsync(connection, "", all, isLive: true, cancellationToken));
                    if (isRebuilding)
                    {
                        await ExecuteAsync(
                            connection,
                            [
                                Command("DELETE FROM search_removed WHERE id = ANY ($1)", Of([.. all.Select(indexed => indexed.Document.Id)])),
                                Command("LOCK TABLE search_removed IN ROW EXCLUSIVE MODE"),
                            ],
                            cancellationToken);
                    }
                    AddTerms("search_terms", unknown);
                }
                if (isRebuild || isRebuilding)
                {
                    commands.AddRange(await InsertAsync(connection, "_next", all, isLive: !isRebuild, cancellationToken));
                    AddTerms("search_terms_next", unknownNext);
                }
                await ExecuteAsync(connection, commands, cancellationToken);

                void AddTerms(string table, List<string> terms) => commands.AddRange(terms.Select(term => Command(
                    $"INSERT INTO {table} (term, hashes) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                    new NpgsqlParameter<string> { TypedValue = term }, new NpgsqlParameter<int[]> { TypedValue = Misspelling.Hashes(term) })));
            },
            cancellationToken);
        _changes.Writer.TryWrite(true);
    }

    private static NpgsqlBatchCommand Insert(SearchFacets facets) => Command(
        "INSERT INTO search_facets VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        new NpgsqlParameter<long> { TypedValue = facets.Id },
        Of(facets.DocumentType), Of(facets.FileExtension), Of(facets.ProcessingStatus), Of(facets.Tags));

    /// <summary>Inserts the documents, but those of which something newer is there.</summary>
    /// <param name="index">Empty, or <c>_next</c> for the index that is being built.</param>
    /// <returns>What inserts their postings.</returns>
    private static async Task<IReadOnlyList<NpgsqlBatchCommand>> InsertAsync(
        NpgsqlConnection connection, string index, Indexed[] all, bool isLive, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var (document, _, _) in all)
        {
            batch.BatchCommands.Add(Insert(index, document, isLive));
        }
        if (batch.BatchCommands.Count == 0)
        {
            return [];
        }
        var (dead, inserted) = (new List<long>(), 0);
        var postings = new Dictionary<string, List<long>>(StringComparer.Ordinal);
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            foreach (var (_, terms, _) in all)
            {
                if (await reader.ReadAsync(cancellationToken))
                {
                    inserted++;
                    foreach (var (term, kind) in terms)
                    {
                        (CollectionsMarshal.GetValueRefOrAddDefault(postings, term, out _) ??= []).Add(Postings.Of(reader.GetInt64(0), (int)kind));
                    }
                    if (!await reader.IsDBNullAsync(1, cancellationToken))
                    {
                        dead.Add(reader.GetInt64(1));
                    }
                }
                await reader.NextResultAsync(cancellationToken);
            }
        }
        return inserted == 0 ? [] : SearchSegments.Insert(index, inserted, postings, dead);
    }

    private static NpgsqlBatchCommand Insert(string index, SearchDocument document, bool isLive) => Command(
        $"""
        INSERT INTO search_documents{index} AS before (id, upload_timestamp, is_live, facets, stored)
        SELECT $1, $2, $3, $4, $5
        {(index == "" ? "" : "WHERE (SELECT is_rebuilding FROM search_state) AND ($3 OR NOT EXISTS (SELECT FROM search_removed WHERE id = $1))")}
        ON CONFLICT (id) DO UPDATE SET number = excluded.number, replaces = before.number, upload_timestamp = excluded.upload_timestamp,
            is_live = excluded.is_live, facets = excluded.facets, stored = excluded.stored
        WHERE excluded.is_live OR NOT before.is_live
        RETURNING number, replaces
        """,
        new NpgsqlParameter<Guid> { TypedValue = document.Id },
        new NpgsqlParameter<DateTime> { TypedValue = document.UploadTimestamp.ToUniversalTime() },
        new NpgsqlParameter<bool> { TypedValue = isLive },
        new NpgsqlParameter<long> { TypedValue = SearchFacets.Of(document).Id },
        Of([.. new[]
        {
            document.ContactId, document.Filename, document.Description,
            document.TextContent[..Math.Min(document.TextContent.Length, MaxSnippetSource)],
        }.Select(PostgresText.Clean)]));

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
        if (_known.IsFull)
        {
            _known = new();
        }
        var known = _known;
        for (var searches = 1; ; searches++)
        {
            using var question = new SearchQuestion(words, query.Filters.ContactIds);
            known.Remove(await ReadPostingsAsync(question, cancellationToken));
            question.Match();
            var ranked = await RankAsync(known, question, query, cancellationToken);
            var shown = await ReadShownAsync(ranked.Page, cancellationToken);
            var gone = ranked.Page.Where(match => !shown.ContainsKey(match.Number)).Select(match => match.Number).ToArray();
            if (gone.Length == 0 || searches == MaxSearches)
            {
                return new(
                    [.. ranked.Page.Where(match => shown.ContainsKey(match.Number)).Select(match => Hit(match, shown[match.Number], words))],
                    ranked.Total, ranked.Facets);
            }
            // They were removed, or another index took the place of this one, in between.
            known.Remove(gone);
        }
    }

    /// <summary>Reads what the question asks for, in one snapshot.</summary>
    /// <remarks>PostgreSQL plans anew, which takes longer than the rest, what promises to be cheaper for the values that are given. With each
    /// value in a SELECT of its own it promises nothing.</remarks>
    /// <returns>The numbers that are no document's any more.</returns>
    private Task<long[]> ReadPostingsAsync(SearchQuestion question, CancellationToken cancellationToken) => ReadAsync(
        $"""
        SELECT 0::bigint AS place, '' AS term, NULL::bytea AS postings, ARRAY(SELECT number FROM search_dead) AS dead
        UNION ALL
        SELECT range.place, list.term, list.postings, NULL
        FROM unnest((SELECT $1), (SELECT $2)) WITH ORDINALITY AS range (low, high, place) CROSS JOIN LATERAL (
            SELECT term, postings FROM search_postings WHERE term >= range.low AND term < range.high ORDER BY term, segment LIMIT {MaxLists}
        ) AS list
        """,
        async (command, token) =>
        {
            command.Parameters.Add(Of([.. question.Ranges.Select(range => range.Low)]));
            command.Parameters.Add(Of([.. question.Ranges.Select(range => range.High)]));
            long[] dead = [];
            var buffer = ArrayPool<byte>.Shared.Rent(8192);
            await using var reader = await command.ExecuteReaderAsync(token);
            while (await reader.ReadAsync(token))
            {
                var range = (int)reader.GetInt64(0) - 1;
                if (range < 0)
                {
                    dead = reader.GetFieldValue<long[]>(3);
                }
                else
                {
                    var length = (int)reader.GetBytes(2, 0, null, 0, 0);
                    if (length > buffer.Length)
                    {
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = ArrayPool<byte>.Shared.Rent(length);
                    }
                    reader.GetBytes(2, 0, buffer, 0, length);
                    question.Add(range, reader.GetString(1), buffer.AsSpan(0, length));
                }
            }
            ArrayPool<byte>.Shared.Return(buffer);
            return dead;
        },
        cancellationToken);

    private async Task<RankedMatches> RankAsync(
        KnownDocuments known, SearchQuestion question, SearchQuery query, CancellationToken cancellationToken)
    {
        var unknown = new List<long>();
        var ranked = known.Rank(question.Matches, query, MaxFacetValues, unknown);
        if (unknown.Count == 0)
        {
            return ranked;
        }
        // After a start nothing is known, and all who ask would read the same: whoever comes second finds it known.
        await _learning.WaitAsync(cancellationToken);
        try
        {
            for (; ; )
            {
                unknown.Clear();
                ranked = known.Rank(question.Matches, query, MaxFacetValues, unknown);
                if (unknown.Count == 0)
                {
                    return ranked;
                }
                foreach (var part in unknown.Chunk(MaxLoaded))
                {
                    known.Remove(part.Except(await LearnAsync(known, part, cancellationToken)));
                }
            }
        }
        finally
        {
            _learning.Release();
        }
    }

    /// <summary>Reads what is not known of documents.</summary>
    /// <returns>The numbers of those that are there.</returns>
    private Task<HashSet<long>> LearnAsync(KnownDocuments known, long[] numbers, CancellationToken cancellationToken) => ReadAsync(
        """
        SELECT number, upload_timestamp, facets.id, document_type, file_extension, processing_status, tags
        FROM search_documents JOIN search_facets AS facets ON facets.id = facets WHERE number = ANY ($1)
        """,
        async (command, token) =>
        {
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = numbers });
            var found = new HashSet<long>(numbers.Length);
            await using var reader = await command.ExecuteReaderAsync(token);
            while (await reader.ReadAsync(token))
            {
                found.Add(reader.GetInt64(0));
                known.Add(reader.GetInt64(0), reader.GetDateTime(1), reader.GetInt64(2), () => new(
                    reader.GetInt64(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetFieldValue<string[]>(6)));
            }
            return found;
        },
        cancellationToken);

    private async Task<Dictionary<long, Shown>> ReadShownAsync(RankedMatch[] page, CancellationToken cancellationToken) => page.Length == 0
        ? []
        : await ReadAsync(
            "SELECT number, id, stored FROM search_documents WHERE number = ANY ($1)",
            async (command, token) =>
            {
                command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. page.Select(match => match.Number)] });
                var shown = new Dictionary<long, Shown>(page.Length);
                await using var reader = await command.ExecuteReaderAsync(token);
                while (await reader.ReadAsync(token))
                {
                    shown.Add(reader.GetInt64(0), new(reader.GetGuid(1), reader.GetFieldValue<string[]>(2)));
                }
                return shown;
            },
            cancellationToken);

    private static SearchHit Hit(RankedMatch match, Shown shown, SearchWords? words)
    {
        var (contactId, filename, description, text) = (shown.Stored[0], shown.Stored[1], shown.Stored[2], shown.Stored[3]);
        var snippet = Highlighter.Snippet(text, words);
        var highlights = new Dictionary<string, string>();
        if (words is not null)
        {
            Mark("filename", filename);
            Mark("text_content", snippet);
            Mark("description", description);
        }
        var facets = match.Facets;
        return new(
            shown.Id, filename, contactId, facets.DocumentType, facets.FileExtension, facets.Tags, facets.ProcessingStatus,
            new DateTime(match.Time, DateTimeKind.Utc), snippet, words is null ? 1 : SearchQuestion.Score(match.Tier, words.IsCorrected), highlights);

        void Mark(string field, string text)
        {
            if (Highlighter.Mark(text, words) is { } html)
            {
                highlights[field] = html;
            }
        }
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
                        WHERE hashes && (SELECT $1) AND NOT EXISTS (SELECT FROM search_terms WHERE term >= $2 AND term < $3) LIMIT {MaxCandidates}
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

    private Task<bool> WriteAsync(Func<NpgsqlConnection, Task> write, CancellationToken cancellationToken) => TryAsync(
        async () =>
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await write(connection);
            await transaction.CommitAsync(cancellationToken);
            return true;
        },
        cancellationToken);

    private static async Task ExecuteAsync(
        NpgsqlConnection connection, IEnumerable<NpgsqlBatchCommand> commands, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in commands)
        {
            batch.BatchCommands.Add(command);
        }
        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

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

    private static string ListOf(string index) => string.Join(", ", Tables.Select(table => table + index));

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

    /// <summary>A document to be indexed.</summary>
    /// <param name="Known">Its words that may be meant when another one is written.</param>
    private sealed record Indexed(SearchDocument Document, Dictionary<string, PostingKind> Terms, IReadOnlyCollection<string> Known);

    /// <summary>What is shown of a document.</summary>
    /// <param name="Stored">Contact, filename, description and the beginning of the text.</param>
    private sealed record Shown(Guid Id, string[] Stored);
}
