using System.Net;
using System.Net.Http.Json;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Platform.Tests.Edge.Authentication;

/// <summary>What is closed to strangers, what a session opens, and what is told to the servers behind.</summary>
public sealed class AccessTests(SignInEdge edge) : IClassFixture<SignInEdge>
{
    public static TheoryData<string> Guarded => new(
        "/console", "/console/", "/console/contacts", "/console/nothing", "/CONSOLE/", "/%63onsole/", "/console%2f", "//console/",
        "/docs", "/docs/index.html", "/openapi/v1.json", "/OpenAPI/v1.json",
        "/admin", "/admin/", "/admin/api", "/admin/api/keys", "/ADMIN/api/keys", "/admin/API/keys", "//admin/api/keys", "/admin//api/keys",
        "/admin/..;/", "/admin/..;/api/keys", "/x/../admin/api/keys", "/x/%2e%2e/admin/api/keys", "/admin%2fapi/keys",
        "/contacts/..;/admin/keys", "/contacts/..%2fadmin/keys", "/contacts/%2e%2e%2fadmin/keys", "/contacts/..%5cadmin/keys",
        "/grafana", "/grafana/", "/grafana/api/admin", "/Grafana/", "/prometheus/graph", "/alertmanager/", "/pgadmin/", "/minio/",
        "/meilisearch/keys", "/loki/api/v1/push", "/keycloak", "/keycloak/admin/", "/;/console/", "/console;x=y/", "/console%00");

