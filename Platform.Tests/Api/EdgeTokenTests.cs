using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Platform.Tests.Edge.Authentication;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>What the edge tells the API: who has signed in, and what happened when people did.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class EdgeTokenTests(ApiFixture api) : IAsyncLifetime
{
    private static readonly string[] ReadOnly = ["read"];

    private ServiceProcess? _service;

    private ServiceProcess Service => _service!;

    public async Task InitializeAsync() => _service = await (await ApiFixture.StartAsync(
        api.Database, ("Security__EdgeKey", SignInEdge.ApiTokenKey))).WhenReadyAsync();

    public async Task DisposeAsync() => await Service.DisposeAsync();

    [Fact]
    public async Task A_token_opens_what_its_scopes_say_and_whoever_it_names_is_in_the_audit_log()
    {
        using var read = await SendAsync(Service, HttpMethod.Get, "/contacts", TokenWith("read"));
        using var write = await SendAsync(Service, HttpMethod.Delete, "/contacts/contact_1", TokenWith("read"));
        using var admin = await SendAsync(Service, HttpMethod.Get, "/admin/keys", TokenWith("read", "write"));
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        Assert.Equal(["Authorization"], await ApiFixture.ProblemFieldsAsync(write, 403));
        Assert.Equal(["Authorization"], await ApiFixture.ProblemFieldsAsync(admin, 403));

        var id = await Service.SubmitAsync();
        using var change = await SendAsync(
            Service, HttpMethod.Patch, $"/contacts/{id}", TokenWith("read", "write"), new { status = "contacted" });
        Assert.Equal(HttpStatusCode.OK, change.StatusCode);
        Assert.Equal(
            "user:Ada",
            await api.QueryAsync<string>($"SELECT actor FROM audit_log WHERE subject = 'contact:{id}' AND actor <> 'public'"));
    }

    [Fact]
    public async Task A_key_that_a_session_creates_is_shown_again_to_that_person_only()
    {
        var name = $"of-a-session-{Guid.NewGuid():n}";
        var first = await CreateAsync(TokenWith("admin"));
        var again = await CreateAsync(TokenWith("admin"));
        var other = await CreateAsync(Token(key: null, subject: "somebody-else", scopes: ["admin"]));
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        using var works = await ApiFixture.GetAsync(Service, "/contacts", first);
        Assert.Equal(HttpStatusCode.OK, works.StatusCode);

        async Task<string> CreateAsync(string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/admin/keys")
            {
                Content = JsonContent.Create(new { name, scopes = ReadOnly }),
            };
            request.Headers.Add("Authorization", $"Bearer {token}");
            request.Headers.Add("Idempotency-Key", name);
            using var answer = await Service.Client.SendAsync(request);
            return (await ApiFixture.JsonAsync(answer, HttpStatusCode.Created)).GetProperty("key").GetString()!;
        }
    }

    [Theory]
    [InlineData("not-a-token")]
    [InlineData("a.b.c")]
    public async Task What_is_no_token_is_refused_on_every_path(string token)
    {
        foreach (var path in (string[])["/contacts", "/stats", "/unknown"])
        {
            using var answer = await SendAsync(Service, HttpMethod.Get, path, token);
            await RefusedAsync(answer);
        }
    }

    [Fact]
    public async Task A_token_that_is_not_the_edges_or_not_for_the_api_or_too_old_is_refused()
    {
        var key = SignInEdge.ApiTokenKey;
        await ExpectAsync(Token(key: new string('x', 40)));
        await ExpectAsync(Token(audience: "another"));
        await ExpectAsync(Token(issuer: "another"));
        await ExpectAsync(Token(expires: DateTime.UtcNow.AddMinutes(-2)));
        await ExpectAsync(Token(notBefore: DateTime.UtcNow.AddMinutes(2), expires: DateTime.UtcNow.AddMinutes(5)));
        await ExpectAsync(Token(algorithm: SecurityAlgorithms.HmacSha512, key: key + key));
        await ExpectAsync(Token(subject: null));
        var parts = Token().Split('.');
        var none = Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""");
        await ExpectAsync($"{none}.{parts[1]}.");
        await ExpectAsync($"{none}.{parts[1]}.{parts[2]}");
        await ExpectAsync($"{parts[0]}.{parts[1]}.");
        var payload = Base64UrlEncoder.Decode(parts[1]).Replace("\"read\"", "\"admin\"", StringComparison.Ordinal);
        await ExpectAsync($"{parts[0]}.{Base64UrlEncoder.Encode(payload)}.{parts[2]}");

        async Task ExpectAsync(string token)
        {
            using var answer = await SendAsync(Service, HttpMethod.Get, "/contacts", token);
            await RefusedAsync(answer);
        }
    }

    [Fact, Trait("Defect", "D06")]
    public async Task Without_the_edges_key_no_token_opens_anything()
    {
        foreach (var token in (string[])[TokenWith("read"), Token(key: new string('x', 40), scopes: ["read"])])
        {
            using var answer = await SendAsync(api.Service, HttpMethod.Get, "/contacts", token);
            Assert.Equal(["X-API-Key"], await ApiFixture.ProblemFieldsAsync(answer, 401));
        }
    }

    [Fact]
    public async Task Only_the_edge_writes_into_the_audit_log()
    {
        var subject = $"user:{Guid.NewGuid():n}";
        var entry = new
        {
            action = "session.started", actor = "user:Ada", subject, details = new { client = "192.0.2.1" }, at = "2026-01-02T03:04:05Z",
        };
        using var keyed = await Service.SendAsync(HttpMethod.Post, "/admin/audit", entry);
        using var administrator = await SendAsync(Service, HttpMethod.Post, "/admin/audit", TokenWith("read", "write", "admin"), entry);
        using var stranger = await SendAsync(Service, HttpMethod.Post, "/admin/audit", token: null, entry);
        Assert.Equal(HttpStatusCode.Forbidden, keyed.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, administrator.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);

        using var edge = await SendAsync(Service, HttpMethod.Post, "/admin/audit", TokenWith("audit"), entry);
        Assert.Equal(HttpStatusCode.NoContent, edge.StatusCode);
        Assert.Equal(
            "user:Ada session.started 192.0.2.1 2026-01-02 03:04:05",
            await api.QueryAsync<string>($"""
                SELECT actor || ' ' || action || ' ' || (details->>'client') || ' ' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
                FROM audit_log WHERE subject = '{subject}'
                """));

        using var bad = await SendAsync(
            Service, HttpMethod.Post, "/admin/audit", TokenWith("audit"),
            new
            {
                action = "",
                actor = new string('x', 201),
                subject,
                details = Enumerable.Range(0, 11).ToDictionary(i => $"{i}", i => "x"),
                at = "2999-01-01T00:00:00Z",
            });
        Assert.Equal(["action", "actor", "at", "details"], await ApiFixture.ProblemFieldsAsync(bad, 422));
    }

    [Fact]
    public async Task Who_signs_in_at_the_edge_uses_the_api_and_is_in_its_audit_log_even_if_it_was_away()
    {
        await using var edge = await SignInEdge.StartAsync(
            Service.Client.BaseAddress!.AbsoluteUri, ("Authentication__Administrator__UserName", "grace"));
        var person = new Person(edge.Client);
        using var failed = await person.SignInAsync("a-wrong-password", "grace");
        using var signedIn = await person.SignInAsync(userName: "grace");
        Assert.Equal(HttpStatusCode.SeeOther, signedIn.StatusCode);

        using var keys = await person.GetAsync("/admin/api/keys");
        Assert.Equal(HttpStatusCode.OK, keys.StatusCode);
        using var forged = await person.PostAsync(
            "/admin/api/audit",
            JsonContent.Create(new { action = "x", actor = "x", subject = "x" }),
            ("X-CSRF-Token", await person.CsrfTokenAsync()));
        Assert.Equal(HttpStatusCode.Forbidden, forged.StatusCode);
        await ApiFixture.EventuallyAsync(
            async () => await api.QueryAsync<string>(
                "SELECT coalesce(string_agg(action, ' ' ORDER BY id), '') FROM audit_log WHERE subject = 'user:grace'")
                == "sign_in.failed session.started",
            "both entries are there");
        Assert.Equal(
            "127.0.0.1",
            await api.QueryAsync<string>("SELECT details->>'client' FROM audit_log WHERE subject = 'user:grace' AND action = 'session.started'"));

        // The API goes away, and comes back at the same address.
        var away = FreePort.Next();
        await using var lonely = await SignInEdge.StartAsync($"http://127.0.0.1:{away}", ("Authentication__Administrator__UserName", "heidi"));
        using var alone = await new Person(lonely.Client).SignInAsync(userName: "heidi");
        Assert.Equal(HttpStatusCode.SeeOther, alone.StatusCode);
        await using var back = await ApiFixture.StartAsync(
            api.Database, ("Security__EdgeKey", SignInEdge.ApiTokenKey), ("ASPNETCORE_URLS", $"http://127.0.0.1:{away}"), ("Management__Port", ""));
        await ApiFixture.EventuallyAsync(
            async () => await api.QueryAsync<long>("SELECT count(*) FROM audit_log WHERE subject = 'user:heidi'") > 0,
            "the entry is there",
            seconds: 60);
    }

    private static async Task<HttpResponseMessage> SendAsync(
        ServiceProcess service, HttpMethod method, string path, string? token, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }
        return await service.Client.SendAsync(request);
    }

    private static async Task RefusedAsync(HttpResponseMessage answer)
    {
        Assert.Equal(["Authorization"], await ApiFixture.ProblemFieldsAsync(answer, 401));
        Assert.Equal("Bearer error=\"invalid_token\"", answer.Headers.WwwAuthenticate.ToString());
    }

    private static string TokenWith(params string[] scopes) => Token(key: null, scopes: scopes);

    private static string Token(
        string? key = null,
        string issuer = "platform-edge",
        string audience = "platform-api",
        string? subject = "ada",
        DateTime? notBefore = null,
        DateTime? expires = null,
        string algorithm = SecurityAlgorithms.HmacSha256,
        string[]? scopes = null)
    {
        var claims = new Dictionary<string, object> { ["name"] = "Ada", ["scope"] = scopes ?? ["read"] };
        if (subject is not null)
        {
            claims["sub"] = subject;
        }
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            NotBefore = notBefore ?? DateTime.UtcNow.AddMinutes(-5),
            Expires = expires ?? DateTime.UtcNow.AddMinutes(5),
            Claims = claims,
            SigningCredentials = new(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(key ?? SignInEdge.ApiTokenKey)), algorithm),
        });
    }
}
