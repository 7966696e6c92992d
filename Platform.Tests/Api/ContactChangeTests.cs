using System.Net;
using System.Text;
using Npgsql;

namespace Platform.Tests.Api;

/// <summary>The way of a contact after its submission: status, notes, and erasure.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class ContactChangeTests(ApiFixture api)
{
    [Fact]
    public async Task A_contact_goes_from_new_to_contacted_to_closed_and_can_be_reopened()
    {
        var id = await api.Service.SubmitAsync();
        foreach (var status in (string[])["new", "contacted", "contacted", "closed", "closed", "contacted", "closed"])
        {
            using var response = await ChangeAsync(id, new { status });
            Assert.Equal(status, (await ApiFixture.JsonAsync(response)).GetProperty("status").GetString());
        }
        using var found = await api.GetAsync($"/contacts/{id}");
        var contact = await ApiFixture.JsonAsync(found);
        Assert.Equal("closed", contact.GetProperty("status").GetString());
        Assert.True(contact.GetProperty("last_updated").GetDateTime() >= contact.GetProperty("timestamp").GetDateTime());
        Assert.Equal(
            "new>contacted,contacted>closed,closed>contacted,contacted>closed",
            await api.QueryAsync<string>($"""
                SELECT string_agg((details ->> 'from') || '>' || (details ->> 'to'), ',' ORDER BY id) FROM audit_log
                WHERE subject = 'contact:{id}' AND action = 'contact.changed' AND actor = 'key:bootstrap'
                """));
    }

    [Theory]
    [InlineData("contacted", "new", "closed")]
    [InlineData("closed", "new", "contacted")]
    public async Task A_step_that_is_not_on_the_way_is_refused_and_the_refusal_says_what_is_allowed(string from, string to, string allowed)
    {
        var id = await api.Service.SubmitAsync();
        (await ChangeAsync(id, new { status = from })).Dispose();
        using var response = await ChangeAsync(id, new { status = to, notes = "not kept either" });
        var problem = await ApiFixture.ProblemAsync(response, 409);
        Assert.Contains(allowed, problem.GetProperty("errors").GetProperty("status")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal($"{from} ", await api.QueryAsync<string>($"SELECT status || ' ' || notes FROM contact_submissions WHERE id = '{id}'"));
    }

    [Fact]
    public async Task Notes_are_kept_as_written_up_to_5000_characters_and_apart_from_the_status()
    {
        var id = await api.Service.SubmitAsync();
        var notes = "first line\n\tsecond: \"<b>Jürgen</b>\"\n" + string.Concat(Enumerable.Repeat("🜂", 4900));
        using (var response = await ChangeAsync(id, new { notes }))
        {
            var contact = await ApiFixture.JsonAsync(response);
            Assert.Equal(notes, contact.GetProperty("notes").GetString());
            Assert.Equal("new", contact.GetProperty("status").GetString());
        }
        using (var response = await ChangeAsync(id, new { status = "contacted" }))
        {
            Assert.Equal(notes, (await ApiFixture.JsonAsync(response)).GetProperty("notes").GetString());
        }
        using (var response = await ChangeAsync(id, new { notes = "" }))
        {
            Assert.Equal("", (await ApiFixture.JsonAsync(response)).GetProperty("notes").GetString());
        }
        // What is written down about a person is not copied into the log.
        Assert.Equal(0, await api.QueryAsync<long>("SELECT count(*) FROM audit_log WHERE details::text LIKE '%Jürgen%'"));
    }

    public static TheoryData<string, int, string> BadChanges => new()
    {
        { """{"status":"open"}""", 422, "status" },
        { """{"status":"NEW"}""", 422, "status" },
        { """{"status":""}""", 422, "status" },
        { """{"status":1}""", 422, "status" },
        { """{"status":["new"]}""", 422, "status" },
        { """{"notes":5}""", 422, "notes" },
        { $$"""{"notes":"{{new string('n', 5001)}}"}""", 422, "notes" },
        { """{"notes":"nul \u0000"}""", 422, "notes" },
        { """{"notes":"lone \ud800"}""", 400, "notes" },
        { """{"notes":"fine","status":"open"}""", 422, "status" },
        { """{"state":"closed"}""", 422, "notes,status" },
        { "{}", 422, "notes,status" },
        { """{"status":null}""", 422, "notes,status" },
        { "[]", 400, "body" },
        { "{", 400, "body" },
        { "", 400, "body" },
    };

    [Theory, MemberData(nameof(BadChanges))]
    public async Task A_change_that_cannot_be_made_names_what_is_wrong_and_changes_nothing(string body, int status, string fields)
    {
        var id = await api.Service.SubmitAsync();
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/contacts/{id}")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
            Headers = { { "X-API-Key", ApiFixture.BootstrapKey } },
        };
        using var response = await api.Service.Client.SendAsync(request);
        Assert.Equal(fields.Split(','), await ApiFixture.ProblemFieldsAsync(response, status));
        Assert.Equal("new ", await api.QueryAsync<string>($"SELECT status || ' ' || notes FROM contact_submissions WHERE id = '{id}'"));
    }

    [Theory]
    [InlineData("PATCH", "contact_0")]
    [InlineData("DELETE", "contact_0")]
    [InlineData("PATCH", "%01")]
    [InlineData("DELETE", "%01")]
    [InlineData("GET", "contact_0/export")]
    public async Task A_contact_that_is_not_there_is_404(string method, string path)
    {
        using var response = await api.Service.SendAsync(
            new HttpMethod(method), $"/contacts/{path}", method == "PATCH" ? new { status = "closed" } : null);
        Assert.Equal(["id"], await ApiFixture.ProblemFieldsAsync(response, 404));
        Assert.Equal(0, await api.QueryAsync<long>("SELECT count(*) FROM audit_log WHERE subject LIKE 'contact:contact\\_0'"));
    }

    [Theory]
    [InlineData("PATCH", "read", 403)]
    [InlineData("DELETE", "read", 403)]
    [InlineData("PATCH", "admin", 403)]
    [InlineData("GET", "write", 403)]
    [InlineData("DELETE", null, 401)]
    public async Task Each_needs_its_own_scope(string method, string? scope, int status)
    {
        string? key = null;
        if (scope is not null)
        {
            await using var database = NpgsqlDataSource.Create(api.Database);
            key = await new Platform.Api.Security.ApiKeyStore(database).CreateAsync("narrow", [scope], CancellationToken.None);
            await ApiFixture.EventuallyAsync(async () => await IsKnownAsync(key), "the key is known");
        }
        var id = await api.Service.SubmitAsync();
        using var response = await api.Service.SendAsync(new HttpMethod(method), $"/contacts/{id}", new { status = "closed" }, key);
        Assert.Equal(["X-API-Key"], await ApiFixture.ProblemFieldsAsync(response, status));

        async Task<bool> IsKnownAsync(string known)
        {
            using var stats = await api.GetAsync("/stats", known);
            return stats.StatusCode == HttpStatusCode.OK;
        }
    }

    [Fact]
    public async Task Changes_at_once_take_their_turns()
    {
        var id = await api.Service.SubmitAsync();
        (await ChangeAsync(id, new { status = "contacted" })).Dispose();
        // From either of the two the other is allowed, and the log is an unbroken chain.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            using var response = await ChangeAsync(id, new { status = i % 2 == 0 ? "closed" : "contacted", notes = $"{i}" });
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }));
        Assert.Equal(0, await api.QueryAsync<long>($"""
            SELECT count(*) FROM (
                SELECT details ->> 'from' AS at, lag(details ->> 'to') OVER (ORDER BY id) AS before
                FROM audit_log WHERE subject = 'contact:{id}' AND details ? 'from') AS step
            WHERE before <> at
            """));
    }

    [Fact]
    public async Task To_erase_a_contact_leaves_nothing_of_it_but_the_fact()
    {
        var submission = new { name = "Erased Person", email = "erased@example.org", message = "m" };
        using var submitted = await api.Service.SendAsync(HttpMethod.Post, "/contact", submission, key: null, idempotencyKey: $"{Guid.NewGuid()}");
        var id = (await ApiFixture.JsonAsync(submitted)).GetProperty("contactId").GetString()!;
        var document = Guid.CreateVersion7();
        var other = await api.Service.SubmitAsync();
        await ApiFixture.ExecuteAsync(api.Database, $$"""
            INSERT INTO documents (id, contact_id, filename, file_extension, size, content_type, document_type, object_key, sha256)
            VALUES ('{{document}}', '{{id}}', 'a.txt', '.txt', 1, 'text/plain', 'letter', 'documents/{{document:n}}', sha256('a'));
            INSERT INTO document_texts (document_id, text) VALUES ('{{document}}', 'what it says');
            INSERT INTO analytics_events (id, event_type, event_data) VALUES
                (gen_random_uuid(), 'document_processed', '{"contact_id": "{{id}}"}'),
                (gen_random_uuid(), 'document_processed', '{"contact_id": "{{other}}"}');
            INSERT INTO outbox (kind, payload) VALUES ('contact', '{"contact_id": "{{id}}"}'), ('contact', '{"contact_id": "{{other}}"}');
            """);

        using (var response = await api.Service.SendAsync(HttpMethod.Delete, $"/contacts/{id}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }
        Assert.Equal(0, await api.QueryAsync<long>($"""
            SELECT (SELECT count(*) FROM contact_submissions WHERE id = '{id}')
                + (SELECT count(*) FROM documents WHERE contact_id = '{id}')
                + (SELECT count(*) FROM document_texts WHERE document_id = '{document}')
                + (SELECT count(*) FROM analytics_events WHERE event_data::text LIKE '%{id}%')
                + (SELECT count(*) FROM outbox WHERE payload::text LIKE '%{id}%')
                + (SELECT count(*) FROM idempotency_keys WHERE body LIKE '%{id}%')
            """));
        // What is still to be done about it, by the sweeper and the queue.
        Assert.Equal(1, await api.QueryAsync<long>($"SELECT count(*) FROM unreferenced_objects WHERE key = 'documents/{document:n}'"));
        Assert.Equal("key:bootstrap {}", await api.QueryAsync<string>(
            $"SELECT actor || ' ' || details FROM audit_log WHERE subject = 'contact:{id}' AND action = 'contact.erased'"));
        // Nothing of the others is gone.
        Assert.Equal(2, await api.QueryAsync<long>($"""
            SELECT (SELECT count(*) FROM analytics_events WHERE event_data::text LIKE '%{other}%')
                + (SELECT count(*) FROM outbox WHERE payload::text LIKE '%{other}%')
            """));

        using var again = await api.Service.SendAsync(HttpMethod.Delete, $"/contacts/{id}");
        Assert.Equal(["id"], await ApiFixture.ProblemFieldsAsync(again, 404));
        await ApiFixture.ExecuteAsync(api.Database, "DELETE FROM outbox");
    }

    private Task<HttpResponseMessage> ChangeAsync(string id, object change) =>
        api.Service.SendAsync(HttpMethod.Patch, $"/contacts/{id}", change);
}