    [Theory, MemberData(nameof(Guarded)), Trait("Defect", "D06")]
    public async Task A_stranger_gets_nothing_but_the_way_to_the_sign_in(string path)
    {
        foreach (var (accept, method) in ((string, string)[])
            [("text/html", "GET"), ("*/*", "GET"), ("text/html", "HEAD"), ("*/*", "POST"), ("*/*", "DELETE")])
        {
            var answer = await EdgeUnderTest.RawAsync(
                edge.Edge, $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            var status = answer.Split(' ')[1];
            Assert.True(status is "302" or "400" or "401" or "404" or "405", $"{method} {path} {accept}: {answer}");
            if (status == "302")
            {
                Assert.Contains("Location: /auth/sign-in?return=%2F", answer, StringComparison.Ordinal);
            }
        }

        // The upstream answers everything, with what it was asked.
        Assert.DoesNotContain(edge.Upstream.Requests, request => request.Contains("admin", StringComparison.OrdinalIgnoreCase)
            && !request.EndsWith("/admin/keys/with-a-key", StringComparison.Ordinal));
    }

    [Theory, Trait("Defect", "D05")]
    [InlineData("/grafana/", "/loki/", HttpStatusCode.Unauthorized)]
    public async Task A_stranger_cannot_tell_which_servers_run(string running, string missing, HttpStatusCode expected)
    {
        using var there = await edge.Client.GetAsync(running);
        using var nowhere = await edge.Client.GetAsync(missing);

        Assert.Equal(expected, there.StatusCode);
        Assert.Equal(expected, nowhere.StatusCode);
        Assert.Equal(there.Headers.WwwAuthenticate.ToString(), nowhere.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_session_opens_the_console_and_applications_which_are_told_the_user()
    {
        var person = await Person.SignedInAsync(edge.Client);
        using var missing = await person.GetAsync("/loki/");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        var applications = (await person.DescribeAsync())!.Value.GetProperty("applications").EnumerateArray().Select(name => name.GetString()).ToList();
        Assert.Contains("grafana", applications);
        Assert.DoesNotContain("loki", applications);

        person.Cookies["grafana_session"] = "x";
        using var answer = await person.GetAsync(
            "/grafana/d/1",
            ("X-WEBAUTH-USER", "root"), ("x-webauth-role", "Admin"), ("X-Forwarded-User", "root"), ("X_Forwarded_User", "root"),
            ("Remote-User", "root"));
        var echo = (await answer.Content.ReadFromJsonAsync<Echo>())!;

        Assert.Equal("admin", echo.Headers["X-WEBAUTH-USER"]);
        Assert.Equal("admin", echo.Headers["X-Forwarded-User"]);
        Assert.Equal("Admin", echo.Headers["X-WEBAUTH-ROLE"]);
        Assert.DoesNotContain("root", echo.Headers.Values);
        Assert.Equal("grafana_session=x", echo.Headers["Cookie"]);
        Assert.False(echo.Headers.ContainsKey("Authorization"));
    }

    [Theory]
    [InlineData("/contacts")]
    [InlineData("/api/contacts")]
    [InlineData("/analytics/insights")]
    [InlineData("/documents/1")]
    public async Task What_a_stranger_says_about_itself_reaches_no_server(string path)
    {
        var echo = await edge.Client.EchoAsync(
            path,
            ("X-WEBAUTH-USER", "root"), ("X-Forwarded-User", "root"), ("Authorization", "Bearer mine"),
            ("Cookie", "a=1; __Host-platform=x; __host-PLATFORM-csrf=y; b=2"));

        Assert.DoesNotContain("X-WEBAUTH-USER", echo.Headers.Keys, StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain("X-Forwarded-User", echo.Headers.Keys, StringComparer.OrdinalIgnoreCase);
        Assert.False(echo.Headers.ContainsKey("Authorization"));
        Assert.Equal("a=1; b=2", echo.Headers["Cookie"]);
    }

    [Fact]
    public async Task The_api_is_told_in_a_token_and_not_where_it_answers_everybody_alike()
    {
        var person = await Person.SignedInAsync(edge.Client);
        using var answer = await person.GetAsync("/contacts", ("Authorization", "Bearer mine"));
        var header = (await answer.Content.ReadFromJsonAsync<Echo>())!.Headers["Authorization"];
        var token = new JsonWebToken(header["Bearer ".Length..]);
        Assert.Equal("HS256", token.Alg);
        Assert.Equal("platform-edge", token.Issuer);
        Assert.Equal(["platform-api"], token.Audiences);
        Assert.Equal("admin", token.Subject);
        Assert.Equal(["read", "write", "admin"], token.Claims.Where(claim => claim.Type == "scope").Select(claim => claim.Value));
        Assert.InRange(token.ValidTo, DateTime.UtcNow.AddMinutes(3), DateTime.UtcNow.AddMinutes(6));

        using var second = await person.GetAsync("/contacts");
        Assert.Equal(header, (await second.Content.ReadFromJsonAsync<Echo>())!.Headers["Authorization"]);
        using var public_ = await person.GetAsync("/api/d/some-token");
        Assert.False((await public_.Content.ReadFromJsonAsync<Echo>())!.Headers.ContainsKey("Authorization"));
        using var keyed = await person.GetAsync("/contacts", ("X-API-Key", Upstream.GoodKey));
        Assert.False((await keyed.Content.ReadFromJsonAsync<Echo>())!.Headers.ContainsKey("Authorization"));
    }

    [Fact]
    public async Task A_key_passes_to_the_api_without_a_session_and_to_nothing_else()
    {
        using var admin = await edge.Client.GetAsync("/admin/api/keys/with-a-key", ("X-API-Key", Upstream.GoodKey));
        using var wrong = await edge.Client.GetAsync("/admin/api/keys", ("X-API-Key", "wrong"));
        using var grafana = await edge.Client.GetAsync("/grafana/", ("X-API-Key", Upstream.GoodKey));
        using var console = await edge.Client.GetAsync("/console/", ("X-API-Key", Upstream.GoodKey));
        using var write = await edge.Client.SendAsync(HttpMethod.Delete, "/contacts/1", ("X-API-Key", Upstream.GoodKey));

        Assert.Equal(HttpStatusCode.OK, admin.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, grafana.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, console.StatusCode);
        Assert.Equal(HttpStatusCode.OK, write.StatusCode);
    }

    [Fact]
    public async Task What_changes_something_at_the_api_needs_the_token_of_the_person()
    {
        var person = await Person.SignedInAsync(edge.Client);
        var token = await person.CsrfTokenAsync();
        var before = edge.Upstream.Requests.Count(request => request == "DELETE /contacts/of-a-session");

        foreach (var headers in ((string, string)[][])
            [[], [("X-CSRF-Token", "")], [("X-CSRF-Token", "forged")], [("X-CSRF-Token", token[..^2] + "AA")]])
        {
            using var refused = await person.SendAsync(HttpMethod.Delete, "/contacts/of-a-session", content: null, headers);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        // A stranger's token, which another page of the edge gave: it goes with another cookie and nobody.
        var stranger = new Person(edge.Client);
        using var page = await stranger.GetAsync("/auth/sign-in");
        var strangers = Person.TokenIn(await page.Content.ReadAsStringAsync());
        person.Cookies["__Host-platform-csrf"] = stranger.Cookies["__Host-platform-csrf"];
        using (var foreign = await person.SendAsync(HttpMethod.Delete, "/contacts/of-a-session", content: null, ("X-CSRF-Token", strangers)))
        {
            Assert.Equal(HttpStatusCode.BadRequest, foreign.StatusCode);
        }

        Assert.Equal(before, edge.Upstream.Requests.Count(request => request == "DELETE /contacts/of-a-session"));

        var right = await person.CsrfTokenAsync();
        using var done = await person.SendAsync(HttpMethod.Delete, "/contacts/of-a-session", content: null, ("X-CSRF-Token", right));
        Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        // What everybody may send needs none: nothing of the session goes with it.
        using var visit = await person.PostAsync("/visits", JsonContent.Create(new { page = "/" }));
        Assert.Equal(HttpStatusCode.Accepted, visit.StatusCode);
    }

    [Fact]
    public async Task A_large_body_goes_on_to_the_api_with_the_token_in_the_header_only()
    {
        var person = await Person.SignedInAsync(edge.Client);
        using var form = new MultipartFormDataContent { { new StringContent(await person.CsrfTokenAsync()), "__RequestVerificationToken" } };
        using var inBody = await person.PostAsync("/documents/upload", form);
        Assert.Equal(HttpStatusCode.BadRequest, inBody.StatusCode);

        using var file = new MultipartFormDataContent { { new ByteArrayContent(new byte[1_000_000]), "file", "a.bin" } };
        using var inHeader = await person.PostAsync("/documents/upload", file, ("X-CSRF-Token", await person.CsrfTokenAsync()));
        Assert.Equal(HttpStatusCode.OK, inHeader.StatusCode);
    }

    [Fact]
    public async Task Signing_out_needs_the_token()
    {
        var person = await Person.SignedInAsync(edge.Client);
        using var forged = await person.PostAsync("/auth/sign-out", Person.SignInForm("forged", ""));

        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        Assert.NotNull(await person.DescribeAsync());
    }

    [Fact]
    public async Task Another_site_changes_nothing_in_an_application_and_opens_no_socket()
    {
        var person = await Person.SignedInAsync(edge.Client);
        var origin = edge.Client.BaseAddress!.GetLeftPart(UriPartial.Authority);

        await ExpectAsync(HttpStatusCode.OK, ("Sec-Fetch-Site", "same-origin"));
        await ExpectAsync(HttpStatusCode.OK, ("Origin", origin));
        await ExpectAsync(HttpStatusCode.Forbidden);
        await ExpectAsync(HttpStatusCode.Forbidden, ("Sec-Fetch-Site", "cross-site"));
        await ExpectAsync(HttpStatusCode.Forbidden, ("Sec-Fetch-Site", "same-site"));
        await ExpectAsync(HttpStatusCode.Forbidden, ("Origin", "https://evil.example"));
        await ExpectAsync(HttpStatusCode.Forbidden, ("Origin", "null"));
        await ExpectAsync(HttpStatusCode.Forbidden, ("Origin", origin), ("Sec-Fetch-Site", "cross-site"));
        using var socket = await person.GetAsync(
            "/grafana/live", ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Origin", "https://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, socket.StatusCode);

        async Task ExpectAsync(HttpStatusCode status, params (string, string)[] headers)
        {
            using var answer = await person.PostAsync("/grafana/api/dashboards", JsonContent.Create(new { }), headers);
            Assert.Equal(status, answer.StatusCode);
        }
    }

    [Fact]
    public async Task No_server_sets_a_cookie_of_the_edge()
    {
        var person = await Person.SignedInAsync(edge.Client);
        using var answer = await person.GetAsync(
            "/prometheus/?header=Set-Cookie:__Host-platform%3Devil%3Bpath%3D/&header=Set-Cookie:__host-platform-csrf%3Devil"
            + "&header=Set-Cookie:mine%3D1");

        var cookie = Assert.Single(answer.Header("Set-Cookie"));
        Assert.StartsWith("mine=1", cookie, StringComparison.Ordinal);
    }
}
