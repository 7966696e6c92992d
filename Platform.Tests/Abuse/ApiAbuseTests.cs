using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Platform.Tests.Api;
using Platform.Tests.Edge;
using Platform.Tests.Fixtures;
using Xunit.Abstractions;

namespace Platform.Tests.Abuse;

/// <summary>
/// Every operation of the live OpenAPI document under hundreds of requests that are made from it and then changed. Whatever comes, the answer
/// is one that the document tells of, tells nothing of the inside, and changes nothing when it refuses.
/// </summary>
[Trait("Needs", "postgres")]
public sealed class ApiAbuseTests(ApiWithBackups api, ITestOutputHelper output) : IClassFixture<ApiWithBackups>
{
    /// <summary>Of every run; another one is drawn, and told.</summary>
    private const int Seed = 20261126;

    /// <summary>Rows of which a request adds one at most.</summary>
    private static readonly string[] Tables = ["contact_submissions", "documents", "api_keys", "idempotency_keys"];

    [Fact]
    public Task Every_operation_answers_every_request_as_it_is_described() => AbuseAsync(Seed, requests: 300);

    [Fact]
    public Task And_every_request_of_a_new_seed() => AbuseAsync(Environment.TickCount, requests: 150);

    [Fact]
    public async Task And_through_the_edge()
    {
        await using var edge = await EdgeUnderTest.StartAsync(
            [$"http://127.0.0.1:{api.Service.Port}"],
            new Dictionary<string, string> { ["Limits__Keys__PerSecond"] = "100000", ["Limits__Keys__Burst"] = "100000" },
            wideLimits: true);
        await AbuseAsync(Seed + 1, requests: 40, edge);
    }

    [Theory]
    [InlineData("POST", "/admin/keys", "application/json; charset=x-made-up")]
    [InlineData("POST", "/admin/keys", "application/json; charset=utf-7")]
    [InlineData("PATCH", "/documents/00000000-0000-7000-8000-000000000000", "application/json; charset=utf-7")]
    [InlineData("POST", "/documents/00000000-0000-7000-8000-000000000000/links", "application/json; charset=x-made-up")]
    [InlineData("POST", "/analytics/events", "application/json; charset=x-made-up")]
    [InlineData("POST", "/contact", "application/json; charset=utf-7")]
    [InlineData("POST", "/contact", "application/x-www-form-urlencoded; charset=utf-7")]
    public async Task A_body_in_an_encoding_that_there_is_not_is_415(string method, string path, string contentType)
    {
        using var request = new HttpRequestMessage(new(method), path) { Content = new ByteArrayContent("{}"u8.ToArray()) };
        request.Headers.Add("X-API-Key", ApiFixture.BootstrapKey);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);

        using var answer = await api.Service.Client.SendAsync(request);

