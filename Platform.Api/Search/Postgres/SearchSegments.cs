using System.Runtime.InteropServices;
using Npgsql;
using NpgsqlTypes;

namespace Platform.Api.Search.Postgres;

/// <summary>
/// The postings in PostgreSQL. What is put at once is a segment: rows of its own, so that writers never wait for each other. As a query reads
/// a row of each segment that has the term, <see cref="MergeAsync"/> makes one segment of several, as a log-structured merge-tree does.
/// </summary>
internal static class SearchSegments
{
    /// <summary>
    /// The advisory lock of the transaction that merges, or that puts another index in the place of this one. The number is arbitrary and ours.
    /// </summary>
    public const long MergeLock = 7350461528304;

    /// <summary>So many segments of about the same size become one.</summary>
    private const int Factor = 8;

    /// <summary>A segment of so many documents is merged no more.</summary>
    private const int MaxMerged = 100_000;

    /// <summary>Every query is told of those that are dead: of more, some are taken out of the postings.</summary>
    private const int MaxDead = 1000;

    /// <summary>That become one at once.</summary>
    private const int MaxSegments = 64;

    /// <summary>What inserts a segment.</summary>
    /// <param name="index">Empty, or <c>_next</c> for the index that is being built.</param>
    /// <param name="postings">By term.</param>
    /// <param name="dead">Numbers in other segments that are no document's any more.</param>
    public static IReadOnlyList<NpgsqlBatchCommand> Insert(
        string index, int documents, Dictionary<string, List<long>> postings, IReadOnlyCollection<long> dead)
    {
        var terms = postings.Keys.Order(StringComparer.Ordinal).ToArray();
        return
        [
            new($"INSERT INTO search_dead{index} SELECT unnest($1)") { Parameters = { new NpgsqlParameter<long[]> { TypedValue = [.. dead] } } },
            new($"""
                WITH added AS (
                    INSERT INTO search_segments{index} (segment, documents) VALUES (nextval('search_numbers'), $1) RETURNING segment)
                INSERT INTO search_postings{index} (term, segment, postings)
                SELECT term, segment, postings FROM added, unnest($2, $3) AS list (term, postings)
                """)
            {
                Parameters =
                {
                    new NpgsqlParameter<int> { TypedValue = documents },
                    new NpgsqlParameter<string[]> { TypedValue = terms, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                    new NpgsqlParameter<byte[][]>
                    {
                        TypedValue = [.. terms.Select(term => Postings.Encode(CollectionsMarshal.AsSpan(postings[term])))],
                        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea,
                    },
                },
            },
        ];
    }

    /// <summary>There is something to merge.</summary>
    public static async Task<bool> IsDueAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        OfOneSize(await ReadSegmentsAsync(connection, cancellationToken)).Length > 0
        || (await ReadDeadAsync(connection, cancellationToken)).Count > MaxDead;

    /// <summary>
    /// Merges some segments into one, in the transaction of the connection, and leaves out what is dead. One process does it at a time.
    /// </summary>
    /// <param name="reader">Reads meanwhile.</param>
    /// <returns>False when there was nothing to do, or another process does it.</returns>
    public static async Task<bool> MergeAsync(NpgsqlConnection connection, NpgsqlConnection reader, CancellationToken cancellationToken)
    {
        await using (var mine = new NpgsqlCommand($"SELECT pg_try_advisory_xact_lock({MergeLock})", connection))
        {
            if (!(bool)(await mine.ExecuteScalarAsync(cancellationToken))!)
            {
                return false;
            }
        }
        var segments = await ReadSegmentsAsync(connection, cancellationToken);
        var dead = await ReadDeadAsync(connection, cancellationToken);
        var merged = OfOneSize(segments);
        if (merged.Length == 0 && dead.Count > MaxDead)
        {
            merged = await WithMostAsync(dead, connection, cancellationToken);
        }
        if (merged.Length == 0)
        {
            return false;
        }
        var removed = await CopyAsync(connection, reader, merged, dead, cancellationToken);
        await DeleteAsync(connection, "DELETE FROM search_postings WHERE segment = ANY ($1)", merged, cancellationToken);
        await DeleteAsync(connection, "DELETE FROM search_segments WHERE segment = ANY ($1)", merged, cancellationToken);
        await DeleteAsync(connection, "DELETE FROM search_dead WHERE number = ANY ($1)", removed, cancellationToken);
        return true;
    }

    /// <summary>Copies the postings to a new segment.</summary>
    /// <returns>The dead that were left out.</returns>
    private static async Task<long[]> CopyAsync(
        NpgsqlConnection connection, NpgsqlConnection reader, long[] merged, HashSet<long> dead, CancellationToken cancellationToken)
    {
        await using var next = new NpgsqlCommand("SELECT nextval('search_numbers')", connection);
        var segment = (long)(await next.ExecuteScalarAsync(cancellationToken))!;
        var (documents, removed) = (0, (long[])[]);
        await using (var copy = await connection.BeginBinaryImportAsync(
            "COPY search_postings (term, segment, postings) FROM STDIN (FORMAT binary)", cancellationToken))
        {
            await using var read = new NpgsqlCommand("SELECT term, postings FROM search_postings WHERE segment = ANY ($1) ORDER BY term", reader)
            {
                Parameters = { new NpgsqlParameter<long[]> { TypedValue = merged } },
            };
            await using var rows = await read.ExecuteReaderAsync(cancellationToken);
            using var postings = new Postings();
            var term = DocumentTerms.All;
            while (await rows.ReadAsync(cancellationToken))
            {
                if (rows.GetString(0) is var following && following != term)
                {
                    await WriteAsync();
                    term = following;
                }
                postings.Decode(rows.GetFieldValue<byte[]>(1), Postings.AsStored);
            }
            await WriteAsync();
            await copy.CompleteAsync(cancellationToken);

            async Task WriteAsync()
            {
                postings.Normalize();
                if (term == DocumentTerms.All)
                {
                    // Which is first, and has all documents of the segments.
                    removed = DeadOf(postings, dead);
                    documents = postings.Count - removed.Length;
                }
                RemoveDead(postings, dead);
                if (postings.Count > 0)
                {
                    await copy.StartRowAsync(cancellationToken);
                    await copy.WriteAsync(term, NpgsqlDbType.Text, cancellationToken);
                    await copy.WriteAsync(segment, NpgsqlDbType.Bigint, cancellationToken);
                    await copy.WriteAsync(Postings.Encode(postings.Items), NpgsqlDbType.Bytea, cancellationToken);
                    postings.Clear();
                }
            }
        }
        if (documents > 0)
        {
            await using var insert = new NpgsqlCommand("INSERT INTO search_segments (segment, documents) VALUES ($1, $2)", connection)
            {
                Parameters = { new NpgsqlParameter<long> { TypedValue = segment }, new NpgsqlParameter<int> { TypedValue = documents } },
            };
            await insert.ExecuteNonQueryAsync(cancellationToken);
        }
        return removed;
    }

    private static long[] DeadOf(Postings postings, HashSet<long> dead)
    {
        var found = new List<long>();
        foreach (var posting in postings.Items)
        {
            if (dead.Contains(Postings.Number(posting)))
            {
                found.Add(Postings.Number(posting));
            }
        }
        return [.. found];
    }

    private static void RemoveDead(Postings postings, HashSet<long> dead)
    {
        if (dead.Count == 0)
        {
            return;
        }
        var items = postings.Items;
        var kept = 0;
        foreach (var posting in items)
        {
            if (!dead.Contains(Postings.Number(posting)))
            {
                items[kept++] = posting;
            }
        }
        postings.Truncate(kept);
    }

    /// <summary>The segments of a size of which there are enough, the smallest first.</summary>
    internal static long[] OfOneSize(IEnumerable<(long Segment, int Documents)> segments) =>
        segments.Where(segment => segment.Documents < MaxMerged)
            .GroupBy(segment => (int)Math.Log(segment.Documents, Factor))
            .Where(size => size.Count() >= Factor)
            .MinBy(size => size.Key)
            ?.OrderBy(segment => segment.Segment).Select(segment => segment.Segment).Take(MaxSegments).ToArray() ?? [];

    /// <summary>The segment in which the most are dead.</summary>
    private static async Task<long[]> WithMostAsync(HashSet<long> dead, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT segment, postings FROM search_postings WHERE term = $1", connection)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = DocumentTerms.All } },
        };
        var (segment, most) = (0L, 0);
        using var postings = new Postings();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            postings.Clear();
            postings.Decode(rows.GetFieldValue<byte[]>(1), Postings.AsStored);
            if (DeadOf(postings, dead).Length is var count && count > most)
            {
                (segment, most) = (rows.GetInt64(0), count);
            }
        }
        return most == 0 ? [] : [segment];
    }

    private static async Task<List<(long Segment, int Documents)>> ReadSegmentsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT segment, documents FROM search_segments", connection);
        var segments = new List<(long, int)>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            segments.Add((rows.GetInt64(0), rows.GetInt32(1)));
        }
        return segments;
    }

    private static async Task<HashSet<long>> ReadDeadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT ARRAY(SELECT number FROM search_dead)", connection);
        return [.. (long[])(await command.ExecuteScalarAsync(cancellationToken))!];
    }

    private static async Task DeleteAsync(NpgsqlConnection connection, string sql, long[] numbers, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new NpgsqlParameter<long[]> { TypedValue = numbers } } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
