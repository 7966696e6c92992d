using System.Net;
using System.Text.Json;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>Requests that are sent again: one effect, one answer.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class IdempotencyTests(ApiFixture api)
{
    [Fact]
    public async Task The_same_key_and_submission_is_one_contact_and_the_same_answer()
    {
        var key = NewKey();
        var submission = new { name = "Once \"only\"", email = "once@example.org", message = "m", source = key[..20] };
        var before = await api.QueryAsync<long>("SELECT count FROM website_visitors");
        var first = await SubmitAsync(submission, key);
        await api.Service.SubmitAsync();
        var second = await SubmitAsync(submission, key);
        Assert.Equal(first, second);
        using var receipt = JsonDocument.Parse(first.Body);
        Assert.Equal(before + 1, receipt.RootElement.GetProperty("visitor_count").GetInt64());
        Assert.Equal($"/contacts/{receipt.RootElement.GetProperty("contactId").GetString()}", first.Location);
        Assert.Equal(1, await CountAsync(key));
        Assert.Equal(before + 2, await api.QueryAsync<long>("SELECT count FROM website_visitors"));
    }

    [Fact]
    public async Task The_same_key_with_another_submission_is_422_and_changes_nothing()
    {
        var key = NewKey();
        await SubmitAsync(new { name = "Ada", email = "a@b.org", message = "m" }, key);
        var state = await api.StateAsync();
        foreach (var other in (object[])[
            new { name = "Ada", email = "a@b.org", message = "n" }, new { name = "Ada", email = "a@b.org", message = "m", company = "c" }])
        {
            using var response = await api.Service.SendAsync(HttpMethod.Post, "/contact", other, key: null, idempotencyKey: key);
            Assert.Equal(["Idempotency-Key"], await ApiFixture.ProblemFieldsAsync(response, 422));
        }
        Assert.Equal(state, await api.StateAsync());
    }

    private static readonly string[] Scopes = ["read"];

    public static TheoryData<string[]> BadKeys => new(
        [""], [" "], ["two words"], ["tab\there"], ["caf\u00e9"], [new string('k', 256)], ["one", "two"]);

    [Theory, MemberData(nameof(BadKeys))]
    public async Task A_key_that_is_none_is_400_and_changes_nothing(string[] keys)
    {
        var state = await api.StateAsync();
        foreach (var path in (string[])["/contact", "/admin/keys"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = System.Net.Http.Json.JsonContent.Create(new { name = "n", email = "a@b.org", message = "m", scopes = Scopes }),
                Headers = { { "X-API-Key", ApiFixture.BootstrapKey } },
            };
            Assert.True(request.Headers.TryAddWithoutValidation("Idempotency-Key", keys));
            using var client = new HttpClient(new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.UTF8 })
            {
                BaseAddress = api.Service.Client.BaseAddress,
            };
            using var response = await client.SendAsync(request);
            Assert.Equal(["Idempotency-Key"], await ApiFixture.ProblemFieldsAsync(response, 400));
        }
        Assert.Equal(state, await api.StateAsync());
    }

    [Fact]
    public async Task Requests_with_one_key_at_once_even_at_two_instances_are_one_contact_and_one_answer()
    {
        await using var other = await (await ApiFixture.StartAsync(api.Database)).WhenReadyAsync();
        for (var round = 0; round < 5; round++)
        {
            var key = NewKey();
            var source = key[..20];
            var before = await api.QueryAsync<long>("SELECT count FROM website_visitors");
            // Others share their commits, and are none the worse for it.
            var others = Enumerable.Range(0, 20).Select(i =>
                ApiFixture.SubmitAsync(i % 2 == 0 ? api.Service : other, new { name = $"n{i}", email = "a@b.org", message = "m" })).ToArray();
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => SubmitAsync(
                new { name = "Ada", email = "a@b.org", message = "m", source }, key, i % 2 == 0 ? api.Service : other)));
            var receipts = await Task.WhenAll(others);
            Assert.Single(answers.Distinct());
            Assert.Equal(1, await CountAsync(key));
            var counts = receipts.Select(receipt => receipt.GetProperty("visitor_count").GetInt64())
                .Append(JsonSerializer.Deserialize<JsonElement>(answers[0].Body).GetProperty("visitor_count").GetInt64());
            Assert.Equal(Enumerable.Range(1, 21).Select(i => before + i), counts.Order());
        }
    }

    [Fact]
    public async Task A_key_can_be_used_for_something_else_after_its_24_hours_and_is_deleted_by_then()
    {
        var key = NewKey();
        var first = await SubmitAsync(new { name = "Ada", email = "a@b.org", message = "m", source = key[..20] }, key);
        await ApiFixture.ExecuteAsync(
            api.Database, $"UPDATE idempotency_keys SET created_at = now() - interval '24 hours' WHERE key = '{key}'");
        var second = await SubmitAsync(new { name = "Ada", email = "a@b.org", message = "another", source = key[..20] }, key);
        Assert.NotEqual(first.Location, second.Location);
        Assert.Equal(2, await CountAsync(key));

        await ApiFixture.ExecuteAsync(api.Database, $"""
            UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = '{key}';
            INSERT INTO idempotency_keys (scope, key, fingerprint, status, body, created_at)
            SELECT 'of a test', i::text, sha256('a'), 200, '[]', now() - (CASE WHEN i = 0 THEN 23 ELSE 25 END) * interval '1 hour'
            FROM generate_series(0, 2500) AS i
            """);
        // An instance that starts cleans up at once.
        await using var other = await (await ApiFixture.StartAsync(api.Database)).WhenReadyAsync();
        await ApiFixture.EventuallyAsync(
            async () => await api.QueryAsync<long>($"SELECT count(*) FROM idempotency_keys WHERE key = '{key}' OR scope = 'of a test'") == 1,
            "only the one that is not a day old is left", seconds: 30);
    }

    [Fact]
    public async Task Two_callers_may_choose_the_same_key()
    {
        var key = NewKey();
        var stranger = await SubmitAsync(new { name = "Ada", email = "a@b.org", message = "m" }, key);
        using var response = await api.Service.SendAsync(
            HttpMethod.Post, "/contact", new { name = "Grace", email = "g@b.org", message = "m" }, idempotencyKey: key);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.NotEqual(stranger.Location, response.Headers.Location?.OriginalString);
    }

    private static string NewKey() => $"{Guid.NewGuid():n}-!~";

    private async Task<(string Body, string? Location)> SubmitAsync(object submission, string key, ServiceProcess? service = null)
    {
        using var response = await (service ?? api.Service).SendAsync(HttpMethod.Post, "/contact", submission, key: null, idempotencyKey: key);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return (body, response.Headers.Location?.OriginalString);
    }

    private Task<long> CountAsync(string key) =>
        api.QueryAsync<long>($"SELECT count(*) FROM contact_submissions WHERE source = '{key[..20]}'");
}