        Assert.Equal(["Content-Type"], await ApiFixture.ProblemFieldsAsync(answer, 415));
    }

    [Theory]
    [InlineData("POST", "/contact")]
    [InlineData("POST", "/visits")]
    [InlineData("POST", "/analytics/events")]
    [InlineData("POST", "/documents/search")]
    [InlineData("PATCH", "/contacts/contact_00000000000070008000000000000000")]
    [InlineData("PATCH", "/documents/00000000-0000-7000-8000-000000000000")]
    [InlineData("POST", "/documents/00000000-0000-7000-8000-000000000000/links")]
    [InlineData("POST", "/admin/keys")]
    public async Task A_name_that_is_no_Unicode_text_is_the_clients_mistake(string method, string path)
    {
        using var request = new HttpRequestMessage(new(method), path)
        {
            Content = new StringContent("""{"\ud800":0}""", Encoding.UTF8, "application/json"),
            Headers = { { "X-API-Key", ApiFixture.BootstrapKey } },
        };

        using var answer = await api.Service.Client.SendAsync(request);

        // Where names that are not known are ignored, this one is too.
        Assert.InRange((int)answer.StatusCode, 200, 422);
    }

    private async Task AbuseAsync(int seed, int requests, ServiceProcess? edge = null)
    {
        output.WriteLine($"Seed {seed}");
        var service = edge ?? api.Service;
        var description = await DescribeAsync(atEdge: edge is not null);
        var complaints = new ConcurrentQueue<string>();
        var logged = api.Service.Log.Length;
        foreach (var (index, operation) in description.Operations.Index())
        {
            var generator = new RequestGenerator(description, operation, await KnownAsync(operation), ApiFixture.BootstrapKey, seed + index);
            var before = await CountAsync();
            var successes = 0;
            await Parallel.ForEachAsync(
                Enumerable.Range(0, requests).Select(_ => generator.Next()).ToList(),
                new ParallelOptions { MaxDegreeOfParallelism = 8 },
                async (request, _) =>
                {
                    var (isSuccess, complaint) = await AnswerOracle.TryAsync(service.Port, description, operation, request, edge is not null);
                    Interlocked.Add(ref successes, isSuccess ? 1 : 0);
                    if (complaint is not null)
                    {
                        complaints.Enqueue($"{operation}: {complaint}\n    {request.ToCommand(service.Port)}");
                    }
                });
            if (successes == 0)
            {
                complaints.Enqueue($"{operation}: none of {requests} requests succeeded, so none came far");
            }

            foreach (var (table, rows) in await CountAsync())
            {
                if (rows - before[table] > successes)
                {
                    complaints.Enqueue($"{operation}: {rows - before[table]} rows more in {table} after {successes} successes");
                }
            }
        }

        Assert.True(complaints.IsEmpty, $"Seed {seed}, {complaints.Count} complaints:\n{string.Join('\n', complaints.Take(30))}");
        await AssertServesAsync(service);
        AnswerOracle.AssertNothingUnhandled(api.Service.Log[logged..]);
        AnswerOracle.AssertNothingUnhandled(edge?.Log ?? "");
    }

    private async Task<ApiDescription> DescribeAsync(bool atEdge)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json") { Headers = { { "X-API-Key", ApiFixture.BootstrapKey } } };
        if (atEdge)
        {
            request.Headers.Add("X-Forwarded-Host", "edge");
        }

        using var answer = await api.Service.Client.SendAsync(request);
        return new(await ApiFixture.JsonAsync(answer));
    }

    /// <summary>What a client would send: ids of a fresh contact, document and key, and values that fields take.</summary>
    private async Task<Dictionary<string, string[]>> KnownAsync(Operation operation)
    {
        var contact = await api.Service.SubmitAsync();
        var documents = new List<string>();
        for (var count = 0; count < 2; count++)
        {
            documents.Add((await Uploads.UploadAsync(api.Service, contact, $"Text number {Guid.NewGuid()}")).GetProperty("document_id").GetString()!);
        }

        if (operation.Id == "RestoreDocument")
        {
            documents.Add(documents[0]);
            using var trashed = await Uploads.SendAsync(api.Service, HttpMethod.Delete, $"/documents/{documents[1]}");
            Assert.Equal(HttpStatusCode.NoContent, trashed.StatusCode);
        }

        using var link = await Uploads.SendAsync(api.Service, HttpMethod.Post, $"/documents/{documents[0]}/links", new { expires_in = 3600 });
        var url = (await ApiFixture.JsonAsync(link)).GetProperty("url").GetString()!;
        using var page = await api.GetAsync("/contacts?limit=1");
        var cursor = (await ApiFixture.JsonAsync(page)).GetProperty("next_cursor").GetString() ?? "";
        return new()
        {
            ["id"] = operation.Path.Contains("/documents/{id}", StringComparison.Ordinal) ? [.. documents]
                : operation.Path.Contains("/keys", StringComparison.Ordinal) ? [await KeyAsync()] : [contact],
            ["token"] = [url[(url.LastIndexOf('/') + 1)..]],
            ["contact_id"] = [contact],
            ["document_id"] = [.. documents],
            ["cursor"] = [cursor, cursor[..(cursor.Length / 2)], cursor + "A"],
            ["limit"] = ["1", "20", "100"],
            ["offset"] = ["0", "10"],
            ["from"] = ["2026-01-01", "2026-11-26T00:00:00Z"],
            ["to"] = ["2027-01-01", "2026-11-26T00:00:00+02:00"],
            ["status"] = ["new", "contacted", "closed", "completed"],
            ["state"] = ["queued", "done"],
            ["metric"] = ["contacts", "visits", "documents"],
            ["interval"] = ["hour", "day", "week", "month"],
            ["trashed"] = ["true", "false"],
            ["purge"] = ["true", "false"],
            ["disposition"] = ["inline", "attachment"],
            ["q"] = ["text", "\"text number\"", "te*"],
            ["query"] = ["text", "number -text"],
            ["name"] = operation.Path.Contains("/backups", StringComparison.Ordinal) ? await BackupsAsync() : ["Ada", "\u0141ukasz"],
            ["email"] = ["ada@example.org"],
            ["message"] = ["Hello", "two\nlines"],
            ["notes"] = ["called"],
            ["company"] = ["ACME"],
            ["document_type"] = ["report"],
            ["description"] = ["A description"],
            ["tags"] = ["one", "two"],
            ["scopes"] = ["read", "write"],
            ["event_type"] = ["download"],
            ["expires_in"] = ["3600"],
            ["file"] = ["Some text."],
        };
    }

    private async Task<string> KeyAsync()
    {
        using var created = await Uploads.SendAsync(
            api.Service, HttpMethod.Post, "/admin/keys", new { name = "a test", scopes = (string[])["read"] });
        return (await created.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }

    /// <summary>The names of two archives, of which one may be deleted; none is being made.</summary>
    private async Task<string[]> BackupsAsync()
    {
        var newest = (string?)null;
        await ApiFixture.EventuallyAsync(
            async () =>
            {
                using var read = await api.GetAsync("/admin/backups");
                var list = await ApiFixture.JsonAsync(read);
                if (list.GetProperty("running").ValueKind != JsonValueKind.Null)
                {
                    return false;
                }
                newest = list.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()).FirstOrDefault();
                if (newest is null)
                {
                    using var started = await Uploads.SendAsync(api.Service, HttpMethod.Post, "/admin/backups");
                    Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
                }
                return newest is not null;
            },
            "there is a backup",
            60);
        return [api.CopyOf(newest!), newest!];
    }

    private async Task<Dictionary<string, long>> CountAsync()
    {
        var counts = new Dictionary<string, long>();
        foreach (var table in Tables)
        {
            counts[table] = await api.QueryAsync<long>($"SELECT count(*) FROM {table}");
        }

        return counts;
    }

    /// <summary>All that was let in can be read again, and the service is healthy.</summary>
    private async Task AssertServesAsync(ServiceProcess service)
    {
        using var health = await service.Client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.False(api.Service.HasExited);
        await api.Service.WhenReadyAsync();
        foreach (var list in (string[])
            ["/contacts?limit=100", "/documents?limit=100", "/admin/audit?limit=200", "/admin/tasks?limit=100", "/admin/keys"])
        {
            using var answer = await api.GetAsync(list);
            await ApiFixture.JsonAsync(answer);
        }

        using var search = await Uploads.SendAsync(api.Service, HttpMethod.Post, "/documents/search", new { query = "text" });
        await ApiFixture.JsonAsync(search);
    }
}
