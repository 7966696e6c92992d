using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Platform.Tests.Observability;

namespace Platform.Tests.Api.Backups;

/// <summary>Backups that cannot be made: it is told, nothing is left of them, and the next one is.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class BackupFailureTests(ApiFixture api)
{
    [Fact]
    public async Task A_destination_that_is_away_is_503_to_who_asks_and_tried_again_when_one_is_due()
    {
        await using var backups = await BackupsUnderTest.StartAsync(
            api.Postgres, ("Backups__Url", "/proc/nowhere/backups"), ("Backups__Interval", "01:00:00"));
        await backups.Service.MeasuresAsync(value => value >= 2, "backup_runs_total", ("outcome", "failed"));
        await backups.Service.MeasuresAsync(1, "backup_last_failed");
        using (var started = await backups.SendAsync(HttpMethod.Post, "/admin/backups"))
        {
            await ApiFixture.ProblemAsync(started, 503);
            Assert.NotNull(started.Headers.RetryAfter);
        }
        using (var list = await backups.SendAsync(HttpMethod.Get, "/admin/backups"))
        {
            await ApiFixture.ProblemAsync(list, 503);
        }
        Assert.Contains("The destination of the backups is not available", backups.Service.Log, StringComparison.Ordinal);
        Assert.Equal(1, await ApiFixture.QueryAsync<long>(backups.Database, "SELECT count(*) FROM backups WHERE state = 'failed'"));
        Assert.Null(await backups.Service.ValueAsync("backup_last_success_timestamp_seconds"));
        // It goes on being late.
        Assert.InRange(
            (await backups.Service.ValueAsync("backup_due_timestamp_seconds"))!.Value, 1, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
    }

    [Fact]
    public async Task A_full_disk_ends_the_backup_and_nothing_stays_of_it()
    {
        var root = Path.Combine("/dev/shm", $"platform-test-{Guid.NewGuid():n}");
        Directory.CreateDirectory(root);
        using var mount = Process.Start("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", root]);
        await mount.WaitForExitAsync();
        try
        {
            if (mount.ExitCode != 0)
            {
                // Only who may mount can make a small disk; CI may, and must not pass without.
                Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
                return;
            }
            await using var backups = await BackupsUnderTest.StartAsync(api.Postgres, ("Backups__Url", root));
            await backups.FillAsync(megabytes: 8);

            await backups.RequestAsync();

            var list = await backups.WhenIdleAsync();
            Assert.Contains("space", list.GetProperty("last_failure").GetProperty("reason").GetString(), StringComparison.OrdinalIgnoreCase);
            Assert.Empty(list.GetProperty("items").EnumerateArray());
            Assert.Empty(Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories));
            await backups.Service.MeasuresAsync(1, "backup_last_failed");
            await ApiFixture.ExecuteAsync(backups.Database, "DELETE FROM analytics_events");
            await backups.BackUpAsync();
            await backups.Service.MeasuresAsync(0, "backup_last_failed");
        }
        finally
        {
            using var unmount = Process.Start("umount", [root]);
            await unmount.WaitForExitAsync();
            Directory.Delete(root);
        }
    }

    [Fact]
    public async Task A_process_that_is_killed_leaves_nothing_that_the_next_backup_does_not_delete()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        await backups.FillAsync(megabytes: 4);
        var left = Path.Combine(backups.Folder, ".staging");
        string killed;
        await using (await backups.HoldAsync())
        {
            killed = await backups.RequestAsync();
            await backups.WhenHeldAsync();
            await ApiFixture.EventuallyAsync(() => Task.FromResult(Directory.EnumerateFiles(left).Any()), "a part is written");
            await backups.Service.KillAsync();
        }
        await backups.RestartAsync();
        // PostgreSQL finds out in its own time.
        var list = await backups.WhenIdleAsync();
        Assert.Empty(list.GetProperty("items").EnumerateArray());
        Assert.Single(Directory.EnumerateFiles(left));

        var next = await backups.BackUpAsync();

        Assert.Empty(Directory.EnumerateFiles(left));
        await backups.Service.MeasuresAsync(1, "backup_runs_total", ("outcome", "failed"));
        list = await backups.GetAsync("/admin/backups");
        Assert.Equal(next.ToString(), Assert.Single(list.GetProperty("items").EnumerateArray()).ToString());
        Assert.Contains("interrupted", list.GetProperty("last_failure").GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(killed, next.GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_connection_that_breaks_and_a_service_that_stops_end_the_backup_and_say_so()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        await using (await backups.HoldAsync())
        {
            await backups.RequestAsync();
            await backups.WhenHeldAsync();
            await ApiFixture.ExecuteAsync(
                backups.Database, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'outbox'::regclass AND NOT granted");
            await backups.Service.MeasuresAsync(1, "backup_runs_total", ("outcome", "failed"));
            await ApiFixture.EventuallyAsync(
                async () => (await backups.GetAsync("/admin/backups")).GetProperty("last_failure").ValueKind != JsonValueKind.Null, "it is told");

            await backups.RequestAsync();
            await backups.WhenHeldAsync();
            Assert.InRange(await backups.Service.StopAsync(), TimeSpan.Zero, TimeSpan.FromSeconds(20));
        }
        Assert.Equal(0, backups.Service.ExitCode);
        Assert.Contains("interrupted", await ApiFixture.QueryAsync<string>(
            backups.Database, "SELECT string_agg(state || ' ' || reason, ', ') FROM backups"), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(backups.Folder, "*", SearchOption.AllDirectories));
        await backups.RestartAsync();
        await backups.BackUpAsync();
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("changed")]
    public async Task An_object_that_is_not_what_was_uploaded_is_named(string how)
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        var receipt = await Uploads.UploadAsync(backups.Service, await Uploads.ContactAsync(backups.Service), "A text.");
        var file = Assert.Single(Directory.GetFiles(backups.Objects, "*", SearchOption.AllDirectories));
        if (how == "missing")
        {
            File.Delete(file);
        }
        else
        {
            await File.WriteAllTextAsync(file, "A tixt.");
        }

        await backups.RequestAsync();

        var list = await backups.WhenIdleAsync();
        Assert.Empty(list.GetProperty("items").EnumerateArray());
        Assert.Contains(
            receipt.GetProperty("s3_path").GetString()!,
            list.GetProperty("last_failure").GetProperty("reason").GetString(),
            StringComparison.Ordinal);
        foreach (var query in (string[])["", "?purge=true"])
        {
            using var deleted = await backups.SendAsync(
                HttpMethod.Delete, $"/documents/{receipt.GetProperty("document_id").GetString()}{query}");
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }
        await backups.BackUpAsync();
    }

    [Fact]
    public async Task An_object_that_is_deleted_meanwhile_stays_until_the_backup_has_it()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        var receipt = await Uploads.UploadAsync(backups.Service, await Uploads.ContactAsync(backups.Service), "A text.");
        await using (await backups.HoldAsync())
        {
            await backups.RequestAsync();
            await backups.WhenHeldAsync();
            foreach (var query in (string[])["", "?purge=true"])
            {
                using var deleted = await backups.SendAsync(
                    HttpMethod.Delete, $"/documents/{receipt.GetProperty("document_id").GetString()}{query}");
                Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
            }
            // The sweeper has passed, and once more for the pass that had begun before.
            for (var pass = 0; pass < 2; pass++)
            {
                await ApiFixture.ExecuteAsync(
                    backups.Database,
                    "INSERT INTO document_tasks (kind, requested_by, state, finished_at) VALUES ('reindex', 'a test', 'completed', '2026-01-01')");
                await ApiFixture.EventuallyAsync(
                    async () => await ApiFixture.QueryAsync<long>(
                        backups.Database, "SELECT count(*) FROM document_tasks WHERE finished_at < '2026-02-01'") == 0,
                    "the sweeper passes");
            }
            Assert.Single(Directory.GetFiles(backups.Objects, "*", SearchOption.AllDirectories));
        }
        var list = await backups.WhenIdleAsync();
        Assert.Equal(1, Assert.Single(list.GetProperty("items").EnumerateArray()).GetProperty("documents").GetInt64());
        await ApiFixture.EventuallyAsync(
            () => Task.FromResult(Directory.GetFiles(backups.Objects, "*", SearchOption.AllDirectories).Length == 0), "the object is deleted");
        var system = await backups.NewSystemAsync();
        await system.RestoreAsync("latest");
        Assert.Single(Directory.GetFiles(system.Objects, "*", SearchOption.AllDirectories));
    }
}
