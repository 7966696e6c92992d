using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Platform.Tests.Fixtures;
using Platform.Tests.Fixtures.Corpus;

namespace Platform.Tests.Api;

/// <summary>A document from its upload to the end: understood, found, counted, in the trash, gone, and in all of it exactly once.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class ProcessingTests(ApiFixture api)
{
    private static readonly string[] Stages = ["fetch", "read", "store", "index", "enrich"];

    [Fact, Trait("Defect", "D01"), Trait("Defect", "D14")]
    public async Task An_uploaded_document_is_read_found_and_counted_among_its_contacts()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        var id = await documents.UploadAsync(
            Encoding.UTF8.GetBytes(
                "The zeppelin proposal. Our offer for the zeppelin hangar is EUR 12,500.00, valid until 2026-12-31.\n"
                + "Questions go to ada@example.org, or see https://example.org/zeppelin."),
            "Offer.txt", type: "proposal", tags: "airship, 2026");
        var document = await documents.WhenAsync(id);
        Assert.Equal(id, Assert.Single(await documents.SearchAsync("zeppelin")));
        Assert.Equal(id, Assert.Single(await documents.SearchAsync("zepelin")));
        Assert.Equal(id, Assert.Single(await documents.SearchAsync("zepp")));
        Assert.Equal("en", document.GetProperty("language_detected").GetString());
        Assert.Contains("zeppelin", document.GetProperty("keywords").EnumerateArray().Select(word => word.GetString()));
        Assert.True(document.GetProperty("word_count").GetInt32() > 15);

        var found = await documents.GetAsync("/documents/search?q=zeppelin");
        Assert.Contains(
            "<mark>", found.GetProperty("results")[0].GetProperty("highlights").GetProperty("text_content").GetString(), StringComparison.Ordinal);

        var contact = await documents.GetAsync($"/contacts/{documents.ContactId}");
        var insights = contact.GetProperty("document_insights");
        Assert.Equal(1, insights.GetProperty("total_documents").GetInt32());
        Assert.Equal(1, insights.GetProperty("processing_status").GetProperty("completed").GetInt32());
        Assert.True(insights.GetProperty("content_analysis").GetProperty("has_business_content").GetBoolean());

        var second = await documents.UploadTextAsync("A second document about something else.", "second.md", type: "note");
        await documents.WhenAsync(second);
        insights = (await documents.GetAsync($"/contacts/{documents.ContactId}")).GetProperty("document_insights");
        Assert.Equal(2, insights.GetProperty("total_documents").GetInt32());
        Assert.Equal(2, insights.GetProperty("document_types").EnumerateObject().Count());

        var totals = await documents.GetAsync("/analytics/insights");
        Assert.Equal(2, totals.GetProperty("total_documents").GetInt64());
        Assert.Equal(2, totals.GetProperty("processing_stats").GetProperty("completed").GetInt64());
        Assert.Equal(2, await documents.QueryAsync<long>("SELECT count(*) FROM analytics_events WHERE event_type = 'document_processed'"));
        var tasks = (await documents.GetAsync($"/admin/tasks?document_id={id}&kind=process")).GetProperty("tasks");
        Assert.Equal("completed", Assert.Single(tasks.EnumerateArray()).GetProperty("state").GetString());
        Assert.Equal(2, (await documents.GetAsync("/admin/system-info")).GetProperty("storage").GetProperty("objects").GetInt64());
    }

    [Fact, Trait("Defect", "D21"), Trait("Defect", "D22")]
    public async Task Stages_tasks_uploads_and_searches_are_measured_with_bounded_labels()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        await documents.WhenAsync(await documents.UploadTextAsync("A vicuna.", type: $"type {Guid.NewGuid()}"));
        await documents.SearchAsync("vicuna");
        await ApiFixture.EventuallyAsync(async () =>
        {
            var metrics = await documents.Service.Management.GetStringAsync("/metrics");
            return Stages.All(stage => metrics.Split('\n').Any(line =>
                    line.StartsWith("document_processing_duration_seconds_count", StringComparison.Ordinal)
                    && line.Contains($"stage=\"{stage}\"", StringComparison.Ordinal) && line.Contains("outcome=\"success\"", StringComparison.Ordinal)))
                && metrics.Split('\n').Any(line => line.StartsWith("document_tasks{", StringComparison.Ordinal)
                    && line.Contains("state=\"completed\"", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal))
                && metrics.Split('\n').Any(line => line.StartsWith("document_uploads_total{", StringComparison.Ordinal)
                    && line.Contains("document_type=\"other\"", StringComparison.Ordinal) && line.Contains("status=\"success\"", StringComparison.Ordinal))
                && metrics.Contains("document_search_queries_total{", StringComparison.Ordinal);
        }, "every stage, the queue, uploads and searches are measured");
    }

    [Fact]
    public async Task The_trash_hides_restoring_brings_back_and_purging_leaves_nothing()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        var id = await documents.UploadTextAsync("A quokka in the garden.");
        await documents.WhenAsync(id);
        (await documents.SendAsync(HttpMethod.Delete, $"/documents/{id}")).Dispose();
        await ApiFixture.EventuallyAsync(async () => (await documents.SearchAsync("quokka")).Length == 0, "the trash cannot be found");
        Assert.Equal(JsonValueKind.Null, (await documents.GetAsync($"/contacts/{documents.ContactId}")).GetProperty("document_insights").ValueKind);

        (await documents.SendAsync(HttpMethod.Post, $"/documents/{id}/restore")).Dispose();
        await ApiFixture.EventuallyAsync(async () => (await documents.SearchAsync("quokka")).Length == 1, "it is found again");

        (await documents.SendAsync(HttpMethod.Delete, $"/documents/{id}")).Dispose();
        (await documents.SendAsync(HttpMethod.Delete, $"/documents/{id}?purge=true")).Dispose();
        await ApiFixture.EventuallyAsync(() => Task.FromResult(documents.CountFiles() == 0), "its object is gone");
        await ApiFixture.EventuallyAsync(async () => (await documents.SearchAsync("quokka")).Length == 0, "it cannot be found");
        Assert.Equal(0, await documents.QueryAsync<long>("SELECT count(*) FROM documents"));
        Assert.Equal(0, await documents.QueryAsync<long>("SELECT count(*) FROM document_texts"));
        await ApiFixture.EventuallyAsync(
            async () => await documents.QueryAsync<long>("SELECT count(*) FROM unreferenced_objects") == 0, "its key is forgotten");
    }

    [Fact]
    public async Task An_erased_contact_leaves_no_document_object_or_entry_in_the_index()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        var other = await documents.NewContactAsync();
        var kept = await documents.UploadTextAsync("A narwhal stays.", contact: other);
        var gone = await documents.UploadTextAsync("A narwhal leaves.", "gone.txt");
        await documents.WhenAsync(kept);
        await documents.WhenAsync(gone);
        using (var erased = await documents.SendAsync(HttpMethod.Delete, $"/contacts/{documents.ContactId}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, erased.StatusCode);
        }
        await ApiFixture.EventuallyAsync(async () => (await documents.SearchAsync("narwhal")) is [var only] && only == kept, "one is found");
        await ApiFixture.EventuallyAsync(() => Task.FromResult(documents.CountFiles() == 1), "one object is left");
        Assert.Equal(0, await documents.QueryAsync<long>($"SELECT count(*) FROM documents WHERE contact_id = '{documents.ContactId}'"));
        Assert.Equal(0, await documents.QueryAsync<long>(
            $"SELECT count(*) FROM analytics_events WHERE event_data->>'contact_id' = '{documents.ContactId}'"));
        await documents.GetAsync($"/contacts/{documents.ContactId}", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_reprocessed_document_is_read_again()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        var id = await documents.UploadTextAsync("An axolotl.");
        await documents.WhenAsync(id);
        await ApiFixture.ExecuteAsync(documents.Database, "UPDATE document_texts SET text = 'lost'; UPDATE documents SET word_count = 0");
        using (var accepted = await documents.SendAsync(HttpMethod.Post, $"/documents/{id}/reprocess"))
        {
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        }
        await ApiFixture.EventuallyAsync(
            async () => await documents.QueryAsync<string>("SELECT text FROM document_texts") == "An axolotl.", "the text is back");
        await documents.WhenAsync(id);
        Assert.Equal(2, await documents.QueryAsync<int>("SELECT word_count FROM documents"));
    }

    [Fact, Trait("Defect", "D01")]
    public async Task Kill_9_amid_uploads_and_processing_loses_nothing_doubles_nothing_and_leaves_no_orphans()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api, ("Documents__UploadTimeout", "00:00:05"));
        var acknowledged = new ConcurrentDictionary<Guid, byte[]>();
        for (var round = 0; round < 2; round++)
        {
            var started = acknowledged.Count;
            var uploads = Enumerable.Range(0, 50).Select(async i =>
            {
                var text = Encoding.UTF8.GetBytes($"Document {round}-{i} about wombats. {string.Join(' ', Enumerable.Range(0, 20_000 + (i * 997)))}");
                try
                {
                    using var response = await documents.PostAsync(text, $"wombat {round}-{i}.txt");
                    if (response.StatusCode == HttpStatusCode.OK)
                    {
                        acknowledged[(await ApiFixture.JsonAsync(response)).GetProperty("document_id").GetGuid()] = text;
                    }
                }
                catch (HttpRequestException)
                {
                    // Killed before it answered: nobody was told that the document is kept.
                }
            }).ToArray();
            await ApiFixture.EventuallyAsync(() => Task.FromResult(acknowledged.Count >= started + 5), "some are acknowledged", seconds: 60);
            await documents.Service.KillAsync();
            await Task.WhenAll(uploads);
            await documents.KillAndStartAsync();
        }

        foreach (var (id, bytes) in acknowledged)
        {
            await documents.WhenAsync(id, seconds: 120);
            Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await documents.BytesAsync(id)));
        }
        // A row may have been written whose acknowledgement was lost with the process: it is a document like any other.
        await ApiFixture.EventuallyAsync(
            async () => await documents.QueryAsync<long>("SELECT count(*) FROM document_tasks WHERE state IN ('queued', 'running')") == 0,
            "every task has ended", seconds: 120);
        await ApiFixture.EventuallyAsync(
            async () => await documents.QueryAsync<long>("SELECT count(*) FROM unreferenced_objects") == 0, "the sweeper has been", seconds: 60);
        var rows = await documents.QueryAsync<int>("SELECT count(*) FROM documents");
        Assert.True(rows >= acknowledged.Count);
        Assert.Equal(rows, documents.CountFiles());
        Assert.Equal(rows, await documents.QueryAsync<int>("SELECT count(*) FROM document_texts"));
        Assert.Equal(rows, await documents.QueryAsync<int>("SELECT count(*) FROM analytics_events WHERE event_type = 'document_processed'"));
        Assert.Equal(rows, await documents.QueryAsync<int>(
            "SELECT count(DISTINCT event_data->>'document_id') FROM analytics_events WHERE event_type = 'document_processed'"));
        Assert.Equal(rows, await documents.QueryAsync<int>(
            "SELECT (document_insights->>'total_documents')::int FROM contact_submissions WHERE document_insights IS NOT NULL"));
    }

    [Fact]
    public async Task What_a_killed_process_left_of_a_document_in_the_temporary_folder_is_swept()
    {
        // A folder of its own: the copies of other instances are in use.
        var temporary = Directory.CreateTempSubdirectory("platform-test-");
        var left = temporary.CreateSubdirectory("platform-document-left");
        var other = temporary.CreateSubdirectory("another-program");
        await File.WriteAllTextAsync(Path.Combine(left.FullName, "document.txt"), "A copy.");
        // However long ago the clock says that it was made.
        left.LastWriteTimeUtc = DateTime.UtcNow.AddDays(-2);
        await using (await DocumentsUnderTest.StartAsync(api, ("TMPDIR", temporary.FullName)))
        {
            Assert.True(Directory.Exists(left.FullName));
        }
        await using var documents = await DocumentsUnderTest.StartAsync(
            api, ("TMPDIR", temporary.FullName), ("Documents__CopyLifetime", "00:00:02"));
        await ApiFixture.EventuallyAsync(() => Task.FromResult(!Directory.Exists(left.FullName)), "the copy is gone");
        Assert.True(Directory.Exists(other.FullName));
        temporary.Delete(recursive: true);
    }

    [Fact]
    public async Task Instances_share_the_queue_and_process_each_document_once()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        await using var other = await documents.StartInstanceAsync();
        var ids = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => documents.UploadTextAsync($"Capybara number {i}.", $"{i}.txt")));
        foreach (var id in ids)
        {
            await documents.WhenAsync(id);
        }
        Assert.Equal(40, await documents.QueryAsync<int>("SELECT count(*) FROM analytics_events WHERE event_type = 'document_processed'"));
        Assert.Equal(40, await documents.QueryAsync<int>("SELECT max(attempts) * count(*) FROM document_tasks WHERE kind = 'process'"));
        Assert.Contains("Processed document", documents.Service.Log, StringComparison.Ordinal);
        Assert.Contains("Processed document", other.Log, StringComparison.Ordinal);
    }

    [Theory, Trait("Defect", "D02")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_document_whose_bytes_are_damaged_or_missing_says_so(bool missing)
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        var id = await documents.UploadTextAsync("A pangolin.");
        await documents.WhenAsync(id);
        var file = Assert.Single(Directory.EnumerateFiles(documents.ObjectsDirectory, "*", SearchOption.AllDirectories));
        if (missing)
        {
            File.Delete(file);
        }
        else
        {
            await File.WriteAllTextAsync(file, "A Pangolin.");
        }
        (await documents.SendAsync(HttpMethod.Post, $"/documents/{id}/reprocess")).Dispose();
        var document = await documents.WhenAsync(id, "failed");
        Assert.Contains(missing ? "missing" : "checksum", document.GetProperty("processing_note").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, await documents.QueryAsync<long>("SELECT count(*) FROM analytics_events WHERE event_type = 'document_failed'"));
        // By its name it is still found.
        Assert.Equal(id, Assert.Single(await documents.SearchAsync("note")));
    }

    [Fact]
    public async Task A_task_that_kills_whoever_works_on_it_is_given_up_and_the_document_says_so()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        var id = await documents.UploadTextAsync("A kakapo.");
        await documents.WhenAsync(id);
        await ApiFixture.ExecuteAsync(documents.Database, $"""
            INSERT INTO document_tasks (kind, document_id, state, attempts, lease, leased_until, requested_by)
            VALUES ('process', '{id}', 'running', 3, gen_random_uuid(), now(), 'test')
            """);
        var document = await documents.WhenAsync(id, "failed");
        Assert.Contains("interrupted 3 times", document.GetProperty("processing_note").GetString(), StringComparison.Ordinal);
        var task = (await documents.GetAsync($"/admin/tasks?document_id={id}&state=failed")).GetProperty("tasks")[0];
        Assert.Contains("interrupted 3 times", task.GetProperty("last_error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_is_away_is_a_503_that_leaves_nothing_and_documents_wait_for_it()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        var id = await documents.UploadTextAsync("A tapir.");
        await documents.WhenAsync(id);
        // Not even root can write into a file as if it were a folder.
        var aside = documents.ObjectsDirectory + ".aside";
        Directory.Move(documents.ObjectsDirectory, aside);
        await File.WriteAllTextAsync(documents.ObjectsDirectory, "");
        var before = await documents.QueryAsync<string>("SELECT count(*) || ' documents' FROM documents");
        using (var refused = await documents.PostAsync("An okapi."u8.ToArray(), "okapi.txt"))
        {
            await ApiFixture.ProblemAsync(refused, 503);
            Assert.NotNull(refused.Headers.RetryAfter);
        }
        Assert.Equal(before, await documents.QueryAsync<string>("SELECT count(*) || ' documents' FROM documents"));
        await ApiFixture.EventuallyAsync(async () =>
        {
            using var health = await ApiFixture.GetAsync(documents.Service, "/health", key: null);
            var body = await ApiFixture.JsonAsync(health);
            return body.GetProperty("services").GetProperty("storage").GetString() == "unavailable"
                && body.GetProperty("status").GetString() == "degraded";
        }, "health says so");
        (await documents.SendAsync(HttpMethod.Post, $"/documents/{id}/reprocess")).Dispose();
        await ApiFixture.EventuallyAsync(
            async () => await documents.QueryAsync<long>("SELECT count(*) FROM document_tasks WHERE last_error LIKE '%object store%'") == 1,
            "the task says what it waits for");

        File.Delete(documents.ObjectsDirectory);
        Directory.Move(aside, documents.ObjectsDirectory);
        await documents.WhenAsync(id);
        Assert.Equal(1, documents.CountFiles());
        Assert.Equal(1, await documents.QueryAsync<int>("SELECT max(attempts) FROM document_tasks"));
    }

    [Theory, Trait("Defect", "D09")]
    [InlineData("error")]
    [InlineData("hang")]
    public async Task An_index_that_is_away_is_a_503_and_documents_wait_for_it_and_are_indexed_later(string how)
    {
        await using var meilisearch = await FakeMeilisearch.StartAsync();
        await using var documents = await DocumentsUnderTest.StartAsync(
            api, ("Search__Provider", "meilisearch"), ("ConnectionStrings__search", meilisearch.ConnectionString));
        var before = await documents.UploadTextAsync("A manatee before the outage.", "before.txt");
        await documents.WhenAsync(before);
        Assert.Equal(before, Assert.Single(await documents.SearchAsync("manatee")));

        meilisearch.Break(how);
        // Taken all the same: the document is safe, and its turn comes.
        var meanwhile = await documents.UploadTextAsync("A manatee meanwhile.", "meanwhile.txt");
        using (var refused = await documents.SendAsync(HttpMethod.Get, "/documents/search?q=manatee"))
        {
            await ApiFixture.ProblemAsync(refused, 503);
            Assert.NotNull(refused.Headers.RetryAfter);
        }
        await ApiFixture.EventuallyAsync(
            async () => await documents.QueryAsync<long>("SELECT count(*) FROM document_tasks WHERE last_error LIKE '%search index%'") == 1,
            "the task says what it waits for", seconds: 60);
        Assert.Equal("processing", (await documents.GetAsync($"/documents/{meanwhile}")).GetProperty("processing_status").GetString());
        using (var health = await ApiFixture.GetAsync(documents.Service, "/health", key: null))
        {
            Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        }

        meilisearch.Break("");
        await documents.WhenAsync(meanwhile);
        Assert.Equal(new[] { before, meanwhile }.Order(), (await documents.SearchAsync("manatee")).Order());
        Assert.Equal(1, await documents.QueryAsync<int>("SELECT max(attempts) FROM document_tasks"));
        Assert.Equal(2, await documents.QueryAsync<int>("SELECT count(*) FROM analytics_events WHERE event_type = 'document_processed'"));
        Assert.Empty(meilisearch.Violations);
    }

    [Fact]
    public async Task Both_indexes_can_be_rebuilt_through_the_api()
    {
        await using var meilisearch = await FakeMeilisearch.StartAsync();
        await using var documents = await DocumentsUnderTest.StartAsync(
            api, ("Search__Provider", "meilisearch"), ("ConnectionStrings__search", meilisearch.ConnectionString), ("Processing__ReindexBatch", "2"));
        var ids = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => documents.UploadTextAsync($"A gecko, number {i}.", $"{i}.txt")));
        foreach (var id in ids)
        {
            await documents.WhenAsync(id);
        }
        (await documents.SendAsync(HttpMethod.Delete, $"/documents/{ids[0]}")).Dispose();
        (await documents.SendAsync(HttpMethod.Post, "/admin/search/reindex")).Dispose();
        await ApiFixture.EventuallyAsync(
            async () => await documents.QueryAsync<long>("SELECT count(*) FROM document_tasks WHERE state IN ('queued', 'running')") == 0,
            "all work is done", seconds: 60);
        Assert.Equal(0, await documents.QueryAsync<long>("SELECT count(*) FROM document_tasks WHERE state = 'failed'"));
        Assert.Equal(ids[1..].Order(), (await documents.SearchAsync("gecko")).Order());
        Assert.Empty(meilisearch.Violations);
    }

    [Fact]
    public async Task A_rebuilt_index_is_the_documents_again_whatever_happened_to_the_old_one()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api, ("Processing__ReindexBatch", "3"));
        var ids = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => documents.UploadTextAsync($"A numbat, number {i}.", $"{i}.txt")));
        foreach (var id in ids)
        {
            await documents.WhenAsync(id);
        }
        await ApiFixture.ExecuteAsync(documents.Database, "TRUNCATE search_documents");
        Assert.Empty(await documents.SearchAsync("numbat"));
        using (var accepted = await documents.SendAsync(HttpMethod.Post, "/admin/search/reindex"))
        {
            var task = await ApiFixture.JsonAsync(accepted, HttpStatusCode.Accepted);
            Assert.Equal("reindex", task.GetProperty("kind").GetString());
            Assert.Equal(
                await documents.QueryAsync<long>("SELECT id FROM document_tasks WHERE kind = 'reindex'"), task.GetProperty("task_id").GetInt64());
        }
        await ApiFixture.EventuallyAsync(async () => (await documents.SearchAsync("numbat")).Length == 10, "all are found again");
        Assert.Equal(ids.Order(), (await documents.SearchAsync("numbat")).Order());
    }

    [Fact]
    public async Task A_contacts_export_holds_its_documents_byte_for_byte()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        var bytes = RandomNumberGenerator.GetBytes(200_000).Select(value => (byte)('a' + (value % 26))).ToArray();
        var id = await documents.UploadAsync(bytes, "letters.txt");
        using var response = await documents.SendAsync(HttpMethod.Get, $"/contacts/{documents.ContactId}/export");
        Assert.Equal("application/zip", response.Content.Headers.ContentType?.MediaType);
        using var zip = new System.IO.Compression.ZipArchive(await response.Content.ReadAsStreamAsync());
        var entry = Assert.Single(zip.Entries, entry => entry.FullName.StartsWith("documents/", StringComparison.Ordinal));
        Assert.Contains(id.ToString(), entry.FullName.Replace("-", "", StringComparison.Ordinal) + entry.FullName, StringComparison.Ordinal);
        using var content = new MemoryStream();
        await using (var stored = await entry.OpenAsync())
        {
            await stored.CopyToAsync(content);
        }
        Assert.Equal(bytes, content.ToArray());
    }

    [Fact, Trait("Defect", "D01"), Trait("Defect", "D04")]
    public async Task Every_type_in_every_language_is_uploaded_read_and_found_by_a_word_inside_it()
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api);
        var ids = new Dictionary<string, Guid>();
        foreach (var file in Corpus.All)
        {
            ids[file.Name] = await documents.UploadAsync(file.Bytes, file.Name);
        }
        foreach (var file in Corpus.All)
        {
            var document = await documents.WhenAsync(ids[file.Name], seconds: 120);
            Assert.Contains(ids[file.Name], await documents.SearchAsync(file.Marker));
            if (file.Language is not null)
            {
                Assert.Equal(file.Language, document.GetProperty("language_detected").GetString());
            }
        }
    }

    [Theory]
    [InlineData("bomb.docx")]
    [InlineData("laughs.svg")]
    [InlineData("circle.pdf")]
    [InlineData("endless.pdf")]
    [InlineData("deep.json")]
    [InlineData("deep.html")]
    [InlineData("password.pdf")]
    public async Task A_hostile_file_costs_its_own_task_and_the_next_document_is_read(string name)
    {
        await using var documents = await DocumentsUnderTest.StartAsync(api, ("Extraction__TimeoutSeconds", "5"));
        var hostile = await documents.UploadAsync(HostileFiles.All[name](), name);
        var good = await documents.UploadTextAsync("A quiet dugong.");
        await documents.WhenAsync(good);
        Assert.Equal(good, Assert.Single(await documents.SearchAsync("dugong")));
        await ApiFixture.EventuallyAsync(
            async () => (await documents.GetAsync($"/documents/{hostile}")).GetProperty("processing_status").GetString() is "completed" or "failed",
            "the hostile one has ended", seconds: 60);
        Assert.False(documents.Service.HasExited);
    }

    [Theory]
    [InlineData("state=lost", "state")]
    [InlineData("kind=cook", "kind")]
    [InlineData("document_id=1", "document_id")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("before=-1", "before")]
    public async Task A_bad_parameter_of_the_tasks_is_named(string query, string field)
    {
        using var response = await api.GetAsync($"/admin/tasks?{query}");
        Assert.Equal([field], await ApiFixture.ProblemFieldsAsync(response, 422));
    }
}
