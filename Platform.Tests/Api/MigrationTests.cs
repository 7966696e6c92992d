using System.Net;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Api.Database;

namespace Platform.Tests.Api;

/// <summary>The schema: brought up to date once, by whoever comes first, for any role, and never silently different.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class MigrationTests(ApiFixture api)
{
    [Fact, Trait("Defect", "D43")]
    public async Task A_changed_migration_stops_the_start_with_one_clear_line()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await (await (await ApiFixture.StartAsync(database)).WhenReadyAsync()).DisposeAsync();
        await ApiFixture.ExecuteAsync(database, "UPDATE schema_migrations SET checksum = 'of another text' WHERE number = 1");
        await using var service = await ApiFixture.StartAsync(database);
        await service.WhenEndedAsync();
        Assert.NotEqual(0, service.ExitCode);
        var line = Assert.Single(service.Log.Split('\n'), line => line.Contains("crit", StringComparison.Ordinal));
        Assert.Contains("Migration 001_", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", service.Log, StringComparison.Ordinal);
    }

    [Fact, Trait("Defect", "D43")]
    public async Task Instances_that_start_together_apply_each_migration_once_and_a_restart_none()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        var services = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ApiFixture.StartAsync(database)));
        foreach (var service in services)
        {
            await service.WhenReadyAsync();
        }
        Assert.Equal(1, services.Sum(service => service.Log.Split("Applied migration 001_").Length - 1));
        Assert.Equal(Migration.Embedded.Count, await ApiFixture.QueryAsync<int>(database, "SELECT count(*) FROM schema_migrations"));
        foreach (var service in services)
        {
            await service.DisposeAsync();
        }
        await using var again = await (await ApiFixture.StartAsync(database)).WhenReadyAsync();
        Assert.DoesNotContain("Applied migration", again.Log, StringComparison.Ordinal);
    }

    [Fact, Trait("Defect", "D43")]
    public async Task Any_role_that_owns_its_database_will_do()
    {
        var role = $"role_{Guid.NewGuid():n}";
        await ApiFixture.ExecuteAsync(api.Database, $"CREATE ROLE {role} LOGIN PASSWORD 'of-a-test-only'");
        var database = await api.Postgres.CreateDatabaseAsync();
        var owned = new NpgsqlConnectionStringBuilder(database) { Username = role };
        await ApiFixture.ExecuteAsync(api.Database, $"ALTER DATABASE {owned.Database} OWNER TO {role}");
        await using var service = await (await ApiFixture.StartAsync(owned.ConnectionString)).WhenReadyAsync();
        await ApiFixture.SubmitAsync(service, ApiFixture.Submission());
        using var list = await ApiFixture.GetAsync(service, "/contacts");
        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
    }

    [Fact]
    public async Task The_search_index_of_an_older_version_is_built_anew_when_there_are_documents()
    {
        foreach (var hasDocuments in (bool[])[true, false])
        {
            await using var source = NpgsqlDataSource.Create(await api.Postgres.CreateDatabaseAsync());
            var migrator = new Migrator(
                source, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), TimeProvider.System, NullLogger<Migrator>.Instance);
            await migrator.ApplyAsync([.. Migration.Embedded.Where(migration => migration.Number <= 6)], CancellationToken.None);
            await using (var fill = source.CreateCommand(hasDocuments
                ? """
                  INSERT INTO contact_submissions (id, name, email, message) VALUES ('contact_1', 'A', 'a@example.com', 'a');
                  INSERT INTO documents (id, contact_id, filename, file_extension, content_type, document_type, size, sha256, object_key)
                  VALUES (gen_random_uuid(), 'contact_1', 'a.txt', '.txt', 'text/plain', 'other', 1, decode(repeat('00', 32), 'hex'), 'documents/1')
                  """
                : "SELECT 1"))
            {
                await fill.ExecuteNonQueryAsync();
            }
            await migrator.ApplyAsync(Migration.Embedded, CancellationToken.None);
            await using var tasks = source.CreateCommand("SELECT count(*) FROM document_tasks WHERE kind = 'reindex' AND state = 'queued'");
            Assert.Equal(hasDocuments ? 1L : 0L, await tasks.ExecuteScalarAsync());
        }
    }

    [Fact, Trait("Defect", "D42")]
    public async Task A_new_database_has_no_rows_but_the_counter_at_zero_and_the_state_of_the_search_index()
    {
        var database = await MigratedAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await using var tables = source.CreateCommand("""
            SELECT string_agg(table_name, ',' ORDER BY table_name) FROM information_schema.tables
            WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'schema_migrations'
            """);
        foreach (var table in ((string)(await tables.ExecuteScalarAsync())!).Split(','))
        {
            var rows = await ApiFixture.QueryAsync<long>(database, $"SELECT count(*) FROM {table}");
            Assert.True(rows == (table is "website_visitors" or "search_state" ? 1 : 0), $"{table} has {rows} rows.");
        }
        Assert.Equal(0, await ApiFixture.QueryAsync<long>(database, "SELECT count FROM website_visitors"));
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_behind()
    {
        var database = await MigratedAsync();
        await using var source = NpgsqlDataSource.Create(database);
        Migration[] broken =
        [
            .. Migration.Embedded,
            Migration.Parse("998_good.sql", "CREATE TABLE half_done (id int)"),
            Migration.Parse("999_bad.sql", "CREATE TABLE broken (id no_such_type)"),
        ];
        await Assert.ThrowsAsync<PostgresException>(() => Migrator(source).ApplyAsync(broken, CancellationToken.None));
        Assert.Equal(0, await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM pg_class WHERE relname = 'half_done'"));
        Assert.Equal(Migration.Embedded.Count, await ApiFixture.QueryAsync<int>(database, "SELECT count(*) FROM schema_migrations"));
    }

    [Fact]
    public async Task An_update_moves_updated_at_and_the_view_counts_by_day()
    {
        var database = await MigratedAsync();
        await ApiFixture.ExecuteAsync(database, """
            INSERT INTO contact_submissions (id, name, email, message, timestamp, updated_at)
            VALUES ('contact_a', 'n', 'a@b.org', 'm', '2026-01-31T23:59:59Z', '2026-01-31'),
                ('contact_b', 'n', 'A@B.org', 'm', '2026-01-31T00:00:00Z', '2026-01-31');
            UPDATE contact_submissions SET status = 'closed' WHERE id = 'contact_a'
            """);
        Assert.True(await ApiFixture.QueryAsync<bool>(database,
            "SELECT updated_at > '2026-01-31' FROM contact_submissions WHERE id = 'contact_a'"));
        Assert.Equal("2026-01-31 2 1 1 0 1", await ApiFixture.QueryAsync<string>(database, """
            SELECT concat_ws(' ', day, total_contacts, unique_emails, new_contacts, contacted_contacts, closed_contacts)
            FROM v_contact_summary
            """));
    }

    private async Task<string> MigratedAsync()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await Migrator(source).ApplyAsync(Migration.Embedded, CancellationToken.None);
        return database;
    }

    private static Migrator Migrator(NpgsqlDataSource source) => new(
        source, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), TimeProvider.System, NullLogger<Migrator>.Instance);
}
