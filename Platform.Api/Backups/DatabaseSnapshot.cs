using Npgsql;
using Platform.Api.Backups.Archive;

namespace Platform.Api.Backups;

/// <summary>
/// All rows as they were at one time: a transaction that reads only, in which every table is copied. It takes no locks that a writer would
/// wait for.
/// </summary>
internal sealed class DatabaseSnapshot : IAsyncDisposable
{
    /// <summary>Bytes of a table that are one entry of the archive, and are in memory.</summary>
    private const int PartSize = 4 * 1024 * 1024;

    /// <summary>Tables that are in no archive.</summary>
    private static readonly string[] Excluded =
    [
        // The migrations make it.
        "schema_migrations",
        // Says what there is at the destination, and not in the database.
        "backups",
        // The index is derived: it is built anew after a restore. It may be being replaced right now, which would wait for us, and with it
        // every search.
        "search_documents", "search_documents_next", "search_postings", "search_postings_next", "search_segments", "search_segments_next",
        "search_dead", "search_dead_next", "search_terms", "search_terms_next", "search_facets", "search_removed", "search_state",
    ];

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private DatabaseSnapshot(NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        (_connection, _transaction) = (connection, transaction);

    /// <summary>Takes the snapshot.</summary>
    public static async Task<DatabaseSnapshot> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        await using var limits = new NpgsqlCommand("SET TRANSACTION READ ONLY; " + NoTimeouts, connection);
        await limits.ExecuteNonQueryAsync(cancellationToken);
        return new(connection, transaction);
    }

    /// <summary>Lets the transaction last as long as it has to, whatever the server's settings are.</summary>
    internal const string NoTimeouts = """
        SELECT set_config(name, '0', true) FROM pg_settings
        WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
        """;

    /// <summary>The number of the last migration.</summary>
    public async Task<int> ReadSchemaAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT max(number) FROM schema_migrations", _connection);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>
    /// The last values of all sequences that have given one, but for excluded tables. They may be newer than the snapshot, which leaves a gap.
    /// </summary>
    public async Task<Dictionary<string, long>> ReadSequencesAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            SELECT sequencename::text, last_value FROM pg_sequences
            WHERE schemaname = current_schema() AND last_value IS NOT NULL AND NOT EXISTS (
                SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = quote_ident(sequencename)::regclass
                    AND refclassid = 'pg_class'::regclass AND refobjid = ANY ($1::regclass[]))
            """, _connection)
        {
            Parameters = { new() { Value = Excluded } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var sequences = new Dictionary<string, long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            sequences.Add(reader.GetString(0), reader.GetInt64(1));
        }
        return sequences;
    }

    /// <summary>Adds all tables to the archive, as many parts each as its rows need.</summary>
    public async Task<List<ArchiveTable>> CopyToAsync(
        ArchiveWriter archive, Func<ArchiveEntry, Task> added, CancellationToken cancellationToken)
    {
        var tables = new List<ArchiveTable>();
        var part = GC.AllocateUninitializedArray<byte>(PartSize);
        foreach (var (table, columns) in await ReadTablesAsync(cancellationToken))
        {
            var rows = 0L;
            using var copy = await _connection.BeginTextExportAsync(
                $"COPY {Quote(table)} ({string.Join(", ", columns.Select(Quote))}) TO STDOUT", cancellationToken);
            // The bytes, not the text that they are.
            var bytes = ((StreamReader)copy).BaseStream;
            var number = 0;
            while (await bytes.ReadAtLeastAsync(part, PartSize, throwOnEndOfStream: false, cancellationToken) is > 0 and var read)
            {
                // A line is a row: a line feed in a value is escaped.
                rows += part.AsSpan(0, read).Count((byte)'\n');
                using var content = new MemoryStream(part, 0, read, writable: false);
                await added(
                    await archive.AddAsync($"{ArchiveManifest.DatabaseFolder}{table}/{number++:d8}.copy", content, read, cancellationToken));
            }
            tables.Add(new(table, columns, rows));
        }
        return tables;
    }

    /// <summary>The objects that the snapshot refers to.</summary>
    public Task<List<ArchiveEntry>> ReadObjectsAsync(CancellationToken cancellationToken) => ReadObjectsAsync(_connection, cancellationToken);

    /// <summary>The objects that the documents refer to, as entries of an archive.</summary>
    internal static async Task<List<ArchiveEntry>> ReadObjectsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var objects = new List<ArchiveEntry>();
        await using var command = new NpgsqlCommand("SELECT object_key, size, sha256 FROM documents ORDER BY object_key COLLATE \"C\"", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            objects.Add(new(
                ArchiveManifest.ObjectsFolder + reader.GetString(0),
                reader.GetInt64(1),
                Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(2))));
        }
        return objects;
    }

    public ValueTask DisposeAsync() => _transaction.DisposeAsync();

    internal static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>All tables with their columns that are not generated; one that refers to another comes after it.</summary>
    private async Task<List<(string Table, string[] Columns)>> ReadTablesAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            WITH RECURSIVE tables AS (
                SELECT oid, relname::text AS name FROM pg_class
                WHERE relkind = 'r' AND relnamespace = current_schema()::text::regnamespace AND relname::text <> ALL ($1)
            ), depths AS (
                SELECT oid, 0 AS depth FROM tables
                UNION
                SELECT reference.conrelid, depth + 1
                FROM depths JOIN pg_constraint AS reference ON reference.confrelid = depths.oid AND reference.contype = 'f'
                -- Rows of one table may refer to each other.
                WHERE reference.conrelid <> reference.confrelid AND depth < 100
            )
            SELECT name, ARRAY(
                SELECT attname::text FROM pg_attribute
                WHERE attrelid = tables.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum)
            FROM tables ORDER BY (SELECT max(depth) FROM depths WHERE depths.oid = tables.oid), name
            """, _connection)
        {
            Parameters = { new() { Value = Excluded } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<(string, string[])>();
        while (await reader.ReadAsync(cancellationToken))
        {
            tables.Add((reader.GetString(0), reader.GetFieldValue<string[]>(1)));
        }
        return tables;
    }
}
