using Npgsql;
using NpgsqlTypes;

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
        await using var command = database.CreateCommand("INSERT INTO api_keys (id, name, key_hash, scopes) VALUES ($1, $2, $3, $4)");
        command.Parameters.Add(new() { Value = Guid.CreateVersion7() });
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = hash });
        command.Parameters.Add(new() { Value = scopes.ToArray() });
        await command.ExecuteNonQueryAsync(cancellationToken);
        return key;
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
}
