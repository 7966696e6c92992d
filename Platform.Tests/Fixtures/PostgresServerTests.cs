using Npgsql;

namespace Platform.Tests.Fixtures;

/// <summary>The private PostgreSQL itself: what every other promise of durability stands on.</summary>
[Trait("Needs", "postgres")]
public sealed class PostgresServerTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_committed_row_survives_kill_9_of_the_server()
    {
        var database = await postgres.CreateDatabaseAsync();
        await ExecuteAsync(database, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)");
        await postgres.KillAsync();
        await postgres.StartAsync();
        Assert.Equal(42, await ExecuteAsync(database, "SELECT id FROM kept"));
    }

    [Theory]
    [InlineData("SHOW fsync", "on")]
    [InlineData("SHOW synchronous_commit", "on")]
    [InlineData("SHOW full_page_writes", "on")]
    [InlineData("SHOW server_encoding", "UTF8")]
    [InlineData("SHOW shared_buffers", "256MB")]
    [InlineData("SHOW max_connections", "200")]
    [InlineData("SHOW password_encryption", "scram-sha-256")]
    [InlineData("SHOW data_checksums", "on")]
    [InlineData("SHOW listen_addresses", "127.0.0.1")]
    public async Task Its_settings_are_durable_and_as_designed(string query, string expected) =>
        Assert.Equal(expected, await ExecuteAsync(postgres.ConnectionString("postgres"), query));

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        var wrong = new NpgsqlConnectionStringBuilder(postgres.ConnectionString("postgres")) { Password = "guess", Pooling = false };
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(wrong.ConnectionString, "SELECT 1"));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
