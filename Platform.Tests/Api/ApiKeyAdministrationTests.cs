using System.Net;
using System.Security.Cryptography;
using System.Text;
using Platform.Api.Security;

namespace Platform.Tests.Api;

/// <summary>API keys over the API: shown once, listed without themselves, revoked for good.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class ApiKeyAdministrationTests(ApiFixture api)
{
    private static readonly string[] Read = ["read"];
    private static readonly string[] WriteAndRead = ["write", "read"];

    [Fact]
    public async Task A_key_is_shown_once_works_at_once_and_no_more_once_it_is_revoked()
    {
        var name = $"key {Guid.NewGuid():n}";
        using var created = await CreateAsync(new { name = $" {name} ", scopes = WriteAndRead });
        Assert.Equal("no-store", created.Headers.CacheControl?.ToString());
        var answer = await ApiFixture.JsonAsync(created, HttpStatusCode.Created);
        var (id, key) = (answer.GetProperty("id").GetGuid(), answer.GetProperty("key").GetString()!);
        Assert.Equal(["id", "name", "scopes", "key", "created_at"], answer.EnumerateObject().Select(member => member.Name));
        Assert.Equal($"/admin/keys/{id}", created.Headers.Location?.OriginalString);
        Assert.Equal(name, answer.GetProperty("name").GetString());
        Assert.Equal(["read", "write"], answer.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/contacts", key));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync("/admin/keys", key));

        using (var list = await api.GetAsync("/admin/keys"))
        {
            Assert.DoesNotContain(key, await list.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            var listed = (await ApiFixture.JsonAsync(list)).GetProperty("keys").EnumerateArray()
                .Single(entry => entry.GetProperty("id").GetGuid() == id);
            Assert.Equal(
                ["id", "name", "scopes", "created_at", "last_used_at", "revoked_at"], listed.EnumerateObject().Select(member => member.Name));
            Assert.Null(listed.GetProperty("revoked_at").GetString());
        }
        for (var i = 0; i < 2; i++)
        {
            using var revoked = await api.Service.SendAsync(HttpMethod.Delete, $"/admin/keys/{id}");
            Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("/contacts", key));
        }
        Assert.Equal("key.created,key.revoked", await api.QueryAsync<string>(
            $"SELECT string_agg(action, ',' ORDER BY id) FROM audit_log WHERE subject = 'key:{id}'"));
        Assert.DoesNotContain(key[..8], api.Service.Log, StringComparison.Ordinal);
    }

    public static TheoryData<string, int, string> BadKeys => new()
    {
        { """{"scopes":["read"]}""", 422, "name" },
        { """{"name":" ","scopes":["read"]}""", 422, "name" },
        { """{"name":"bootstrap","scopes":["read"]}""", 422, "name" },
        { """{"name":"two\nlines","scopes":["read"]}""", 422, "name" },
        { $$"""{"name":"{{new string('n', 101)}}","scopes":["read"]}""", 422, "name" },
        { """{"name":"n"}""", 422, "scopes" },
        { """{"name":"n","scopes":[]}""", 422, "scopes" },
        { """{"name":"n","scopes":["read","read"]}""", 422, "scopes" },
        { """{"name":"n","scopes":["READ"]}""", 422, "scopes" },
        { """{"name":"n","scopes":["read","everything"]}""", 422, "scopes" },
        { """{"name":"n","scopes":[null]}""", 422, "scopes" },
        { """{}""", 422, "name,scopes" },
        { """{"name":"n","scopes":"read"}""", 400, "scopes" },
        { """{"name":5,"scopes":["read"]}""", 400, "name" },
        { """{"name":"n",""", 400, "" },
    };

    [Theory, MemberData(nameof(BadKeys))]
    public async Task A_key_that_cannot_be_made_names_what_is_wrong(string body, int status, string fields)
    {
        var before = await api.QueryAsync<long>("SELECT count(*) FROM api_keys");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/admin/keys")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
            Headers = { { "X-API-Key", ApiFixture.BootstrapKey } },
        };
        using var response = await api.Service.Client.SendAsync(request);
        Assert.Equal(fields.Split(',', StringSplitOptions.RemoveEmptyEntries), await ApiFixture.ProblemFieldsAsync(response, status));
        Assert.Equal(before, await api.QueryAsync<long>("SELECT count(*) FROM api_keys"));
    }

    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("bootstrap")]
    public async Task A_key_that_is_not_there_is_404(string id)
    {
        using var response = await api.Service.SendAsync(HttpMethod.Delete, $"/admin/keys/{id}");
        Assert.Equal(["id"], await ApiFixture.ProblemFieldsAsync(response, 404));
    }

    [Fact]
    public async Task Sent_again_the_same_key_comes_back_and_it_is_not_in_the_database()
    {
        var again = $"{Guid.NewGuid():n}";
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            using var response = await CreateAsync(new { name = again, scopes = Read }, again);
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
            return $"{response.Headers.Location} {await response.Content.ReadAsStringAsync()}";
        }));
        Assert.Single(answers.Distinct());
        var key = answers[0].Split("\"key\":\"")[1].Split('"')[0];
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/contacts", key));
        Assert.Equal(1, await api.QueryAsync<long>($"SELECT count(*) FROM api_keys WHERE name = '{again}'"));
        Assert.Equal(1, await api.QueryAsync<long>($"SELECT count(*) FROM idempotency_keys WHERE key = '{again}'"));
        Assert.Equal(0, await api.QueryAsync<long>($"SELECT count(*) FROM idempotency_keys WHERE body LIKE '%{key}%'"));

        using var other = await CreateAsync(new { name = "another", scopes = Read }, again);
        Assert.Equal(["Idempotency-Key"], await ApiFixture.ProblemFieldsAsync(other, 422));
    }

    [Fact]
    public void A_sealed_secret_opens_for_who_asked_for_it_alone()
    {
        var sealedSecret = SealedSecret.Seal("secret", "holder", "purpose");
        Assert.Equal("secret", SealedSecret.Open(sealedSecret, "holder", "purpose"));
        Assert.ThrowsAny<CryptographicException>(() => SealedSecret.Open(sealedSecret, "another", "purpose"));
        Assert.ThrowsAny<CryptographicException>(() => SealedSecret.Open(sealedSecret, "holder", "another"));
    }

    [Fact]
    public async Task More_keys_than_are_kept_in_memory_are_refused()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await (await ApiFixture.StartAsync(database)).WhenReadyAsync();
        await ApiFixture.ExecuteAsync(database, $"""
            INSERT INTO api_keys (id, name, key_hash, scopes)
            SELECT gen_random_uuid(), 'k', sha256(i::text::bytea), ARRAY['read'] FROM generate_series(1, {ApiKeyStore.MaxKeys}) AS i
            """);
        using (var refused = await service.SendAsync(HttpMethod.Post, "/admin/keys", new { name = "n", scopes = Read }))
        {
            await ApiFixture.ProblemAsync(refused, 409);
        }
        await ApiFixture.ExecuteAsync(database, "UPDATE api_keys SET revoked_at = now() WHERE id = (SELECT min(id::text)::uuid FROM api_keys)");
        using var created = await service.SendAsync(HttpMethod.Post, "/admin/keys", new { name = "n", scopes = Read });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
    }

    private Task<HttpResponseMessage> CreateAsync(object body, string? idempotencyKey = null) =>
        api.Service.SendAsync(HttpMethod.Post, "/admin/keys", body, idempotencyKey: idempotencyKey);

    private async Task<HttpStatusCode> StatusAsync(string path, string key)
    {
        using var response = await api.GetAsync(path, key);
        return response.StatusCode;
    }
}
