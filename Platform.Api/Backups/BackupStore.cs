using Npgsql;
using NpgsqlTypes;
using Platform.Api.Backups.Archive;

namespace Platform.Api.Backups;

/// <summary>The table backups.</summary>
internal sealed class BackupStore(NpgsqlDataSource database)
{
    /// <summary>The advisory lock of whoever makes a backup. The number is arbitrary and ours.</summary>
    public const long Lock = 7350461528304;

    /// <summary>What is known of the backups, the newest first.</summary>
    public async Task<BackupHistory> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT name, state, trigger, started_at, finished_at, objects, bytes, size, sha256, contacts, documents, verified_at,
                is_damaged, is_ours, reason,
                EXISTS (
                    SELECT FROM pg_locks
                    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint << 32) + objid::bigint = {Lock}
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
            FROM backups ORDER BY started_at DESC, name DESC
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var records = new List<BackupRecord>();
        var isLocked = false;
        while (await reader.ReadAsync(cancellationToken))
        {
            records.Add(new(
                reader.GetString(0),
                reader.GetString(1),
                reader.IsDBNull(2) ? null : reader.GetString(2),
                reader.GetDateTime(3),
                reader.IsDBNull(4) ? null : reader.GetDateTime(4),
                reader.GetInt64(5),
                reader.GetInt64(6),
                reader.IsDBNull(7) ? null : reader.GetInt64(7),
                reader.IsDBNull(8) ? null : reader.GetString(8),
                reader.IsDBNull(9) ? null : reader.GetInt64(9),
                reader.IsDBNull(10) ? null : reader.GetInt64(10),
                reader.IsDBNull(11) ? null : reader.GetDateTime(11),
                reader.GetBoolean(12),
                reader.GetBoolean(13),
                reader.IsDBNull(14) ? null : reader.GetString(14)));
            isLocked = reader.GetBoolean(15);
        }
        return new(records, isLocked);
    }

    /// <summary>Notes that a backup is begun. False when there is one of that name.</summary>
    public async Task<bool> AddAsync(ArchiveName name, string trigger, NpgsqlBatchCommand audit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var insert = new NpgsqlCommand(
            "INSERT INTO backups (name, state, trigger, started_at) VALUES ($1, 'running', $2, $3) ON CONFLICT DO NOTHING", connection)
        {
            Parameters = { new() { Value = name.ToString() }, new() { Value = trigger }, new() { Value = name.CreatedAt } },
        };
        if (await insert.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            return false;
        }
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { audit } };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public Task SaveProgressAsync(ArchiveName name, long objects, long bytes, CancellationToken cancellationToken) =>
        ExecuteAsync("UPDATE backups SET objects = $2, bytes = $3 WHERE name = $1", cancellationToken, name.ToString(), objects, bytes);

    /// <summary>Notes that a backup is there.</summary>
    public Task CompleteAsync(ArchiveName name, VerifiedArchive archive, CancellationToken cancellationToken) => ExecuteAsync(
        """
        UPDATE backups SET state = 'completed', finished_at = now(), verified_at = now(), size = $2, sha256 = $3, contacts = $4, documents = $5
        WHERE name = $1
        """,
        cancellationToken,
        name.ToString(), archive.Size, archive.Sha256, archive.Contacts, archive.Documents);

    /// <summary>Notes that a backup has failed, and forgets the one that failed before.</summary>
    /// <param name="reason">For a person.</param>
    public Task FailAsync(ArchiveName name, string reason, CancellationToken cancellationToken) => ExecuteAsync(
        """
        WITH before AS (DELETE FROM backups WHERE state = 'failed' AND name <> $1)
        UPDATE backups SET state = 'failed', finished_at = now(), reason = $2 WHERE name = $1
        """,
        cancellationToken,
        name.ToString(), reason);

    /// <summary>Notes what reading an archive has shown.</summary>
    /// <param name="archive">What is in it; null when it is damaged.</param>
    public async Task SaveVerificationAsync(
        ArchiveName name, long size, VerifiedArchive? archive, NpgsqlBatchCommand audit, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new("""
            INSERT INTO backups (name, state, started_at, size, sha256, contacts, documents, verified_at, is_damaged, is_ours)
            VALUES ($1, 'completed', $2, $3, $4, $5, $6, now(), $7, false)
            ON CONFLICT (name) DO UPDATE SET verified_at = now(), is_damaged = $7, sha256 = coalesce($4, backups.sha256),
                contacts = coalesce($5, backups.contacts), documents = coalesce($6, backups.documents)
            """)
        {
            Parameters =
            {
                new() { Value = name.ToString() },
                new() { Value = name.CreatedAt },
                new() { Value = size },
                new() { Value = (object?)archive?.Sha256 ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = (object?)archive?.Contacts ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint },
                new() { Value = (object?)archive?.Documents ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint },
                new() { Value = archive is null },
            },
        });
        batch.BatchCommands.Add(audit);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Brings the table in line with the archives that there are.</summary>
    public async Task ReconcileAsync(IReadOnlyList<(ArchiveName Name, long Size)> archives, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(Found(archives, areOurs: false));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Enters the archives that there are, and takes out those that are gone.</summary>
    public static NpgsqlBatchCommand Found(IReadOnlyList<(ArchiveName Name, long Size)> archives, bool areOurs) => new("""
        WITH gone AS (DELETE FROM backups WHERE state = 'completed' AND name <> ALL ($1))
        INSERT INTO backups (name, state, started_at, size, is_ours)
        SELECT name, 'completed', started_at, size, $4 FROM unnest($1, $2, $3) AS found (name, started_at, size)
        ON CONFLICT DO NOTHING
        """)
    {
        Parameters =
        {
            new() { Value = archives.Select(archive => archive.Name.ToString()).ToArray() },
            new() { Value = archives.Select(archive => archive.Name.CreatedAt).ToArray() },
            new() { Value = archives.Select(archive => archive.Size).ToArray() },
            new() { Value = areOurs },
        },
    };

    public async Task DeleteAsync(ArchiveName name, NpgsqlBatchCommand audit, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new("DELETE FROM backups WHERE name = $1") { Parameters = { new() { Value = name.ToString() } } });
        batch.BatchCommands.Add(audit);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>A row.</summary>
/// <param name="IsOurs">Made by this system, or there when it was restored.</param>
/// <param name="Reason">Why it failed, for a person.</param>
internal sealed record BackupRecord(
    string Name,
    string State,
    string? Trigger,
    DateTime StartedAt,
    DateTime? FinishedAt,
    long Objects,
    long Bytes,
    long? Size,
    string? Sha256,
    long? Contacts,
    long? Documents,
    DateTime? VerifiedAt,
    bool IsDamaged,
    bool IsOurs,
    string? Reason);

/// <summary>What is known of the backups.</summary>
/// <param name="Records">The newest first.</param>
/// <param name="IsLocked">Whether somebody is making one.</param>
internal sealed record BackupHistory(IReadOnlyList<BackupRecord> Records, bool IsLocked)
{
    /// <summary>The one that is being made.</summary>
    public BackupRecord? Running => IsLocked ? Records.FirstOrDefault(record => record.State == "running") : null;

    /// <summary>What another system has made at the same destination is no backup of this one.</summary>
    public BackupRecord? LastSuccess => Records.FirstOrDefault(record => record is { State: "completed", IsDamaged: false, IsOurs: true });

    /// <summary>Whether the last one that came to its end failed.</summary>
    public bool HasLastFailed => Records.FirstOrDefault(record => record is { State: not "running", IsOurs: true }) is { State: "failed" };

    public BackupRecord? LastFailure => Records.FirstOrDefault(record => record.State == "failed");

    public BackupRecord? Find(string name) => Records.FirstOrDefault(record => record.Name == name);
}
