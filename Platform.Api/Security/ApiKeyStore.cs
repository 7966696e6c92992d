using Npgsql;
using NpgsqlTypes;
using Platform.Api.Audit;
using Platform.Api.Idempotency;

namespace Platform.Api.Security;

/// <summary>The table api_keys.</summary>
internal sealed class ApiKeyStore(NpgsqlDataSource database)
{
    /// <summary>The channel on which the table's trigger tells of changes.</summary>
    public const string Channel = "api_keys";

    /// <summary>Keys in use at most; the bound of what is kept in memory.</summary>
    public const int MaxKeys = 10_000;

    /// <summary>Creates a key. The result is the only time that the key is seen.</summary>
    public async Task<string> CreateAsync(string name, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        var (key, hash) = ApiKey.Generate();
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(Insert(Guid.CreateVersion7(), name, hash, scopes));
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return key;
    }

    /// <summary>Adds a key, with the answer to whoever asked for it. False when there are as many as there may be.</summary>
    public async Task<bool> AddAsync(NewApiKey key, byte[] hash, KeyedAnswer? answer, HttpContext context, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Two at once must not both be the last one; the table is not locked against readers.
        await using var count = new NpgsqlCommand(
            "LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE; SELECT count(*) FROM api_keys WHERE revoked_at IS NULL", connection);
        if ((long)(await count.ExecuteScalarAsync(cancellationToken))! >= MaxKeys)
        {
            return false;
        }
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(Insert(key.Id, key.Name, hash, key.Scopes));
        var details = new Dictionary<string, string> { ["name"] = key.Name, ["scopes"] = string.Join(' ', key.Scopes) };
        batch.BatchCommands.Add(AuditLog.Entry(context, "key.created", Subject(key.Id), details));
        if (answer is not null)
        {
            IdempotencyKeys.AddTo(batch, answer.Scope, answer.Key, answer.Answer);
        }
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Revokes a key for good; one that is revoked stays so. False when there is no such key.</summary>
    public async Task<bool> RevokeAsync(Guid id, HttpContext context, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var find = new NpgsqlCommand("SELECT revoked_at IS NOT NULL FROM api_keys WHERE id = $1 FOR UPDATE", connection)
        {
            Parameters = { new() { Value = id } },
        };
        if (await find.ExecuteScalarAsync(cancellationToken) is not bool isRevoked)
        {
            return false;
        }
        if (!isRevoked)
        {
            await using var batch = new NpgsqlBatch(connection, transaction);
            batch.BatchCommands.Add(new("UPDATE api_keys SET revoked_at = now() WHERE id = $1") { Parameters = { new() { Value = id } } });
            batch.BatchCommands.Add(AuditLog.Entry(context, "key.revoked", Subject(id)));
            await batch.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        return true;
    }

    /// <summary>What is known of every key, those in use first, the newest first; of revoked ones the last that there is room for.</summary>
    public async Task<List<ApiKeyDescription>> ListAsync(CancellationToken cancellationToken)
    {
        var keys = new List<ApiKeyDescription>();
        await using var command = database.CreateCommand("""
            SELECT id, name, scopes, created_at, last_used_at, revoked_at FROM api_keys
            ORDER BY revoked_at IS NOT NULL, created_at DESC, id LIMIT $1
            """);
        command.Parameters.Add(new() { Value = MaxKeys });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(new(
                reader.GetGuid(0),
                reader.GetString(1),
                reader.GetFieldValue<string[]>(2),
                reader.GetDateTime(3),
                reader.IsDBNull(4) ? null : reader.GetDateTime(4),
                reader.IsDBNull(5) ? null : reader.GetDateTime(5)));
        }
        return keys;
    }

    public async Task<List<ApiKey>> ReadAsync(CancellationToken cancellationToken)
    {
        var keys = new List<ApiKey>();
        await using var command = database.CreateCommand(
            "SELECT id, name, key_hash, scopes FROM api_keys WHERE revoked_at IS NULL ORDER BY created_at LIMIT $1");
        command.Parameters.Add(new() { Value = MaxKeys });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(ApiKey.Create(
                reader.GetGuid(0), reader.GetString(1), reader.GetFieldValue<byte[]>(2), reader.GetFieldValue<string[]>(3)));
        }
        return keys;
    }

    /// <summary>Notes when keys were used last; another instance may know better.</summary>
    public async Task SaveUsesAsync(IReadOnlyList<KeyValuePair<Guid, DateTime>> uses, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE api_keys SET last_used_at = used.at
            FROM unnest($1, $2) AS used (id, at)
            WHERE api_keys.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)
            """);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. uses.Select(use => use.Key)] });
        command.Parameters.Add(new NpgsqlParameter<DateTime[]>
        {
            TypedValue = [.. uses.Select(use => use.Value)],
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
        });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>How the audit log names a key.</summary>
    private static string Subject(Guid id) => $"key:{id}";

    private static NpgsqlBatchCommand Insert(Guid id, string name, byte[] hash, IReadOnlyList<string> scopes) =>
        new("INSERT INTO api_keys (id, name, key_hash, scopes) VALUES ($1, $2, $3, $4)")
        {
            Parameters = { new() { Value = id }, new() { Value = name }, new() { Value = hash }, new() { Value = scopes.ToArray() } },
        };
}
