using System.Text.Json;
using Npgsql;
using Platform.Api.Security;

namespace Platform.Tests.Api;

/// <summary>Who did what: to be read by administrators, for as long as it is kept.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class AuditTests(ApiFixture api)
{
    [Fact]
    public async Task Entries_are_found_by_actor_action_subject_and_time_newest_first_and_page_by_page()
    {
        var mark = Guid.NewGuid().ToString("n");
        await ApiFixture.ExecuteAsync(api.Database, $$"""
            INSERT INTO audit_log (at, actor, action, subject, details, correlation_id)
            SELECT '2026-01-01T00:00:00Z'::timestamptz + i * interval '1 hour', 'key:{{mark}}' || i % 2, 'test.{{mark}}' || i % 3,
                'test:{{mark}}', jsonb_build_object('i', i), NULL
            FROM generate_series(0, 24) AS i
            """);
        var seen = new List<JsonElement>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await ListAsync($"subject=test:{mark}&limit=10&cursor={cursor}");
            seen.AddRange(page.GetProperty("entries").EnumerateArray());
            cursor = page.GetProperty("next_cursor").GetString();
        }
        Assert.Equal(Enumerable.Range(0, 25).Reverse(), seen.Select(entry => entry.GetProperty("details").GetProperty("i").GetInt32()));
        Assert.Equal(
            ["id", "at", "actor", "action", "subject", "details", "correlation_id"], seen[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal(12, await CountAsync($"actor=key:{mark}1"));
        Assert.Equal(9, await CountAsync($"action=test.{mark}0"));
        Assert.Equal(4, await CountAsync($"actor=key:{mark}1&action=test.{mark}0"));
        Assert.Equal(3, await CountAsync($"subject=test:{mark}&from=2026-01-01T10:00:00Z&to=2026-01-01T13:00:00Z"));
        Assert.Equal(0, await CountAsync($"actor=key:{mark}"));
        Assert.Equal(0, await CountAsync($"subject=test:{mark}'%20OR%20true%20--"));

        async Task<int> CountAsync(string query) => (await ListAsync($"{query}&limit=200")).GetProperty("entries").GetArrayLength();
    }

    [Fact]
    public async Task What_is_done_is_entered_with_who_did_it_and_in_which_request()
    {
        var id = await api.Service.SubmitAsync();
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/contacts/{id}")
        {
            Content = System.Net.Http.Json.JsonContent.Create(new { status = "contacted" }),
            Headers = { { "X-API-Key", ApiFixture.BootstrapKey }, { "X-Correlation-ID", "of-a-test" } },
        };
        (await api.Service.Client.SendAsync(request)).Dispose();
        var entry = Assert.Single((await ListAsync($"subject=contact:{id}")).GetProperty("entries").EnumerateArray());
        Assert.Equal("key:bootstrap", entry.GetProperty("actor").GetString());
        Assert.Equal("contact.changed", entry.GetProperty("action").GetString());
        Assert.Equal("of-a-test", entry.GetProperty("correlation_id").GetString());
        Assert.Equal("new", entry.GetProperty("details").GetProperty("from").GetString());
        Assert.Equal("contacted", entry.GetProperty("details").GetProperty("to").GetString());
    }

    [Theory]
    [InlineData("limit=0", 422, "limit")]
    [InlineData("limit=201", 422, "limit")]
    [InlineData("limit=ten", 422, "limit")]
    [InlineData("from=yesterday", 422, "from")]
    [InlineData("to=2026-13-01", 422, "to")]
    [InlineData("actor=a&actor=b", 422, "actor")]
    [InlineData("subject=a%0Ab", 422, "subject")]
    [InlineData("cursor=-1", 400, "cursor")]
    [InlineData("cursor=99999999999999999999", 400, "cursor")]
    public async Task A_question_that_cannot_be_answered_names_its_parameter(string query, int status, string parameter)
    {
        using var response = await api.GetAsync($"/admin/audit?{query}");
        Assert.Equal([parameter], await ApiFixture.ProblemFieldsAsync(response, status));
    }

    [Fact]
    public async Task It_is_for_administrators_only()
    {
        await using var database = NpgsqlDataSource.Create(api.Database);
        var key = await new ApiKeyStore(database).CreateAsync("no admin", [Scopes.Read, Scopes.Write], CancellationToken.None);
        await ApiFixture.EventuallyAsync(async () =>
        {
            using var stats = await api.GetAsync("/stats", key);
            return stats.IsSuccessStatusCode;
        }, "the key is known");
        foreach (var path in (string[])["/admin/audit", "/admin/keys"])
        {
            using var forbidden = await api.GetAsync(path, key);
            Assert.Equal(["X-API-Key"], await ApiFixture.ProblemFieldsAsync(forbidden, 403));
            using var unknown = await api.GetAsync(path, key: null);
            Assert.Equal(["X-API-Key"], await ApiFixture.ProblemFieldsAsync(unknown, 401));
        }
    }

    [Fact]
    public async Task Entries_go_when_their_time_is_over()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await (await (await ApiFixture.StartAsync(database)).WhenReadyAsync()).DisposeAsync();
        await ApiFixture.ExecuteAsync(database, """
            INSERT INTO audit_log (at, actor, action, subject)
            SELECT now() - i * interval '1 day', 'system', 'test', 'test' FROM generate_series(1, 3000) AS i
            """);
        await using var service = await (await ApiFixture.StartAsync(database, ("Audit__RetentionDays", "10"))).WhenReadyAsync();
        await ApiFixture.EventuallyAsync(
            async () => await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM audit_log") == 9, "old entries are gone", seconds: 30);
    }

    private async Task<JsonElement> ListAsync(string query)
    {
        using var response = await api.GetAsync($"/admin/audit?{query}");
        return await ApiFixture.JsonAsync(response);
    }
}
