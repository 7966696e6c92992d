using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Platform.Api.Contacts;
using Platform.Api.Database;
using Platform.Api.Documents;
using Platform.Api.Requests;
using Platform.Api.Security;
using Platform.Api.Visitors;
using Platform.Tests.Api;
using Platform.Tests.Observability;

namespace Platform.Tests.Faults;

/// <summary>A machine whose clock jumps. Leases, pauses and lifetimes are the database's to judge, whose clock is one for all instances.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class ClockTests(ApiFixture api)
{
    [Fact]
    public async Task A_clock_that_jumps_does_no_work_twice_and_leaves_none_and_throws_nothing_away()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        (string Name, string Value)[] settings =
            [("Processing__Lease", "00:00:03"), ("Processing__PollInterval", "00:00:00.2"), ("Storage__SweepInterval", "00:00:00.1")];
        var clock = new JumpingClock();
        // One instance in this process, whose clock can be set, and a whole one beside it; they share the work.
        await using var other = await (await ApiFixture.StartAsync(database, settings)).WhenReadyAsync();
        await using var service = await TestService.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton<TimeProvider>(clock);
                builder.AddRequestLimits();
                builder.AddDatabase();
                builder.AddSecurity();
                builder.AddContacts();
                builder.AddVisitors();
                builder.AddDocuments();
            },
            app =>
            {
                app.UseApiKeys();
                app.MapContacts();
                app.MapDocuments();
            },
            new()
            {
                ["ConnectionStrings:platformdb"] = database,
                ["Security:BootstrapKey"] = ApiFixture.BootstrapKey,
                ["Links:SigningKey"] = ApiFixture.LinkKey,
                ["Storage:Directory"] = ApiFixture.ObjectsOf(database),
                ["Processing:Lease"] = "00:00:03",
                ["Processing:PollInterval"] = "00:00:00.2",
                ["Storage:SweepInterval"] = "00:00:00.1",
            });
        service.Client.DefaultRequestHeaders.Add("X-API-Key", ApiFixture.BootstrapKey);
        try
        {
            var contact = await Uploads.ContactAsync(other);
            var trashed = await UploadAsync(service.Client, contact, "to the trash");
            using (var deleted = await service.Client.DeleteAsync($"/documents/{trashed}"))
            {
                Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
            }

            foreach (var days in (int[])[1, -1, 40, -40, 0])
            {
                clock.Offset = TimeSpan.FromDays(days);
                for (var turn = 0; turn < 6; turn++)
                {
                    await UploadAsync(service.Client, contact, $"number {turn} of day {days}");
                }
            }

            await ApiFixture.EventuallyAsync(
                async () => await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM document_tasks WHERE finished_at IS NULL") == 0,
                "every task ends", seconds: 60);
            Assert.Equal("completed 1", await ApiFixture.QueryAsync<string>(
                database, "SELECT string_agg(DISTINCT state || ' ' || attempts, ', ') FROM document_tasks WHERE kind = 'process'"));
            Assert.Equal("31 31 30", await ApiFixture.QueryAsync<string>(database, """
                SELECT count(*) || ' ' || count(DISTINCT event_data ->> 'document_id') || ' '
                    || (SELECT count(*) FROM documents WHERE deleted_at IS NULL)
                FROM analytics_events WHERE event_type = 'document_processed'
                """));
            Assert.Equal(1, await ApiFixture.QueryAsync<long>(database, $"SELECT count(*) FROM documents WHERE id = '{trashed}'"));
            // What is done can be looked up for a week.
            Assert.Equal(31, await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM document_tasks WHERE kind = 'process'"));
        }
        finally
        {
            Directory.Delete(ApiFixture.ObjectsOf(database), recursive: true);
        }
    }

    private static async Task<Guid> UploadAsync(HttpClient client, string contact, string text)
    {
        using var form = Uploads.Form(contact, Encoding.UTF8.GetBytes(text));
        using var answer = await client.PostAsync("/documents/upload", form);
        return (await ApiFixture.JsonAsync(answer)).GetProperty("document_id").GetGuid();
    }

    /// <summary>Its time of day can be set, as an operator or NTP does; what has elapsed is measured by another clock, and goes on.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private long _ticks;

        public TimeSpan Offset
        {
            set => Interlocked.Exchange(ref _ticks, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _ticks));
    }
}
