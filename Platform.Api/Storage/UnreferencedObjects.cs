using Npgsql;

namespace Platform.Api.Storage;

/// <summary>
/// The table unreferenced_objects: keys that may be in the store and that no document refers to. Whoever deletes such an object holds its
/// row locked meanwhile, so that nobody can begin to refer to it, and deletes the row when the object is gone.
/// </summary>
internal sealed class UnreferencedObjects(NpgsqlDataSource database, IObjectStore store)
{
    /// <summary>
    /// The advisory lock that whoever deletes an object shares. While somebody holds it alone, every object stays that a snapshot of the
    /// database refers to which is begun after that. The number is arbitrary and ours.
    /// </summary>
    public const long DeletionLock = 7350461528305;

    private const int BatchSize = 50;

    /// <summary>Enters the key before its first byte.</summary>
    public async Task AddAsync(string key, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("INSERT INTO unreferenced_objects (key, delete_after) VALUES ($1, now() + $2)");
        command.Parameters.Add(new() { Value = key });
        command.Parameters.Add(new() { Value = lifetime });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Takes the key out, in the transaction that refers to it. Fails with <see cref="IsTooLate"/> when it is not there any more.
    /// </summary>
    public static NpgsqlBatchCommand Reference(string key) => new("SELECT reference_object($1)") { Parameters = { new() { Value = key } } };

    /// <summary>Whether the failure says that the object was given up meanwhile.</summary>
    public static bool IsTooLate(PostgresException failure) => failure.SqlState == PostgresErrorCodes.NoDataFound;

    /// <summary>
    /// Deletes the object now, unless it is referred to, or somebody else is about to do either, or holds <see cref="DeletionLock"/>.
    /// </summary>
    public Task DeleteAsync(string key, CancellationToken cancellationToken) => DeleteAsync("key = $1", key, limit: 1, cancellationToken);

    /// <summary>Deletes what is due, and returns how many there were; more may be left.</summary>
    public Task<int> DeleteDueAsync(CancellationToken cancellationToken) =>
        DeleteAsync("delete_after <= now()", value: null, BatchSize, cancellationToken);

    private async Task<int> DeleteAsync(string condition, string? value, int limit, CancellationToken cancellationToken)
    {
        var deleted = 0;
        while (deleted < limit)
        {
            // One transaction each: a store that goes away half-way takes nothing back.
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var find = new NpgsqlCommand($"""
                WITH lock AS MATERIALIZED (SELECT pg_try_advisory_xact_lock_shared({DeletionLock}) AS is_held)
                SELECT key FROM unreferenced_objects, lock WHERE is_held AND {condition}
                ORDER BY delete_after LIMIT 1 FOR UPDATE OF unreferenced_objects SKIP LOCKED
                """, connection);
            if (value is not null)
            {
                find.Parameters.Add(new() { Value = value });
            }
            if (await find.ExecuteScalarAsync(cancellationToken) is not string key)
            {
                break;
            }
            await store.DeleteAsync(key, cancellationToken);
            await using var delete = new NpgsqlCommand("DELETE FROM unreferenced_objects WHERE key = $1", connection)
            {
                Parameters = { new() { Value = key } },
            };
            await delete.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            deleted++;
        }
        return deleted;
    }
}
