using System.Diagnostics;
using System.Text.Json;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>The owner is told of every contact by mail, sooner or later, and nothing else waits for that.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class MailTests(ApiFixture api)
{
    [Fact, Trait("Defect", "D16")]
    public async Task A_contact_is_told_of_by_mail_as_text_with_its_sender_to_answer_to()
    {
        await using var maildev = await Maildev.StartAsync();
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await StartAsync(database, maildev.SmtpUrl);
        var message = "Grüße 🜂\n.\n<script>alert(1)</script>\n" + new string('m', 900);
        var id = await service.SubmitAsync(new { name = "Jürgen 🜂 <b>", email = "juergen@example.org", message, service = "Größe, usw." });

        var mail = Assert.Single(await maildev.MailsAsync(1));
        Assert.Equal("New contact: Jürgen 🜂 <b> - Größe, usw.", mail.GetProperty("subject").GetString());
        Assert.Equal(("owner@example.org", ""), Address(mail, "to"));
        Assert.Equal(("platform@example.org", ""), Address(mail, "from"));
        Assert.Equal(("juergen@example.org", "Jürgen 🜂 <b>"), Address(mail, "replyTo"));
        var text = mail.GetProperty("text").GetString()!.ReplaceLineEndings("\n");
        Assert.Contains(message, text, StringComparison.Ordinal);
        Assert.Contains(id, text, StringComparison.Ordinal);
        Assert.False(mail.TryGetProperty("html", out _));
        var outboxId = await ApiFixture.QueryAsync<string>(database, "SELECT replace(id::text, '-', '') FROM outbox");
        Assert.Contains($"Message-Id: <{outboxId}@example.org>", await maildev.SourceAsync(mail), StringComparison.OrdinalIgnoreCase);
        await ApiFixture.EventuallyAsync(
            async () => await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL") == 1,
            "it is noted as sent", seconds: 30);
        await MeasuredAsync(service, "waiting", 0);
        // Nobody's name is in the log, and none in the table of what is to be sent.
        Assert.DoesNotContain("rgen", service.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("example.org", service.Log, StringComparison.Ordinal);
        Assert.Equal(
            $"{{\"contact_id\": \"{id}\"}}", await ApiFixture.QueryAsync<string>(database, "SELECT payload::text FROM outbox"));
    }

    [Fact, Trait("Defect", "D16")]
    public async Task Line_breaks_in_a_name_that_another_program_wrote_do_not_become_headers()
    {
        await using var maildev = await Maildev.StartAsync();
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await StartAsync(database, maildev.SmtpUrl);
        await ApiFixture.ExecuteAsync(database, """
            INSERT INTO contact_submissions (id, name, email, message, service)
            VALUES ('contact_1', E'Eve\r\nBcc: all@example.org\r\n\r\nX', E'eve@example.org', 'm', E'a\nTo: more@example.org');
            INSERT INTO outbox (kind, payload) VALUES ('contact', '{"contact_id": "contact_1"}');
            """);
        var mail = Assert.Single(await maildev.MailsAsync(1));
        var headers = (await maildev.SourceAsync(mail)).ReplaceLineEndings("\n").Split("\n\n")[0].Split('\n');
        Assert.DoesNotContain(headers, line => line.StartsWith("Bcc", StringComparison.OrdinalIgnoreCase));
        Assert.Single(headers, line => line.StartsWith("To:", StringComparison.OrdinalIgnoreCase));
        var envelope = mail.GetProperty("envelope").GetProperty("to").EnumerateArray().Select(to => to.GetProperty("address").GetString());
        Assert.Equal(["owner@example.org"], envelope);
        Assert.Equal("New contact: Eve  Bcc: all@example.org    X - a To: more@example.org", mail.GetProperty("subject").GetString());
    }

    [Fact, Trait("Defect", "R04")]
    public async Task A_mail_server_that_never_answers_delays_mail_and_nothing_else()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        int port;
        string id;
        ServiceProcess service;
        await using (var silent = new BadMailServer(speaks: false))
        {
            port = silent.Port;
            service = await StartAsync(database, silent.SmtpUrl);
            id = await service.SubmitAsync();
            await ApiFixture.EventuallyAsync(() => Task.FromResult(silent.Connections > 0), "the server is asked", seconds: 30);
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < 10; i++)
            {
                await service.SubmitAsync(new { name = $"n{i}", email = "a@b.org", message = "m" });
                using var stats = await ApiFixture.GetAsync(service, "/stats", key: null);
                Assert.True(stats.IsSuccessStatusCode);
            }
            // The original took 6 to 20 s for each.
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"Ten submissions took {watch.Elapsed}.");
            await MeasuredAsync(service, "waiting", 11);
        }
        await using (service)
        {
            await using var maildev = await Maildev.StartAsync(port);
            var mails = await maildev.MailsAsync(11);
            Assert.Equal(11, mails.Length);
            Assert.Contains(mails, mail => mail.GetProperty("text").GetString()!.Contains(id, StringComparison.Ordinal));
            await MeasuredAsync(service, "waiting", 0);
            Assert.Equal(0, await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL"));
        }
    }

    [Fact]
    public async Task Many_that_wait_are_told_of_together_and_each_once_whoever_sends()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        var port = FreePort.Next();
        await using var service = await StartAsync(database, $"smtp://127.0.0.1:{port}");
        await using var other = await StartAsync(database, $"smtp://127.0.0.1:{port}");
        var ids = await Task.WhenAll(Enumerable.Range(0, 65).Select(i => (i % 2 == 0 ? service : other).SubmitAsync(
            new { name = $"n{i}", email = "a@b.org", message = $"message {i}" })));
        await using var maildev = await Maildev.StartAsync(port);
        await ApiFixture.EventuallyAsync(
            async () => await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0,
            "all are sent", seconds: 60);
        var mails = await maildev.MailsAsync(1);
        Assert.InRange(mails.Length, 3, 25);
        Assert.Contains(mails, mail => mail.GetProperty("subject").GetString() == "20 new contacts");
        var told = mails.SelectMany(mail => mail.GetProperty("text").GetString()!.ReplaceLineEndings("\n").Split('\n'))
            .Where(line => line.StartsWith("Contact: ", StringComparison.Ordinal)).Select(line => line["Contact: ".Length..]);
        Assert.Equal(ids.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
        Assert.Equal(mails.Length, mails.Select(mail => mail.GetProperty("messageId").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task A_message_that_is_refused_is_given_up_in_the_end_and_stays_to_be_seen()
    {
        await using var refusing = new BadMailServer(speaks: true);
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await StartAsync(database, refusing.SmtpUrl, ("Mail__MaxAttempts", "2"));
        await service.SubmitAsync();
        await ApiFixture.EventuallyAsync(
            async () => await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL") == 1,
            "it is given up", seconds: 60);
        Assert.Equal(
            "2 The mail server answered 550 (RecipientNotAccepted).",
            await ApiFixture.QueryAsync<string>(database, "SELECT attempts || ' ' || last_error FROM outbox"));
        await MeasuredAsync(service, "failed", 1);
        await MeasuredAsync(service, "waiting", 0);
    }

    [Fact]
    public async Task What_an_instance_took_and_did_not_send_is_sent_by_the_next_when_its_lease_is_over_and_old_rows_go()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await using (var first = await (await ApiFixture.StartAsync(database)).WhenReadyAsync())
        {
            await first.SubmitAsync();
            // Without a mail server nothing is written to be sent.
            Assert.Equal(0, await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM outbox"));
        }
        await ApiFixture.ExecuteAsync(database, """
            INSERT INTO outbox (kind, payload, attempts, send_after)
            SELECT 'contact', jsonb_build_object('contact_id', id), 1, now() + interval '3 seconds' FROM contact_submissions;
            INSERT INTO outbox (kind, payload, sent_at) VALUES
                ('contact', '{"contact_id": "x"}', now() - interval '8 days'), ('contact', '{"contact_id": "y"}', now() - interval '6 days');
            INSERT INTO outbox (kind, payload) VALUES ('contact', '{"contact_id": "gone"}');
            """);
        await using var maildev = await Maildev.StartAsync();
        await using var service = await StartAsync(database, maildev.SmtpUrl);
        Assert.Single(await maildev.MailsAsync(1));
        await ApiFixture.EventuallyAsync(
            async () => await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0,
            "nothing waits, not what tells of nobody either", seconds: 30);
        Assert.Equal(0, await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM outbox WHERE payload ->> 'contact_id' = 'x'"));
        Assert.Equal(1, await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM outbox WHERE payload ->> 'contact_id' = 'y'"));
    }

    [Fact]
    public async Task A_mail_that_was_sent_and_could_not_be_noted_is_noted_later_and_not_sent_again()
    {
        await using var maildev = await Maildev.StartAsync();
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await StartAsync(database, maildev.SmtpUrl);
        await ApiFixture.ExecuteAsync(database, """
            CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$;
            CREATE TRIGGER disk_full BEFORE UPDATE ON outbox FOR EACH ROW WHEN (NEW.sent_at IS NOT NULL) EXECUTE FUNCTION disk_full();
            """);
        await service.SubmitAsync();
        await maildev.MailsAsync(1);
        await ApiFixture.EventuallyAsync(
            () => Task.FromResult(service.Log.Contains("53100", StringComparison.Ordinal)), "it could not be noted", seconds: 30);
        await ApiFixture.ExecuteAsync(database, "DROP TRIGGER disk_full ON outbox");
        await ApiFixture.EventuallyAsync(
            async () => await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL") == 1,
            "it is noted as sent", seconds: 60);
        Assert.Equal(1, await ApiFixture.QueryAsync<int>(database, "SELECT attempts FROM outbox"));
        Assert.Single(await maildev.MailsAsync());
    }

    [Theory]
    [InlineData("http://mail.example.org", "owner@example.org", "Mail:SmtpUrl")]
    [InlineData("smtp://user:s3cret@", "owner@example.org", "Mail:SmtpUrl")]
    [InlineData("smtp://mail.example.org", "not an address", "Mail:To")]
    public async Task Settings_that_cannot_work_stop_the_start_and_are_named_but_not_told(string url, string to, string named)
    {
        await using var service = await ApiFixture.StartAsync(api.Database, ("Mail__SmtpUrl", url), ("Mail__To", to));
        await service.WhenEndedAsync();
        Assert.NotEqual(0, service.ExitCode);
        Assert.Contains(named, service.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", service.Log, StringComparison.Ordinal);
    }

    private static async Task<ServiceProcess> StartAsync(string database, string smtpUrl, params (string, string)[] more) =>
        await (await ApiFixture.StartAsync(database, [
            ("Mail__SmtpUrl", smtpUrl), ("Mail__From", "platform@example.org"), ("Mail__To", "owner@example.org"), ("Mail__TimeoutSeconds", "3"),
            .. more])).WhenReadyAsync();

    private static (string?, string?) Address(JsonElement mail, string header)
    {
        var address = Assert.Single(mail.GetProperty(header).EnumerateArray());
        return (address.GetProperty("address").GetString(), address.GetProperty("name").GetString());
    }

    private static Task MeasuredAsync(ServiceProcess service, string state, int value) => ApiFixture.EventuallyAsync(
        async () => (await service.Management.GetStringAsync("/metrics")).Split('\n').Any(line =>
            line.StartsWith("outbox_messages{", StringComparison.Ordinal) && line.Contains($"state=\"{state}\"", StringComparison.Ordinal)
            && line.EndsWith($" {value}", StringComparison.Ordinal)),
        $"outbox_messages{{state=\"{state}\"}} is {value}", seconds: 30);
}
