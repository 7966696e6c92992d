using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Platform.Tests.Fixtures;
using Platform.Tests.Observability;

namespace Platform.Tests.Api.Backups;

/// <summary>Backups as an administrator sees and makes them.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class BackupTests(ApiFixture api)
{
    [Fact]
    public async Task One_that_is_asked_for_is_listed_verified_measured_and_in_the_audit_log_and_the_newest_stays()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        await Uploads.UploadAsync(backups.Service, await Uploads.ContactAsync(backups.Service), "A text.");
        await backups.Service.MeasuresAsync(0, "backup_archives");
        Assert.Null(await backups.Service.ValueAsync("backup_last_success_timestamp_seconds"));
        Assert.Null(await backups.Service.ValueAsync("backup_due_timestamp_seconds"));

        var first = await backups.BackUpAsync();

        var (path, name) = (backups.PathOf(first), first.GetProperty("name").GetString()!);
        Assert.Equal(new FileInfo(path).Length, first.GetProperty("size").GetInt64());
        Assert.Equal((1, 1), (first.GetProperty("contacts").GetInt32(), first.GetProperty("documents").GetInt32()));
        Assert.Equal("requested", first.GetProperty("trigger").GetString());
        Assert.False(first.GetProperty("damaged").GetBoolean());
        Assert.NotEqual(JsonValueKind.Null, first.GetProperty("verified_at").ValueKind);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(backups.Folder));
        var check = new ProcessStartInfo("sha256sum", ["-c", "--status", name + ".sha256"]) { WorkingDirectory = backups.Folder };
        using (var sha256sum = Process.Start(check)!)
        {
            await sha256sum.WaitForExitAsync();
            Assert.Equal(0, sha256sum.ExitCode);
        }
        Assert.Equal(first.ToString(), (await backups.GetAsync($"/admin/backups/{name}")).ToString());
        // One that somebody has put there; and of a day the last one stays.
        const string Found = "platform-20201126T043000Z.tar.gz";
        File.Copy(path, Path.Combine(backups.Folder, Found));
        var second = await backups.BackUpAsync();
        var list = await backups.GetAsync("/admin/backups");
        Assert.Equal(
            [second.GetProperty("name").GetString(), Found],
            list.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()));
        Assert.Equal(backups.Folder, list.GetProperty("destination").GetString());
        await backups.Service.MeasuresAsync(2, "backup_archives");
        await backups.Service.MeasuresAsync(2, "backup_runs_total", ("outcome", "success"));
        await backups.Service.MeasuresAsync(0, "backup_runs_total", ("outcome", "failed"));
        await backups.Service.MeasuresAsync(0, "backup_running");
        await backups.Service.MeasuresAsync(second.GetProperty("size").GetInt64(), "backup_last_size_bytes");
        await backups.Service.MeasuresAsync(
            new DateTimeOffset(second.GetProperty("created_at").GetDateTime()).ToUnixTimeSeconds(), "backup_last_success_timestamp_seconds");

        using (var newest = await backups.SendAsync(HttpMethod.Delete, $"/admin/backups/{second.GetProperty("name").GetString()}"))
        {
            await ApiFixture.ProblemAsync(newest, 409);
        }
        using (var deleted = await backups.SendAsync(HttpMethod.Delete, $"/admin/backups/{Found}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }
        Assert.Equal(2, Directory.GetFiles(backups.Folder, "*", SearchOption.AllDirectories).Length);
        using (var again = await backups.SendAsync(HttpMethod.Delete, $"/admin/backups/{name}"))
        {
            await ApiFixture.ProblemAsync(again, 404);
        }
        var audit = await backups.GetAsync($"/admin/audit?subject=backup:{name}");
        Assert.Equal(
            ["backup.deleted system", "backup.requested key:bootstrap"],
            audit.GetProperty("entries").EnumerateArray()
                .Select(entry => $"{entry.GetProperty("action").GetString()} {entry.GetProperty("actor").GetString()}"));
    }

    [Fact]
    public async Task Damage_is_found_by_a_verification_and_told_and_is_no_reason_to_delete_the_one_that_is_whole()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres, ("Backups__Keep", "0,0,0"));
        await Uploads.ContactAsync(backups.Service);
        var backup = await backups.BackUpAsync();
        var name = backup.GetProperty("name").GetString();
        using (var whole = await backups.SendAsync(HttpMethod.Post, $"/admin/backups/{name}/verify"))
        {
            var verified = await ApiFixture.JsonAsync(whole);
            Assert.False(verified.GetProperty("damaged").GetBoolean());
            Assert.True(verified.GetProperty("verified_at").GetDateTime() > backup.GetProperty("verified_at").GetDateTime());
        }
        var bytes = await File.ReadAllBytesAsync(backups.PathOf(backup));
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(backups.PathOf(backup), bytes);

        using (var damaged = await backups.SendAsync(HttpMethod.Post, $"/admin/backups/{name}/verify"))
        {
            Assert.True((await ApiFixture.JsonAsync(damaged)).GetProperty("damaged").GetBoolean());
        }
        await backups.Service.MeasuresAsync(1, "backup_damaged");
        await backups.BackUpAsync();
        // It is kept for a person, and whoever has looked at it deletes it.
        var list = await backups.GetAsync("/admin/backups");
        Assert.Equal(2, list.GetProperty("items").GetArrayLength());
        await backups.BackUpAsync();
        Assert.Equal(2, (await backups.GetAsync("/admin/backups")).GetProperty("items").GetArrayLength());
        using (var deleted = await backups.SendAsync(HttpMethod.Delete, $"/admin/backups/{name}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }
        await backups.Service.MeasuresAsync(0, "backup_damaged");
        await backups.Service.MeasuresAsync(1, "backup_archives");
    }

    [Fact]
    public async Task Without_a_destination_there_are_none()
    {
        var list = await ApiFixture.JsonAsync(await api.GetAsync("/admin/backups"));
        Assert.False(list.GetProperty("enabled").GetBoolean());
        Assert.Equal(JsonValueKind.Null, list.GetProperty("due_at").ValueKind);
        using var started = await Uploads.SendAsync(api.Service, HttpMethod.Post, "/admin/backups");
        var problem = await ApiFixture.ProblemAsync(started, 409);
        Assert.Contains("Backups:Url", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        using var found = await api.GetAsync("/admin/backups/platform-20261126T043000Z.tar.gz");
        await ApiFixture.ProblemAsync(found, 404);
        Assert.Null(await api.Service.ValueAsync("backup_due_timestamp_seconds"));
    }

    [Theory]
    [InlineData("GET", "/admin/backups")]
    [InlineData("POST", "/admin/backups")]
    [InlineData("GET", "/admin/backups/platform-20261126T043000Z.tar.gz")]
    [InlineData("POST", "/admin/backups/platform-20261126T043000Z.tar.gz/verify")]
    [InlineData("DELETE", "/admin/backups/platform-20261126T043000Z.tar.gz")]
    public async Task They_are_for_administrators(string method, string path)
    {
        var key = await Uploads.KeyAsync(api.Database, "read", "write");
        foreach (var (sent, status) in new[] { (key, HttpStatusCode.Forbidden), (null, HttpStatusCode.Unauthorized) })
        {
            await ApiFixture.EventuallyAsync(
                async () =>
                {
                    using var request = new HttpRequestMessage(new(method), path);
                    if (sent is not null)
                    {
                        request.Headers.Add("X-API-Key", sent);
                    }
                    using var answer = await api.Service.Client.SendAsync(request);
                    return answer.StatusCode == status;
                },
                $"{method} {path} is {status}");
        }
    }

    [Fact]
    public async Task One_that_is_due_is_made_by_one_of_the_instances_and_old_ones_go()
    {
        await using var backups = await BackupsUnderTest.StartAsync(
            api.Postgres, ("Backups__Interval", "00:00:03"), ("Backups__Keep", "1,0,0"));
        await using var other = await backups.StartInstanceAsync();
        await backups.Service.MeasuresAsync(value => value > 0, "backup_due_timestamp_seconds");

        await ApiFixture.EventuallyAsync(
            async () => await ApiFixture.QueryAsync<long>(backups.Database, "SELECT count(*) FROM audit_log WHERE action = 'backup.scheduled'") >= 3,
            "three were made", 60);

        var made = await ApiFixture.QueryAsync<long>(backups.Database, """
            SELECT count(*) FROM (SELECT at - lag(at) OVER (ORDER BY at) AS gap FROM audit_log WHERE action = 'backup.scheduled') AS runs
            WHERE gap < interval '1.5 seconds'
            """);
        Assert.Equal(0, made);
        await ApiFixture.EventuallyAsync(
            async () => await ApiFixture.QueryAsync<long>(
                backups.Database, "SELECT count(*) FROM audit_log WHERE action = 'backup.deleted' AND actor = 'system'") >= 2,
            "old ones are deleted");
        var item = (await backups.GetAsync("/admin/backups")).GetProperty("items").EnumerateArray().First();
        Assert.Equal("scheduled", item.GetProperty("trigger").GetString());
    }

    [Fact]
    public async Task A_verification_that_takes_long_goes_on_after_the_answer()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres, ("Backups__VerifyWait", "00:00:00"));
        await backups.FillAsync(8);
        var backup = await backups.BackUpAsync();
        var path = $"/admin/backups/{backup.GetProperty("name").GetString()}";
        var before = backup.GetProperty("verified_at").GetDateTime();

        using (var begun = await backups.SendAsync(HttpMethod.Post, $"{path}/verify"))
        {
            Assert.Equal(before, (await ApiFixture.JsonAsync(begun, HttpStatusCode.Accepted)).GetProperty("verified_at").GetDateTime());
            Assert.Equal(path, begun.Headers.Location?.ToString());
        }
        using (var second = await backups.SendAsync(HttpMethod.Post, $"{path}/verify"))
        {
            // One at a time, unless the first one is done already.
            Assert.Contains(second.StatusCode, (HttpStatusCode[])[HttpStatusCode.Conflict, HttpStatusCode.Accepted]);
        }

        await ApiFixture.EventuallyAsync(
            async () => (await backups.GetAsync(path)).GetProperty("verified_at").GetDateTime() > before, "it is verified", 60);
        var audit = await backups.GetAsync("/admin/audit?action=backup.verified");
        Assert.Equal("key:bootstrap", audit.GetProperty("entries").EnumerateArray().First().GetProperty("actor").GetString());
    }

    [Fact]
    public async Task What_another_system_has_made_is_not_thrown_away_until_it_was_restored()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres, ("Backups__Keep", "0,0,0"));
        await Uploads.ContactAsync(backups.Service);
        var made = (await backups.BackUpAsync()).GetProperty("name").GetString()!;

        // Begun empty by mistake, with the same destination.
        await using (var empty = await BackupsUnderTest.StartAsync(api.Postgres, ("Backups__Url", backups.Folder), ("Backups__Keep", "0,0,0")))
        {
            using (var verified = await empty.SendAsync(HttpMethod.Post, $"/admin/backups/{made}/verify"))
            {
                Assert.Equal(HttpStatusCode.OK, verified.StatusCode);
            }
            await empty.Service.MeasuresAsync(1, "backup_archives");
            // It is no reason not to back this one up, nor to say that it was.
            Assert.Null(await empty.Service.ValueAsync("backup_last_success_timestamp_seconds"));
            await empty.BackUpAsync();
            var newest = (await empty.BackUpAsync()).GetProperty("name").GetString();
            Assert.Equal([newest, made], await NamesAsync(empty.Service));
        }

        // Who was restored goes on where the other one has ended.
        var system = await backups.NewSystemAsync();
        await system.RestoreAsync(made);
        await using var restored = await system.StartServiceAsync();
        using (var requested = await Uploads.SendAsync(restored, HttpMethod.Post, "/admin/backups"))
        {
            Assert.Equal(HttpStatusCode.Accepted, requested.StatusCode);
        }
        await ApiFixture.EventuallyAsync(async () => (await NamesAsync(restored)).Count == 1, "the old ones are deleted", 60);

        static async Task<List<string?>> NamesAsync(ServiceProcess service)
        {
            using var list = await Uploads.SendAsync(service, HttpMethod.Get, "/admin/backups");
            return [.. (await ApiFixture.JsonAsync(list)).GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString())];
        }
    }

    [Fact]
    public async Task Two_that_are_asked_for_at_once_are_one()
    {
        await using var backups = await BackupsUnderTest.StartAsync(api.Postgres);
        await using var other = await backups.StartInstanceAsync();
        string name;
        await using (await backups.HoldAsync())
        {
            name = await backups.RequestAsync();
            await backups.WhenHeldAsync();

            using var second = await Uploads.SendAsync(other, HttpMethod.Post, "/admin/backups");
            await ApiFixture.ProblemAsync(second, 409);
            using var seen = await ApiFixture.GetAsync(other, "/admin/backups");
            Assert.Equal(name, (await ApiFixture.JsonAsync(seen)).GetProperty("running").GetProperty("name").GetString());
            await other.MeasuresAsync(1, "backup_running");
        }
        Assert.Single((await backups.WhenIdleAsync()).GetProperty("items").EnumerateArray());
    }
}
