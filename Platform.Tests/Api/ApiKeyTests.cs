using System.Net;
using Npgsql;
using Platform.Api.Security;

namespace Platform.Tests.Api;

/// <summary>Who gets in, and who does not.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class ApiKeyTests(ApiFixture api)
{
    public static TheoryData<string> Paths =>
        new("/stats", "/health", "/api", "/contact", "/visits", "/contacts", "/openapi/v1.json", "/unknown", "/");

    [Theory, MemberData(nameof(Paths))]
    public async Task A_wrong_key_is_refused_on_every_path(string path)
    {
        foreach (var key in (string[])["wrong", " ", "", "nul%00", new string('k', 5000), ApiFixture.BootstrapKey + "x",
            ApiFixture.BootstrapKey[..^1]])
        {
            using var response = await api.GetAsync(path, key);
            Assert.Equal(["X-API-Key"], await ApiFixture.ProblemFieldsAsync(response, 401));
            Assert.Equal("ApiKey", response.Headers.WwwAuthenticate.ToString());
        }
    }

    [Fact]
    public async Task Two_keys_in_one_request_are_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/contacts");
        request.Headers.Add("X-API-Key", [ApiFixture.BootstrapKey, "another"]);
        using var response = await api.Service.Client.SendAsync(request);
        Assert.Equal(["X-API-Key"], await ApiFixture.ProblemFieldsAsync(response, 401));
    }

    [Theory, Trait("Defect", "D06")]
    [InlineData("/contacts")]
    [InlineData("/contacts/contact_1")]
    [InlineData("/openapi/v1.json")]
    public async Task Without_a_key_what_is_not_public_is_refused(string path)
    {
        using var response = await api.GetAsync(path, key: null);
        Assert.Equal(["X-API-Key"], await ApiFixture.ProblemFieldsAsync(response, 401));
    }

    [Theory, Trait("Defect", "D06")]
    [InlineData("")]
    [InlineData("  ")]
    public async Task Without_a_bootstrap_key_nothing_opens(string configured)
    {
        await using var service = await (await ApiFixture.StartAsync(api.Database, ("Security__BootstrapKey", configured)))
            .WhenReadyAsync();
        // Until the keys are read nothing is said about any.
        await ApiFixture.EventuallyAsync(async () =>
        {
            using var response = await ApiFixture.GetAsync(service, "/contacts", "wrong");
            return response.StatusCode != HttpStatusCode.ServiceUnavailable;
        }, "the keys are read", seconds: 30);
        foreach (var key in (string?[])[null, "", configured, ApiFixture.BootstrapKey])
        {
            using var response = await ApiFixture.GetAsync(service, "/contacts", key);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_key_may_do_what_its_scopes_say_until_it_is_revoked()
    {
        await using var database = NpgsqlDataSource.Create(api.Database);
        var store = new ApiKeyStore(database);
        var reader = await store.CreateAsync("reader", [Scopes.Read], CancellationToken.None);
        var writer = await store.CreateAsync("writer", [Scopes.Write], CancellationToken.None);
        await ApiFixture.EventuallyAsync(async () => await StatusAsync("/contacts", reader) == HttpStatusCode.OK, "the new key is known");
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync("/openapi/v1.json", reader));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/openapi/v1.json", ApiFixture.BootstrapKey));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/stats", reader));
        using (var forbidden = await api.GetAsync("/contacts", writer))
        {
            Assert.Equal(["X-API-Key"], await ApiFixture.ProblemFieldsAsync(forbidden, 403));
        }

        await ApiFixture.ExecuteAsync(api.Database, "UPDATE api_keys SET revoked_at = now() WHERE name = 'reader'");
        await ApiFixture.EventuallyAsync(async () => await StatusAsync("/contacts", reader) == HttpStatusCode.Unauthorized,
            "the key is revoked", seconds: 5);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("/stats", reader));
    }

    [Fact]
    public async Task The_last_use_is_noted_in_the_background()
    {
        await using var database = NpgsqlDataSource.Create(api.Database);
        var name = $"used-{Guid.NewGuid():n}";
        var key = await new ApiKeyStore(database).CreateAsync(name, [Scopes.Read], CancellationToken.None);
        await ApiFixture.EventuallyAsync(async () => await StatusAsync("/contacts?limit=1", key) == HttpStatusCode.OK,
            "the new key is known");
        await ApiFixture.EventuallyAsync(
            async () => await api.QueryAsync<long>($"SELECT count(last_used_at) FROM api_keys WHERE name = '{name}'") == 1,
            "last_used_at is set");
        var noted = await api.QueryAsync<string>($"SELECT last_used_at::text FROM api_keys WHERE name = '{name}'");
        for (var i = 0; i < 50; i++)
        {
            await StatusAsync("/contacts?limit=1", key);
        }
        Assert.Equal(noted, await api.QueryAsync<string>($"SELECT last_used_at::text FROM api_keys WHERE name = '{name}'"));
    }

    [Fact, Trait("Defect", "D16")]
    public async Task Keys_are_stored_as_hashes_and_never_logged()
    {
        await using var database = NpgsqlDataSource.Create(api.Database);
        var key = await new ApiKeyStore(database).CreateAsync("secret", [Scopes.Read], CancellationToken.None);
        Assert.Equal(43, key.Length);
        Assert.Equal(1, await api.QueryAsync<long>($"SELECT count(*) FROM api_keys WHERE key_hash = sha256('{key}')"));
        await StatusAsync("/contacts", key);
        await StatusAsync("/contacts", key[..20] + "wrong");
        Assert.DoesNotContain(key[..8], api.Service.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(ApiFixture.BootstrapKey[..8], api.Service.Log, StringComparison.Ordinal);
        Assert.Equal(0, await api.QueryAsync<long>("SELECT count(*) FROM api_keys WHERE name = 'bootstrap'"));
    }

    [Fact, Trait("Defect", "R11")]
    public async Task Wrong_keys_cost_the_database_nothing()
    {
        var before = await api.StatementsAsync();
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => StatusAsync("/contacts", $"wrong-{i}")));
        await Task.Delay(TimeSpan.FromSeconds(1));
        // What runs in the background is not of that order.
        Assert.InRange(await api.StatementsAsync() - before, 0, 20);
    }

    private async Task<HttpStatusCode> StatusAsync(string path, string key)
    {
        using var response = await api.GetAsync(path, key);
        return response.StatusCode;
    }
}
