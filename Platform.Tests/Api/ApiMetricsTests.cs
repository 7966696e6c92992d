using System.Net;
using System.Net.Http.Json;
using Platform.Tests.Fixtures;
using Platform.Tests.Observability;

namespace Platform.Tests.Api;

/// <summary>Each number of the API's own: something is done, and the number is what was done.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class ApiMetricsTests(ApiFixture api)
{
    private static readonly string[] Checks = ["PostgreSql", "host", "migrations", "object-store", "search-index", "self", "warm-up"];

    [Fact]
    public async Task Every_counter_is_there_with_0_before_its_first_event_and_every_check_is_told_though_nobody_asks()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await ApiFixture.StartAsync(
            database, ("Mail__SmtpUrl", $"smtp://127.0.0.1:{FreePort.Next()}"), ("Mail__From", "a@example.org"), ("Mail__To", "b@example.org"),
            ("Contacts__MeasuredSources__0", "newsletter"));
        await service.MeasuresAsync(Checks.Length, "health_check_status");
        var samples = await service.ScrapeAsync();
        Assert.Equal(Checks, samples.Where(sample => sample.Name == "health_check_status")
            .Select(sample => sample.Labels["check"]).Order(StringComparer.Ordinal));
        foreach (var (name, count) in ((string, int)[])
            [
                ("contact_submissions_total", 6), ("contact_spam_total", 3), ("document_uploads_total", 21), ("document_search_queries_total", 4),
                ("outbox_deliveries_total", 3), ("document_tasks", 4), ("document_task_oldest_age_seconds", 1), ("outbox_messages", 2),
                ("outbox_oldest_age_seconds", 1), ("backup_runs_total", 2),
            ])
        {
            Assert.Equal((name, count), (name, samples.Count(sample => sample.Name == name && sample.Value == 0)));
        }
        Assert.True(await service.ValueAsync("process_memory_limit_bytes") > 64 * 1024 * 1024);
    }

    [Fact]
    public async Task What_is_away_is_told_by_its_check()
    {
        await using var service = await ApiFixture.StartAsync(
            $"Host=127.0.0.1;Port={FreePort.Next()};Username=nobody;Password=x;Database=x", ("Storage__Directory", "/proc/nowhere"));
        await service.MeasuresAsync(0, "health_check_status", ("check", "PostgreSql"));
        await service.MeasuresAsync(0.5, "health_check_status", ("check", "object-store"));
        await service.MeasuresAsync(0.5, "health_check_status", ("check", "search-index"));
        await service.MeasuresAsync(1, "health_check_status", ("check", "self"));
        await service.MeasuresAsync(
            value => value > 0, "object_store_operation_duration_seconds_count", ("operation", "prepare"), ("outcome", "unavailable"));
        await service.MeasuresAsync(
            value => value > 0, "search_index_operation_duration_seconds_count", ("operation", "statistics"), ("outcome", "unavailable"));
        Assert.Null(await service.ValueAsync("document_task_oldest_age_seconds"));
    }

    [Fact]
    public async Task The_ages_of_what_waits_are_those_of_the_oldest()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await (await ApiFixture.StartAsync(
            database, ("Processing__Concurrency", "0"), ("Mail__SmtpUrl", $"smtp://127.0.0.1:{FreePort.Next()}"),
            ("Mail__From", "a@example.org"), ("Mail__To", "b@example.org"))).WhenReadyAsync();
        await ApiFixture.ExecuteAsync(database, """
            INSERT INTO document_tasks (kind, requested_by, created_at) VALUES ('reindex', 'a test', now() - interval '9 hours');
            INSERT INTO document_tasks (kind, document_id, requested_by, state, created_at) VALUES
                ('index', gen_random_uuid(), 'a test', 'completed', now() - interval '8 hours'),
                ('index', gen_random_uuid(), 'a test', 'queued', now() - interval '1 hour'),
                ('index', gen_random_uuid(), 'a test', 'queued', now());
            INSERT INTO outbox (kind, payload, created_at, sent_at) VALUES ('contact', '{}', now() - interval '8 hours', now());
            INSERT INTO outbox (kind, payload, created_at, send_after) VALUES ('contact', '{}', now() - interval '2 hours', now() + interval '1 hour');
            """);
        await service.MeasuresAsync(value => value is > 3600 and < 3700, "document_task_oldest_age_seconds");
        await service.MeasuresAsync(value => value is > 7200 and < 7300, "outbox_oldest_age_seconds");
        await ApiFixture.ExecuteAsync(database, "DELETE FROM document_tasks WHERE kind = 'index'; DELETE FROM outbox");
        await service.MeasuresAsync(0, "document_task_oldest_age_seconds");
        await service.MeasuresAsync(0, "outbox_oldest_age_seconds");
    }

    [Fact]
    public async Task Deliveries_are_counted_by_what_came_of_them()
    {
        await using var refusing = new BadMailServer(speaks: true);
        var database = await api.Postgres.CreateDatabaseAsync();
        (string, string)[] mail =
            [("Mail__From", "platform@example.org"), ("Mail__To", "owner@example.org"), ("Mail__TimeoutSeconds", "3"), ("Mail__MaxAttempts", "2")];
        await using (var service = await (await ApiFixture.StartAsync(database, [("Mail__SmtpUrl", refusing.SmtpUrl), .. mail])).WhenReadyAsync())
        {
            await service.SubmitAsync();
            await service.MeasuresAsync(1, "outbox_deliveries_total", ("outcome", "failed"));
            await service.MeasuresAsync(1, "outbox_deliveries_total", ("outcome", "retried"));
            await service.MeasuresAsync(0, "outbox_deliveries_total", ("outcome", "sent"));
        }
        await using var maildev = await Maildev.StartAsync();
        await using var other = await (await ApiFixture.StartAsync(database, [("Mail__SmtpUrl", maildev.SmtpUrl), .. mail])).WhenReadyAsync();
        await other.SubmitAsync();
        await other.MeasuresAsync(1, "outbox_deliveries_total", ("outcome", "sent"));
    }

    [Fact]
    public async Task Commits_the_store_the_index_and_searches_are_measured()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await (await ApiFixture.StartAsync(database)).WhenReadyAsync();
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => service.SubmitAsync()));
        await service.MeasuresAsync(40, "group_commit_batch_size_sum");
        await service.MeasuresAsync(value => value is >= 1 and <= 40, "group_commit_batch_size_count");

        var receipt = await Uploads.UploadAsync(service, await Uploads.ContactAsync(service), "A zeppelin over the lake.");
        var id = receipt.GetProperty("document_id").GetString();
        await service.MeasuresAsync(1, "object_store_operation_duration_seconds_count", ("operation", "put"), ("outcome", "success"));
        // To be read.
        await service.MeasuresAsync(1, "object_store_operation_duration_seconds_count", ("operation", "open"), ("outcome", "success"));
        await service.MeasuresAsync(1, "search_index_operation_duration_seconds_count", ("operation", "put"), ("outcome", "success"));
        foreach (var query in (string[])["zeppelin", "zeppelin", "aeroplane"])
        {
            using var found = await ApiFixture.GetAsync(service, $"/documents/search?q={query}");
            Assert.True(found.IsSuccessStatusCode);
        }
        using var invalid = await ApiFixture.GetAsync(service, "/documents/search?limit=many");
        await service.MeasuresAsync(2, "document_search_duration_seconds_count", ("outcome", "found"));
        await service.MeasuresAsync(1, "document_search_duration_seconds_count", ("outcome", "nothing"));
        await service.MeasuresAsync(3, "document_search_duration_seconds_count");
        await service.MeasuresAsync(3, "search_index_operation_duration_seconds_count", ("operation", "search"), ("outcome", "success"));
        await service.MeasuresAsync(1, "document_search_queries_total", ("outcome", "invalid"));

        File.Delete(Assert.Single(Directory.EnumerateFiles(ApiFixture.ObjectsOf(database), "*", SearchOption.AllDirectories)));
        using var missing = await ApiFixture.GetAsync(service, $"/documents/{id}/content");
        Assert.Equal(HttpStatusCode.InternalServerError, missing.StatusCode);
        await service.MeasuresAsync(1, "object_store_operation_duration_seconds_count", ("operation", "open"), ("outcome", "not_found"));
        Directory.Delete(ApiFixture.ObjectsOf(database), recursive: true);
    }

    [Fact, Trait("Defect", "D22")]
    public async Task What_clients_invent_makes_no_series()
    {
        var service = api.Service;
        var contact = await Uploads.ContactAsync(service);
        await AskAsync(0, 200);
        var before = (await service.ScrapeAsync()).Count;
        await AskAsync(200, 2000);
        var samples = await service.ScrapeAsync();
        // What time and chance add: a status, an outcome, a generation of the heap.
        Assert.InRange(samples.Count, before - 50, before + 120);
        Assert.DoesNotContain(samples, sample => sample.Labels.Values.Any(value => value.Contains("invented", StringComparison.OrdinalIgnoreCase)));

        Task AskAsync(int from, int count) => Parallel.ForEachAsync(
            Enumerable.Range(from, count), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, cancellationToken) =>
            {
                using var request = new HttpRequestMessage(number % 5 == 0 ? new HttpMethod($"INVENTED{number}") : HttpMethod.Get, $"/invented{number}");
                request.Headers.Host = $"invented{number}.example";
                request.Headers.TryAddWithoutValidation("User-Agent", $"invented{number}");
                using var unknown = await service.Client.SendAsync(request, cancellationToken);
                using var submitted = await service.Client.PostAsJsonAsync("/contact", new
                {
                    name = "n", email = "a@example.org", message = "m", source = $"invented {number}", service = $"invented {number}",
                }, cancellationToken);
                if (number % 10 == 0)
                {
                    using var uploaded = await Uploads.PostAsync(service, Uploads.Form(contact, "x"u8.ToArray(), documentType: $"invented {number}"));
                    using var found = await ApiFixture.GetAsync(service, $"/documents/search?q=invented{number}");
                    using var wrong = await ApiFixture.GetAsync(service, $"/documents/invented{number}", $"invented{number}");
                }
            });
    }

    [Fact]
    public async Task OpenMetrics_has_exemplars_that_lead_to_traces()
    {
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4737";
        using var client = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = api.Service.Client.BaseAddress };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/documents/search?q=exemplar");
        request.Headers.Add("traceparent", $"00-{Trace}-00f067aa0ba902b7-01");
        request.Headers.Add("X-API-Key", ApiFixture.BootstrapKey);
        using var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        foreach (var histogram in (string[])
            ["http_server_request_duration_seconds_bucket", "document_search_duration_seconds_bucket", "search_index_operation_duration_seconds_bucket"])
        {
            await Eventually.IsTrueAsync(async () => (await api.Service.OpenMetricsAsync()).Split('\n').Any(line =>
                line.StartsWith(histogram, StringComparison.Ordinal) && line.Contains($"# {{trace_id=\"{Trace}\"", StringComparison.Ordinal)),
                Exposition.Patience);
        }
    }
}
