using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Backups.Archive;
using Platform.Api.Database;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Backups;

/// <summary>
/// Puts an archive into an empty system: the archive is read once to check it, and once more for what is in it. The objects come first, and the
/// commit of the database last, so that a restore that fails changes nothing and one that dies can be begun again.
/// </summary>
internal sealed partial class Restore(
    IConfiguration configuration,
    IObjectStore objects,
    Migrator migrator,
    BackupArchives archives,
    TimeProvider time,
    ILogger<Restore> logger)
{
    /// <summary>Tables that may have rows in a system that is empty to a person: what is there after a start, and what comes by itself.</summary>
    private static readonly HashSet<string> Ignored =
    [
        "schema_migrations", "backups", "website_visitors", "analytics_events", "audit_log", "idempotency_keys", "document_tasks",
        "unreferenced_objects", "search_state", "search_facets", "search_terms", "search_terms_next", "search_removed",
    ];

    private const int ReportEvery = 1000;

    /// <summary>Restores the archive.</summary>
    /// <param name="archive">The path of a file, the name of an archive at the destination, or <c>latest</c> for the newest one there.</param>
    /// <param name="report">Told how far it has come, in lines for a person.</param>
    /// <exception cref="BackupException">It cannot be restored, and nothing was changed.</exception>
    public async Task RunAsync(string archive, Action<string> report, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var source = await archives.FindAsync(archive, cancellationToken);
        report($"Reading {source.Name}");
        var whole = await source.ReadAsync(handle: null, cancellationToken);
        var manifest = whole.Manifest;
        if (manifest.Schema > Migration.Embedded.Count)
        {
            throw new BackupException(
                $"It is of a newer version of Platform ({manifest.Version}): schema {manifest.Schema}, "
                + $"and this one knows {Migration.Embedded.Count}.");
        }
        report($"It is whole: {whole.Contacts} contacts and {whole.Documents} documents of {manifest.CreatedAt:u}");

        var found = archives.IsEnabled ? await archives.Destination.ListAsync(cancellationToken) : [];
        await objects.PrepareAsync(cancellationToken);
        var before = await CheckObjectsAsync(manifest, cancellationToken);
        await using var connection = configuration.CreateLongConnection();
        await connection.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var put = new List<string>();
        var restored = 0L;
        try
        {
            await PrepareDatabaseAsync(connection, manifest, cancellationToken);
            report("Restoring the database, and then the objects");
            await using (var loading = new TableLoading(connection, manifest))
            {
                await source.ReadAsync(
                    async (name, size, content, token) =>
                    {
                        if (name.StartsWith(ArchiveManifest.DatabaseFolder, StringComparison.Ordinal))
                        {
                            await loading.AddAsync(name, content, token);
                            return;
                        }
                        var key = name[ArchiveManifest.ObjectsFolder.Length..];
                        if (!before.Contains(key))
                        {
                            put.Add(key);
                        }
                        await objects.PutAsync(key, content, "application/octet-stream", token);
                        if (++restored % ReportEvery == 0)
                        {
                            report($"{restored} objects are there");
                        }
                    },
                    cancellationToken);
                await loading.CompleteAsync(cancellationToken);
            }
            await CheckAsync(connection, manifest, cancellationToken);
            await migrator.ApplyAsync(connection, Migration.Embedded, cancellationToken);
            await FinishAsync(connection, source.Name, found, cancellationToken);
        }
        catch
        {
            await DeleteAsync(put);
            throw;
        }
        // The objects stay, whatever is heard of this: it may have been done.
        await transaction.CommitAsync(CancellationToken.None);
        var seconds = time.GetElapsedTime(start).TotalSeconds;
        LogCompleted(source.Name, whole.Contacts, whole.Documents, seconds);
        report($"Restored in {seconds:0.0} s. The search index is built anew when Platform runs.");
    }

    /// <summary>Objects that are in the store already; there may be none but those of the archive, such as a restore has left that died.</summary>
    private async Task<HashSet<string>> CheckObjectsAsync(ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        var ours = manifest.Objects.Select(entry => entry.Name[ArchiveManifest.ObjectsFolder.Length..]).ToHashSet();
        var found = new HashSet<string>();
        await foreach (var stored in objects.ListAsync("", cancellationToken))
        {
            if (!ours.Contains(stored.Key))
            {
                throw new BackupException($"The object store is not empty: it has {stored.Key}. Restore into a system that is empty.");
            }
            found.Add(stored.Key);
        }
        return found;
    }

    /// <summary>Makes sure that nothing would be lost, and brings the database to the schema of the archive, with no rows.</summary>
    private async Task PrepareDatabaseAsync(NpgsqlConnection connection, ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, DatabaseSnapshot.NoTimeouts, cancellationToken);
        await using (var locking = new NpgsqlCommand($"SELECT pg_try_advisory_xact_lock({BackupStore.Lock})", connection))
        {
            if (!(bool)(await locking.ExecuteScalarAsync(cancellationToken))!)
            {
                throw new BackupException("A backup of this system is being made. Restore into a system that is empty.");
            }
        }
        var tables = await ReadTablesAsync(connection, cancellationToken);
        foreach (var table in tables)
        {
            await ExecuteAsync(connection, $"LOCK TABLE {DatabaseSnapshot.Quote(table)} IN ACCESS EXCLUSIVE MODE", cancellationToken);
            await using var any = new NpgsqlCommand($"SELECT EXISTS (SELECT FROM {DatabaseSnapshot.Quote(table)})", connection);
            if (!Ignored.Contains(table) && (bool)(await any.ExecuteScalarAsync(cancellationToken))!)
            {
                throw new BackupException($"The database is not empty: {table} has rows. Restore into a system that is empty.");
            }
        }
        if (tables.Contains("schema_migrations"))
        {
            // It was started already, and maybe at a newer schema.
            await ExecuteAsync(connection, DropAll, cancellationToken);
        }
        var schema = Migration.Embedded.Where(migration => migration.Number <= manifest.Schema).ToList();
        await migrator.ApplyAsync(connection, schema, cancellationToken);
        // What the migrations have put there is in the archive.
        foreach (var table in manifest.Tables)
        {
            await ExecuteAsync(connection, $"DELETE FROM {DatabaseSnapshot.Quote(table.Name)}", cancellationToken);
        }
    }

    /// <summary>Compares what was loaded with what the archive says that it has.</summary>
    private static async Task CheckAsync(NpgsqlConnection connection, ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        foreach (var table in manifest.Tables)
        {
            await using var count = new NpgsqlCommand($"SELECT count(*) FROM {DatabaseSnapshot.Quote(table.Name)}", connection);
            if ((long)(await count.ExecuteScalarAsync(cancellationToken))! is var rows && rows != table.Rows)
            {
                throw new DamagedArchiveException($"{table.Name} has {rows} rows, and should have {table.Rows}.");
            }
        }
        if (!manifest.Objects.SequenceEqual(await DatabaseSnapshot.ReadObjectsAsync(connection, cancellationToken)))
        {
            throw new DamagedArchiveException("Its objects are not those of its documents.");
        }
        foreach (var (name, value) in manifest.Sequences)
        {
            await using var set = new NpgsqlCommand("SELECT setval(quote_ident($1)::regclass, $2)", connection)
            {
                Parameters = { new() { Value = name }, new() { Value = value } },
            };
            await set.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Nobody works on the tasks that were running, and the index is built anew. Mail that waited waits again: what had been sent meanwhile is
    /// sent twice.
    /// </summary>
    private static async Task FinishAsync(
        NpgsqlConnection connection, string archive, IReadOnlyList<(ArchiveName Name, long Size)> found, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("UPDATE document_tasks SET leased_until = now() WHERE state = 'running'"),
                new("UPDATE document_tasks SET progress = NULL WHERE kind = 'reindex'"),
                new("INSERT INTO document_tasks (kind, requested_by) VALUES ('reindex', $1) ON CONFLICT DO NOTHING")
                {
                    Parameters = { new() { Value = AuditLog.System } },
                },
                BackupStore.Found(found, areOurs: true),
                AuditLog.Entry(AuditLog.System, correlationId: null, "backup.restored", $"backup:{archive}"),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Takes back what was put into the store.</summary>
    private async Task DeleteAsync(List<string> keys)
    {
        try
        {
            foreach (var key in keys)
            {
                await objects.DeleteAsync(key, CancellationToken.None);
            }
        }
        catch (ServiceUnavailableException)
        {
            // The failure that led here is thrown on. These are the archive's: restoring it again takes them over.
        }
    }

    private static async Task<List<string>> ReadTablesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            tables.Add(reader.GetString(0));
        }
        return tables;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Drops what the migrations made, all of it without rows that matter; what extensions have brought stays.</summary>
    private const string DropAll = """
        DO $$
        DECLARE statement text;
        BEGIN
            FOR statement IN
                SELECT format('DROP TABLE %s CASCADE', oid::regclass) FROM pg_class
                WHERE relkind = 'r' AND relnamespace = current_schema()::text::regnamespace
                    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
                UNION ALL
                SELECT format('DROP FUNCTION %s CASCADE', oid::regprocedure) FROM pg_proc
                WHERE pronamespace = current_schema()::text::regnamespace
                    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
            LOOP
                EXECUTE statement;
            END LOOP;
        END
        $$
        """;

    [LoggerMessage(
        LogLevel.Information, "{Archive} was restored: {Contacts} contacts and {Documents} documents, in {Seconds:0.0} s",
        EventName = "RestoreCompleted")]
    private partial void LogCompleted(string archive, long contacts, long documents, double seconds);

    /// <summary>Loads tables from their parts, which come one after the other, with one COPY for each table.</summary>
    private sealed class TableLoading(NpgsqlConnection connection, ArchiveManifest manifest) : IAsyncDisposable
    {
        private string? _table;
        private StreamWriter? _copy;

        public async Task AddAsync(string entry, Stream content, CancellationToken cancellationToken)
        {
            var name = entry.Split('/')[1];
            if (name != _table)
            {
                await CompleteAsync(cancellationToken);
                var table = manifest.Tables.FirstOrDefault(table => table.Name == name)
                    ?? throw new DamagedArchiveException($"Its manifest does not know the table {name}.");
                _copy = (StreamWriter)await connection.BeginTextImportAsync(
                    $"COPY {DatabaseSnapshot.Quote(name)} ({string.Join(", ", table.Columns.Select(DatabaseSnapshot.Quote))}) FROM STDIN",
                    cancellationToken);
                _table = name;
            }
            await content.CopyToAsync(_copy!.BaseStream, cancellationToken);
        }

        public async Task CompleteAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_copy is { } copy)
            {
                _copy = null;
                await copy.DisposeAsync();
            }
        }

        /// <summary>Whatever is not complete ends with the transaction.</summary>
        public async ValueTask DisposeAsync()
        {
            if (_copy is NpgsqlCopyTextWriter copy)
            {
                await copy.CancelAsync();
                await copy.DisposeAsync();
            }
        }
    }
}
