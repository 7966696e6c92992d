using System.Net;
using Npgsql;

namespace Platform.Tests.Api.Backups;

/// <summary>What was backed up is there again, all of it.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class RestoreTests(ApiFixture api)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_empty_system_becomes_the_one_that_was_backed_up(bool isEncrypted)
    {
        await using var backups = await BackupsUnderTest.StartAsync(
            api.Postgres, isEncrypted ? [("Backups__EncryptionKey", BackupsUnderTest.EncryptionKey)] : []);
        var contact = await Uploads.ContactAsync(backups.Service);
        using (var patched = await backups.SendAsync(
            HttpMethod.Patch, $"/contacts/{contact}", new { status = "contacted", notes = "A\tnote\\n with \"all\"\r\nof it: \\. é 🙂" }))
        {
            Assert.Equal(HttpStatusCode.OK, patched.StatusCode);
        }
        var kept = await Uploads.UploadAsync(backups.Service, contact, "A zeppelin over the lake.");
        var trashed = await Uploads.UploadAsync(backups.Service, contact, "To be thrown away.", "trash.txt");
        using (var deleted = await backups.SendAsync(HttpMethod.Delete, $"/documents/{trashed.GetProperty("document_id").GetString()}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }
        using var created = await backups.SendAsync(HttpMethod.Post, "/admin/keys", new { name = "a reader", scopes = (string[])["read"] });
        var key = (await ApiFixture.JsonAsync(created, HttpStatusCode.Created)).GetProperty("key").GetString();
        await backups.WhenProcessedAsync();
        // What no request leaves behind just now, and more than one part of a table.
        await ApiFixture.ExecuteAsync(backups.Database, """
            INSERT INTO outbox (kind, payload) VALUES ('contact', '{"contact_id": "contact_x"}');
            INSERT INTO analytics_events (id, event_type, event_data)
            SELECT gen_random_uuid(), 'large', jsonb_build_object('text', repeat(md5(n::text), 3000)) FROM generate_series(1, 100) AS n;
            """);

        var backup = await backups.BackUpAsync();
        var expected = await BackupsUnderTest.RowsAsync(backups.Database);
        var system = await backups.NewSystemAsync();
        await system.RestoreAsync("latest");

        Assert.Equal(isEncrypted, backup.GetProperty("encrypted").GetBoolean());
        Assert.Equal(1, backup.GetProperty("contacts").GetInt64());
        Assert.Equal(2, backup.GetProperty("documents").GetInt64());
        var restored = await BackupsUnderTest.RowsAsync(system.Database);
        Assert.Equal(expected.Keys.Order(), restored.Keys.Order());
        Assert.All(expected, table => Assert.Equal(table.Value, restored[table.Key]));
        Assert.Equal(100, restored["analytics_events"].Count(row => row.Contains("large", StringComparison.Ordinal)));

        // Numbers go on where they were.
        Assert.True(await ApiFixture.QueryAsync<bool>(system.Database, """
            SELECT (SELECT max(id) FROM document_tasks WHERE kind = 'reindex') > (SELECT max(id) FROM document_tasks WHERE kind <> 'reindex')
            """));

        await using var service = await system.StartServiceAsync();
        using (var content = await ApiFixture.GetAsync(service, $"/documents/{kept.GetProperty("document_id").GetString()}/content", key))
        {
            Assert.Equal("A zeppelin over the lake.", await content.Content.ReadAsStringAsync());
        }
        await ApiFixture.EventuallyAsync(
            async () =>
            {
                using var found = await ApiFixture.GetAsync(service, "/documents/search?q=zeppelin", key);
                return (await ApiFixture.JsonAsync(found)).GetProperty("total_count").GetInt64() == 1;
            },
            "the index is built anew",
            60);
        Assert.Equal(2, (await ApiFixture.SubmitAsync(service, ApiFixture.Submission())).GetProperty("visitor_count").GetInt64());
    }

    [Fact]
    public async Task One_that_is_killed_is_begun_again()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        await Uploads.UploadAsync(backups.Service, await Uploads.ContactAsync(backups.Service), "A zeppelin over the lake.");
        await backups.WhenProcessedAsync();
        var archive = ArchiveFile.Read(backups.PathOf(await backups.BackUpAsync()));
        var system = await backups.NewSystemAsync();
        var administrator = new NpgsqlConnectionStringBuilder(backups.Database)
        {
            Database = new NpgsqlConnectionStringBuilder(system.Database).Database,
        }.ConnectionString;
        // The last table is complete when all objects are there, and waits for the gate then.
        var last = archive.Manifest["tables"]!.AsArray()[^1]!["name"]!.GetValue<string>();
        await ApiFixture.ExecuteAsync(administrator, $"""
            CREATE SCHEMA held;
            GRANT USAGE ON SCHEMA held TO PUBLIC;
            CREATE FUNCTION held.wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END';
            CREATE FUNCTION held.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.{last}' AND object_type = 'table') THEN
                    CREATE TRIGGER waits AFTER INSERT ON public.{last} EXECUTE FUNCTION held.wait();
                END IF;
            END
            $$;
            CREATE EVENT TRIGGER watches ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION held.watch();
            """);
        await using (var gate = new NpgsqlConnection(administrator + ";Pooling=false"))
        {
            await gate.OpenAsync();
            await using var closed = new NpgsqlCommand("SELECT pg_advisory_lock(42)", gate);
            await closed.ExecuteNonQueryAsync();
            using var restore = system.Start("--restore", "latest");
            await ApiFixture.EventuallyAsync(
                async () => await ApiFixture.QueryAsync<bool>(
                    administrator, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted)"),
                $"the restore waits at {last}",
                60);
            restore.Kill();
            await restore.WaitForExitAsync();
        }

        // The database undoes what was not committed as soon as it hears of it.
        await ApiFixture.EventuallyAsync(
            async () => await ApiFixture.QueryAsync<bool>(
                administrator, "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()"),
            "the server has ended what the restore began");
        Assert.Single(Directory.EnumerateFiles(system.Objects, "*", SearchOption.AllDirectories));
        Assert.True(await ApiFixture.QueryAsync<bool>(administrator, "SELECT to_regclass('public.contact_submissions') IS NULL"));
        await ApiFixture.ExecuteAsync(administrator, "DROP EVENT TRIGGER watches; DROP SCHEMA held CASCADE");
        await system.RestoreAsync("latest");
        Assert.Equal(await BackupsUnderTest.RowsAsync(backups.Database), await BackupsUnderTest.RowsAsync(system.Database));
    }
}
