using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Platform.Tests.Api;

/// <summary>Documents that are there: lists, bytes, changes, the trash.</summary>
[Collection(DocumentsSuite.Name), Trait("Needs", "postgres")]
public sealed class DocumentTests(DocumentsFixture api)
{
    [Fact]
    public async Task The_bytes_come_back_whole_in_ranges_and_not_at_all_when_they_are_known()
    {
        var text = $"0123456789 {Guid.NewGuid()}";
        var receipt = await Uploads.UploadAsync(api.Service, api.ContactId, text, "Größe.txt");
        var path = $"/documents/{receipt.GetProperty("document_id").GetGuid()}/content";

        using var whole = await Uploads.SendAsync(api.Service, HttpMethod.Get, path);
        Assert.Equal(text, await whole.Content.ReadAsStringAsync());
        var etag = whole.Headers.ETag!.ToString();
        Assert.Equal($"\"{receipt.GetProperty("sha256").GetString()}\"", etag);
        Assert.Equal("text/plain", whole.Content.Headers.ContentType?.ToString());
        Assert.Equal("attachment", whole.Content.Headers.ContentDisposition?.DispositionType);
        Assert.Equal("Größe.txt", whole.Content.Headers.ContentDisposition?.FileNameStar);
        Assert.Equal("bytes", whole.Headers.AcceptRanges.Single());
        Assert.NotNull(whole.Content.Headers.LastModified);
        Assert.Equal("nosniff", whole.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("sandbox", whole.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains("no-transform", whole.Headers.CacheControl!.ToString(), StringComparison.Ordinal);

        using var part = await Uploads.SendAsync(api.Service, HttpMethod.Get, path, headers: ("Range", "bytes=3-5"));
        Assert.Equal((HttpStatusCode.PartialContent, "345"), (part.StatusCode, await part.Content.ReadAsStringAsync()));
        using var tail = await Uploads.SendAsync(api.Service, HttpMethod.Get, path, null, ("Range", "bytes=-4"), ("If-Range", etag));
        Assert.Equal((HttpStatusCode.PartialContent, text[^4..]), (tail.StatusCode, await tail.Content.ReadAsStringAsync()));
        using var stale = await Uploads.SendAsync(api.Service, HttpMethod.Get, path, null, ("Range", "bytes=-4"), ("If-Range", "\"other\""));
        Assert.Equal((HttpStatusCode.OK, text), (stale.StatusCode, await stale.Content.ReadAsStringAsync()));
        using var beyond = await Uploads.SendAsync(api.Service, HttpMethod.Get, path, headers: ("Range", "bytes=1000-"));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
        using var known = await Uploads.SendAsync(api.Service, HttpMethod.Get, path, headers: ("If-None-Match", etag));
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        using var head = await Uploads.SendAsync(api.Service, HttpMethod.Head, path);
        Assert.Equal((HttpStatusCode.OK, text.Length), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("a.txt", "hello", "inline")]
    [InlineData("a.pdf", "%PDF-1.7", "inline")]
    [InlineData("a.svg", "<svg/>", "attachment")]
    [InlineData("a.html", "<p>", "attachment")]
    public async Task Only_what_a_browser_shows_safely_is_shown(string name, string content, string disposition)
    {
        var id = (await Uploads.UploadAsync(api.Service, api.ContactId, content, name)).GetProperty("document_id").GetGuid();

        using var shown = await Uploads.SendAsync(api.Service, HttpMethod.Get, $"/documents/{id}/content?disposition=inline");
        using var invalid = await Uploads.SendAsync(api.Service, HttpMethod.Get, $"/documents/{id}/content?disposition=other");

        Assert.Equal(disposition, shown.Content.Headers.ContentDisposition?.DispositionType);
        Assert.Equal(["disposition"], await ApiFixture.ProblemFieldsAsync(invalid, 422));
    }

    [Fact]
    public async Task An_object_that_is_missing_is_our_fault()
    {
        var receipt = await Uploads.UploadAsync(api.Service, api.ContactId, Guid.NewGuid().ToString());
        var id = receipt.GetProperty("document_id").GetGuid();
        var file = Uploads.Files(api.Database).Single(file => file.EndsWith($"{id:n}", StringComparison.Ordinal));
        File.Move(file, file + ".away");
        try
        {
            using var response = await Uploads.SendAsync(api.Service, HttpMethod.Get, $"/documents/{id}/content");
            await ApiFixture.ProblemAsync(response, 500);
        }
        finally
        {
            File.Move(file + ".away", file);
        }
    }

    [Fact, Trait("Defect", "D09")]
    public async Task A_contacts_documents_come_newest_first_in_pages_that_cover_all_once()
    {
        var contact = await Uploads.ContactAsync(api.Service);
        var uploaded = new List<Guid>();
        for (var count = 0; count < 7; count++)
        {
            uploaded.Add((await Uploads.UploadAsync(api.Service, contact, $"document {count}")).GetProperty("document_id").GetGuid());
        }

        var seen = new List<Guid>();
        for (string? cursor = ""; cursor is not null;)
        {
            using var response = await Uploads.SendAsync(api.Service, HttpMethod.Get, $"/contacts/{contact}/documents?limit=3&cursor={cursor}");
            var page = await ApiFixture.JsonAsync(response);
            Assert.Equal(contact, page.GetProperty("contact_id").GetString());
            Assert.Equal(7, page.GetProperty("total_count").GetInt64());
            seen.AddRange(Ids(page));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        Assert.Equal(Enumerable.Reverse(uploaded), seen);

        using var unknown = await Uploads.SendAsync(api.Service, HttpMethod.Get, "/contacts/contact_unknown/documents");
        Assert.Equal(["id"], await ApiFixture.ProblemFieldsAsync(unknown, 404));
        using var empty = await Uploads.SendAsync(api.Service, HttpMethod.Get, $"/contacts/{await Uploads.ContactAsync(api.Service)}/documents");
        Assert.Equal(0, (await ApiFixture.JsonAsync(empty)).GetProperty("total_count").GetInt64());
    }

    [Theory]
    [InlineData("limit=0", 422, "limit")]
    [InlineData("limit=101", 422, "limit")]
    [InlineData("status=done", 422, "status")]
    [InlineData("trashed=maybe", 422, "trashed")]
    [InlineData("cursor=x", 400, "cursor")]
    [InlineData("contact_id=a%00", 422, "contact_id")]
    public async Task A_wrong_filter_is_named(string query, int status, string field)
    {
        using var response = await Uploads.SendAsync(api.Service, HttpMethod.Get, "/documents?" + query);

        Assert.Equal([field], await ApiFixture.ProblemFieldsAsync(response, status));
    }

    [Fact]
    public async Task Filters_narrow_the_list()
    {
        var contact = await Uploads.ContactAsync(api.Service);
        var id = (await Uploads.UploadAsync(api.Service, contact, "one")).GetProperty("document_id").GetGuid();

        Assert.Equal([id], await ListAsync($"contact_id={contact}"));
        Assert.Equal([id], await ListAsync($"contact_id={contact}&document_type=report"));
        Assert.Empty(await ListAsync($"contact_id={contact}&document_type=other"));
        Assert.Empty(await ListAsync($"contact_id={contact}&status=failed"));
        Assert.Empty(await ListAsync($"contact_id={contact}&trashed=true"));
        Assert.Contains(id, await ListAsync(""));
    }

    [Fact]
    public async Task A_change_is_kept_indexed_and_audited_and_a_wrong_one_is_not()
    {
        var id = (await Uploads.UploadAsync(api.Service, api.ContactId, "change me")).GetProperty("document_id").GetGuid();

        using var response = await Uploads.SendAsync(
            api.Service, HttpMethod.Patch, $"/documents/{id}", new { document_type = "invoice", tags = "x, y ,x".Split(',') });
        var changed = await ApiFixture.JsonAsync(response);
        Assert.Equal("invoice", changed.GetProperty("document_type").GetString());
        Assert.Equal(["x", "y"], changed.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));
        Assert.Equal(1, await TasksAsync(id, "index"));
        Assert.Equal(1, await AuditAsync(id, "document.changed"));

        using var wrong = await Uploads.SendAsync(
            api.Service, HttpMethod.Patch, $"/documents/{id}", new { document_type = "a\nb", tags = new[] { new string('t', 51) } });
        Assert.Equal(["document_type", "tags"], await ApiFixture.ProblemFieldsAsync(wrong, 422));
        using var unknown = await Uploads.SendAsync(api.Service, HttpMethod.Patch, $"/documents/{Guid.NewGuid()}", new { description = "d" });
        Assert.Equal(["id"], await ApiFixture.ProblemFieldsAsync(unknown, 404));
        Assert.Equal(1, await AuditAsync(id, "document.changed"));
    }

    [Fact, Trait("Defect", "D14")]
    public async Task A_document_goes_to_the_trash_comes_back_and_goes_for_good()
    {
        var contact = await Uploads.ContactAsync(api.Service);
        var id = (await Uploads.UploadAsync(api.Service, contact, Guid.NewGuid().ToString())).GetProperty("document_id").GetGuid();
        await Uploads.UploadAsync(api.Service, contact, Guid.NewGuid().ToString());

        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync($"/documents/{id}?purge=true"));
        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync($"/documents/{id}"));
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync($"/documents/{id}"));
        Assert.Equal(1, await InsightsAsync(contact));
        Assert.Equal(1, await TasksAsync(id, "unindex"));
        foreach (var path in new[] { "", "/content" })
        {
            using var gone = await Uploads.SendAsync(api.Service, HttpMethod.Get, $"/documents/{id}{path}");
            Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        }
        using var trashed = await Uploads.SendAsync(api.Service, HttpMethod.Get, $"/documents/{id}?trashed=true");
        Assert.NotEqual(default, (await ApiFixture.JsonAsync(trashed)).GetProperty("deleted_at").GetDateTime());
        Assert.Equal([id], await ListAsync($"contact_id={contact}&trashed=true"));

        using var restored = await Uploads.SendAsync(api.Service, HttpMethod.Post, $"/documents/{id}/restore");
        Assert.False((await ApiFixture.JsonAsync(restored)).TryGetProperty("deleted_at", out _));
        using var twice = await Uploads.SendAsync(api.Service, HttpMethod.Post, $"/documents/{id}/restore");
        Assert.Equal(HttpStatusCode.NotFound, twice.StatusCode);
        Assert.Equal(2, await InsightsAsync(contact));
        Assert.Equal(1, await TasksAsync(id, "index"));

        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync($"/documents/{id}"));
        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync($"/documents/{id}?purge=true"));
        using var purged = await Uploads.SendAsync(api.Service, HttpMethod.Get, $"/documents/{id}?trashed=true");
        Assert.Equal(HttpStatusCode.NotFound, purged.StatusCode);
        Assert.Equal(1, await ApiFixture.QueryAsync<long>(api.Database, $"SELECT count(*) FROM unreferenced_objects WHERE key = 'documents/{id:n}'"));
        Assert.Equal(2, await AuditAsync(id, "document.trashed"));
        Assert.Equal(1, await AuditAsync(id, "document.restored"));
        Assert.Equal(1, await AuditAsync(id, "document.purged"));
    }

    [Fact]
    public async Task To_reprocess_is_accepted_once()
    {
        var id = (await Uploads.UploadAsync(api.Service, api.ContactId, Guid.NewGuid().ToString())).GetProperty("document_id").GetGuid();
        await ApiFixture.ExecuteAsync(api.Database, $"""
            DELETE FROM document_tasks WHERE document_id = '{id}';
            UPDATE documents SET processing_status = 'failed', processing_note = 'broken' WHERE id = '{id}'
            """);

        using var first = await Uploads.SendAsync(api.Service, HttpMethod.Post, $"/documents/{id}/reprocess");
        using var second = await Uploads.SendAsync(api.Service, HttpMethod.Post, $"/documents/{id}/reprocess");
        using var unknown = await Uploads.SendAsync(api.Service, HttpMethod.Post, $"/documents/{Guid.NewGuid()}/reprocess");

        var task = await ApiFixture.JsonAsync(first, HttpStatusCode.Accepted);
        Assert.Equal("process", task.GetProperty("kind").GetString());
        Assert.Equal(HttpStatusCode.Accepted, second.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact, Trait("Defect", "D06")]
    public async Task Keys_open_only_what_their_scope_is_for()
    {
        var id = (await Uploads.UploadAsync(api.Service, api.ContactId, Guid.NewGuid().ToString())).GetProperty("document_id").GetGuid();
        (HttpMethod Method, string Path, string Scope)[] endpoints =
        [
            (HttpMethod.Get, "/documents", "read"),
            (HttpMethod.Get, $"/documents/{id}", "read"),
            (HttpMethod.Get, $"/documents/{id}/content", "read"),
            (HttpMethod.Get, $"/contacts/{api.ContactId}/documents", "read"),
            (HttpMethod.Patch, $"/documents/{id}", "write"),
            (HttpMethod.Delete, $"/documents/{id}", "write"),
            (HttpMethod.Post, $"/documents/{id}/restore", "write"),
            (HttpMethod.Post, $"/documents/{id}/reprocess", "write"),
            (HttpMethod.Post, $"/documents/{id}/links", "write"),
        ];
        var keys = new Dictionary<string, string>
        {
            ["read"] = await Uploads.KeyAsync(api.Database, "write", "admin"),
            ["write"] = await Uploads.KeyAsync(api.Database, "read", "admin"),
        };
        foreach (var (method, path, scope) in endpoints)
        {
            await ApiFixture.EventuallyAsync(async () => await StatusAsync(method, path, keys[scope]) == HttpStatusCode.Forbidden, path);
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(method, path, key: null));
        }
    }

    [Fact, Trait("Defect", "D03")]
    public async Task What_nobody_refers_to_is_swept_away_and_what_is_long_in_the_trash_too()
    {
        var database = await api.NewDatabaseAsync();
        await using var service = await (await ApiFixture.StartAsync(database, ("Storage__SweepInterval", "00:00:00.200"))).WhenReadyAsync();
        try
        {
            var contact = await Uploads.ContactAsync(service);
            var kept = (await Uploads.UploadAsync(service, contact, "kept")).GetProperty("document_id").GetGuid();
            var old = (await Uploads.UploadAsync(service, contact, "old")).GetProperty("document_id").GetGuid();
            var objects = ApiFixture.ObjectsOf(database);
            // What a kill -9 leaves in the middle of an upload and just before its transaction, and tasks that are done.
            await File.WriteAllTextAsync(Path.Combine(objects, ".staging", "documents.0001." + Guid.NewGuid().ToString("n")), "half");
            Directory.CreateDirectory(Path.Combine(objects, "documents", "02", "00"));
            await File.WriteAllTextAsync(Path.Combine(objects, "documents", "02", "00", "0002"), "whole");
            await ApiFixture.ExecuteAsync(database, $"""
                INSERT INTO unreferenced_objects VALUES ('documents/0001', now()), ('documents/0002', now()), ('documents/0003', now() + interval '1 hour');
                UPDATE documents SET deleted_at = now() - interval '31 days' WHERE id = '{old}';
                INSERT INTO document_tasks (kind, state, finished_at, requested_by)
                VALUES ('reindex', 'completed', now() - interval '8 days', 'test'), ('reindex', 'completed', now() - interval '6 days', 'test')
                """);

            await ApiFixture.EventuallyAsync(
                async () => await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM unreferenced_objects") == 1
                    && Uploads.Files(database).Length == 1
                    // These come first in a sweep: one that had begun before has left them to the next.
                    && await ApiFixture.QueryAsync<long>(
                        database, "SELECT count(*) FROM document_tasks WHERE kind = 'reindex' AND requested_by = 'test'") == 1,
                "only what is referred to is there", seconds: 30);

            Assert.EndsWith($"{kept:n}", Uploads.Files(database).Single(), StringComparison.Ordinal);
            Assert.Equal(1, await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM documents"));
            Assert.True(await ApiFixture.QueryAsync<bool>(
                database, "SELECT finished_at > now() - interval '7 days' FROM document_tasks WHERE kind = 'reindex' AND requested_by = 'test'"));
            Assert.Equal(1, await ApiFixture.QueryAsync<long>(
                database, $"SELECT count(*) FROM audit_log WHERE subject = 'document:{old}' AND action = 'document.purged' AND actor = 'system'"));
        }
        finally
        {
            Directory.Delete(ApiFixture.ObjectsOf(database), recursive: true);
        }
    }

    private static IEnumerable<Guid> Ids(JsonElement page) =>
        page.GetProperty("documents").EnumerateArray().Select(document => document.GetProperty("document_id").GetGuid());

    private async Task<Guid[]> ListAsync(string query)
    {
        using var response = await Uploads.SendAsync(api.Service, HttpMethod.Get, "/documents?" + query);
        return [.. Ids(await ApiFixture.JsonAsync(response))];
    }

    private async Task<HttpStatusCode> DeleteAsync(string path)
    {
        using var response = await Uploads.SendAsync(api.Service, HttpMethod.Delete, path);
        return response.StatusCode;
    }

    private async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path, string? key)
    {
        using var request = new HttpRequestMessage(method, path);
        if (method != HttpMethod.Get)
        {
            request.Content = new StringContent("{}", Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }
        if (key is not null)
        {
            request.Headers.Add("X-API-Key", key);
        }
        using var response = await api.Service.Client.SendAsync(request);
        return response.StatusCode;
    }

    private Task<long> TasksAsync(Guid id, string kind) => ApiFixture.QueryAsync<long>(
        api.Database, $"SELECT count(*) FROM document_tasks WHERE document_id = '{id}' AND kind = '{kind}'");

    private Task<long> AuditAsync(Guid id, string action) => ApiFixture.QueryAsync<long>(
        api.Database, $"SELECT count(*) FROM audit_log WHERE subject = 'document:{id}' AND action = '{action}'");

    private Task<long> InsightsAsync(string contact) => ApiFixture.QueryAsync<long>(
        api.Database, $"SELECT document_insights->'total_documents' FROM contact_submissions WHERE id = '{contact}'");
}
