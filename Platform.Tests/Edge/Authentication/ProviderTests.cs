using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using System.Web;
using Microsoft.IdentityModel.JsonWebTokens;
using Platform.Tests.Fixtures;
using Platform.Tests.Observability;
using Platform.Tests.Fixtures.Oidc;

namespace Platform.Tests.Edge.Authentication;

/// <summary>Signing in at an OpenID Connect provider.</summary>
public sealed partial class ProviderTests : IAsyncLifetime
{
    private readonly OidcProvider _provider = new();
    private Upstream? _upstream;
    private ServiceProcess? _edge;

    private ServiceProcess Edge => _edge!;

    public async Task InitializeAsync()
    {
        _upstream = await Upstream.StartAsync();
        _edge = await EdgeUnderTest.StartAsync(
            [_upstream.Url],
            new Dictionary<string, string>
            {
                ["Authentication__ApiTokenKey"] = SignInEdge.ApiTokenKey,
                ["Authentication__Administrator__Password"] = Person.Password,
                ["Authentication__Oidc__Authority"] = _provider.Url,
                ["Authentication__Oidc__ClientId"] = "platform",
                ["Authentication__Oidc__ClientSecret"] = "the-secret-of-the-client",
                ["Authentication__Oidc__RoleClaim"] = "realm_access.roles",
            },
            wideLimits: true);
        await _provider.StartAsync(Edge.Client.BaseAddress!, "first");
    }

    public async Task DisposeAsync()
    {
        await Edge.DisposeAsync();
        await _provider.StopAsync();
        await _upstream!.DisposeAsync();
    }

    [Fact]
    public async Task A_person_signs_in_as_what_the_role_says_and_signs_out_everywhere()
    {
        var alice = new Person(Edge.Client);
        using var console = await SignInAsync(alice, "alice", "/console/?b=2");
        Assert.Equal("/console/?b=2", console.RequestMessage!.RequestUri!.PathAndQuery);
        Assert.Equal(HttpStatusCode.OK, console.StatusCode);
        var html = await console.Content.ReadAsStringAsync();
        var session = (await alice.DescribeAsync())!.Value;
        Assert.Equal("alice", session.GetProperty("name").GetString());
        Assert.Equal("alice", session.GetProperty("user").GetString());
        Assert.Equal("administrator", session.GetProperty("role").GetString());

        using var signedOut = await alice.PostAsync("/auth/sign-out", Person.SignInForm(Person.TokenIn(html), ""));
        Assert.Equal(HttpStatusCode.OK, signedOut.StatusCode);
        Assert.Null(alice.Session);
        var refresh = Assert.Single(signedOut.Header("Refresh"));
        Assert.StartsWith($"0;url={_provider.Url}/session/end?", refresh, StringComparison.Ordinal);
        var query = HttpUtility.ParseQueryString(new Uri(refresh["0;url=".Length..]).Query);
        Assert.NotNull(query["id_token_hint"]);
        Assert.Equal(new Uri(Edge.Client.BaseAddress!, "/auth/signed-out").AbsoluteUri, query["post_logout_redirect_uri"]);
        using var asked = await alice.FollowAsync(await alice.GetAsync(refresh["0;url=".Length..]));
        using var bye = await SubmitAsync(alice, asked, new() { ["logout"] = "yes" });
        Assert.Contains("You have signed out.", await bye.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        var victor = new Person(Edge.Client);
        (await SignInAsync(victor, "victor")).Dispose();
        Assert.Equal("viewer", (await victor.DescribeAsync())!.Value.GetProperty("role").GetString());
        using var contacts = await victor.GetAsync("/contacts");
        var header = (await contacts.Content.ReadFromJsonAsync<Echo>())!.Headers["Authorization"];
        var token = new JsonWebToken(header["Bearer ".Length..]);
        Assert.Equal(["read"], token.Claims.Where(claim => claim.Type == "scope").Select(claim => claim.Value));
        using var grafana = await victor.GetAsync("/grafana/");
        using var admin = await victor.GetAsync("/admin/api/keys");
        Assert.Equal(HttpStatusCode.Forbidden, grafana.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, admin.StatusCode);
        await Edge.MeasuresAsync(value => value >= 2, "edge_access_refused_total", ("reason", "role"));

        var mallory = new Person(Edge.Client);
        using var refused = await SignInAsync(mallory, "mallory");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("platform-viewer", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Null(mallory.Session);
        await Person.LoggedAsync(Edge, "sign_in.refused: user:mallory");

        // One person's token is not another's, even beside the cookie that it was made with.
        (await SignInAsync(alice, "alice")).Dispose();
        var csrf = await alice.CsrfTokenAsync();
        victor.Cookies["__Host-platform-csrf"] = alice.Cookies["__Host-platform-csrf"];
        using var others = await victor.SendAsync(HttpMethod.Delete, "/contacts/1", content: null, ("X-CSRF-Token", csrf));
        Assert.Equal(HttpStatusCode.BadRequest, others.StatusCode);
        using var own = await alice.SendAsync(HttpMethod.Delete, "/contacts/1", content: null, ("X-CSRF-Token", csrf));
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        using var password = await new Person(Edge.Client).PostAsync("/auth/sign-in", Person.SignInForm(null, Person.Password));
        Assert.Equal(HttpStatusCode.NotFound, password.StatusCode);
    }

    [Fact]
    public async Task Answers_that_are_replayed_or_were_not_asked_for_sign_nobody_in()
    {
        var person = new Person(Edge.Client);
        using var asking = await person.GetAsync("/auth/sign-in");
        Assert.Equal(HttpStatusCode.Redirect, asking.StatusCode);
        Assert.All(
            asking.Header("Set-Cookie"),
            cookie =>
            {
                Assert.StartsWith("__Host-platform-", cookie, StringComparison.Ordinal);
                Assert.Contains("secure", cookie, StringComparison.OrdinalIgnoreCase);
                Assert.Contains("path=/;", cookie, StringComparison.OrdinalIgnoreCase);
            });

        var callback = await ToCallbackAsync(person, asking, "alice");
        var state = HttpUtility.ParseQueryString(callback.Query)["state"]!;
        // Another browser's answer, put under this person's eyes.
        await RefusedAsync(new Person(Edge.Client), callback.AbsoluteUri);
        using var denied = await new Person(Edge.Client).GetAsync($"/auth/callback?error=access_denied&error_description=%3Cscript%3E&state={state}");
        Assert.Equal(HttpStatusCode.BadRequest, denied.StatusCode);

        using (var right = await person.GetAsync(callback.AbsoluteUri))
        {
            Assert.Equal("/console/", right.Headers.Location!.OriginalString);
        }

        Assert.NotNull(person.Session);
        await RefusedAsync(person, callback.AbsoluteUri);
        foreach (var query in (string[])["", "?code=x", "?code=x&state=x", $"?code=x&state={state}", "?state=x", "?error=server_error"])
        {
            await RefusedAsync(new Person(Edge.Client), "/auth/callback" + query);
        }

        var second = new Person(Edge.Client);
        using var askingAgain = await second.GetAsync("/auth/sign-in");
        var answer = await ToCallbackAsync(second, askingAgain, "alice");
        foreach (var nonce in second.Cookies.Keys.Where(name => name.StartsWith("__Host-platform-nonce", StringComparison.Ordinal)).ToList())
        {
            second.Cookies.Remove(nonce);
        }

        await RefusedAsync(second, answer.AbsoluteUri);

        // The person says no.
        var third = new Person(Edge.Client);
        using var askingOnce = await third.GetAsync("/auth/sign-in");
        var question = await AuthorizationStateAsync(third, askingOnce);
        using var no = await third.GetAsync($"/auth/callback?error=access_denied&state={Uri.EscapeDataString(question)}");
        Assert.Equal(HttpStatusCode.Forbidden, no.StatusCode);
        Assert.Null(third.Session);
    }

    [Fact]
    public async Task While_the_provider_is_away_the_rest_works_and_new_keys_are_found_when_it_is_back()
    {
        var person = new Person(Edge.Client);
        (await SignInAsync(person, "alice")).Dispose();
        var waiting = new Person(Edge.Client);
        using var asking = await waiting.GetAsync("/auth/sign-in");
        var callback = await ToCallbackAsync(waiting, asking, "alice");
        await _provider.StopAsync();

        using (var away = await waiting.GetAsync(callback.AbsoluteUri))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, away.StatusCode);
            Assert.NotNull(away.Headers.RetryAfter);
            Assert.DoesNotContain("Exception", await away.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.NotNull(await person.DescribeAsync());
        using (var stats = await person.GetAsync("/stats"))
        {
            Assert.Equal(HttpStatusCode.OK, stats.StatusCode);
        }

        await _provider.StartAsync(Edge.Client.BaseAddress!, "second");
        await Eventually.IsTrueAsync(
            async () =>
            {
                var later = new Person(Edge.Client);
                using var answer = await SignInAsync(later, "alice");
                return later.Session is not null;
            },
            TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_provider_that_never_answered_is_found_when_it_does()
    {
        await _provider.StopAsync();
        using (var away = await new Person(Edge.Client).GetAsync("/auth/sign-in"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, away.StatusCode);
            Assert.NotNull(away.Headers.RetryAfter);
        }

        await _provider.StartAsync(Edge.Client.BaseAddress!, "first");
        await Eventually.IsTrueAsync(
            async () =>
            {
                using var back = await new Person(Edge.Client).GetAsync("/auth/sign-in");
                return back.StatusCode == HttpStatusCode.Redirect;
            },
            TimeSpan.FromSeconds(30));
    }

    /// <summary>Through the pages of the provider and back.</summary>
    private static async Task<HttpResponseMessage> SignInAsync(Person person, string name, string? returnTo = null)
    {
        using var asking = await person.GetAsync("/auth/sign-in" + (returnTo is null ? "" : $"?return={Uri.EscapeDataString(returnTo)}"));
        return await person.FollowAsync(await person.GetAsync((await ToCallbackAsync(person, asking, name)).AbsoluteUri));
    }

    /// <summary>Through the pages of the provider, up to the address that it sends the browser back to.</summary>
    private static async Task<Uri> ToCallbackAsync(Person person, HttpResponseMessage asking, string name)
    {
        var answer = asking;
        for (var step = 0; step < 30; step++)
        {
            if (answer.Headers.Location is { } location)
            {
                var next = new Uri(answer.RequestMessage!.RequestUri!, location);
                if (next.AbsolutePath == "/auth/callback")
                {
                    return next;
                }

                answer = await person.GetAsync(next.AbsoluteUri);
                continue;
            }

            var html = await answer.Content.ReadAsStringAsync();
            var fields = html.Contains("name=\"login\"", StringComparison.Ordinal)
                ? new Dictionary<string, string> { ["prompt"] = "login", ["login"] = name, ["password"] = "any" }
                : new Dictionary<string, string> { ["prompt"] = "consent" };
            answer = await PostAsync(person, answer, html, fields);
        }

        throw new InvalidOperationException("The provider did not send the browser back.");
    }

    private static async Task<HttpResponseMessage> SubmitAsync(Person person, HttpResponseMessage page, Dictionary<string, string> fields)
    {
        var html = await page.Content.ReadAsStringAsync();
        foreach (Match hidden in Hidden().Matches(html))
        {
            fields[hidden.Groups["name"].Value] = hidden.Groups["value"].Value;
        }

        return await person.FollowAsync(await PostAsync(person, page, html, fields));
    }

    private static async Task<HttpResponseMessage> PostAsync(Person person, HttpResponseMessage page, string html, Dictionary<string, string> fields)
    {
        Assert.True(Action().Match(html) is { Success: true }, $"{page.StatusCode} {page.RequestMessage!.RequestUri}: {html}");
        var target = new Uri(page.RequestMessage!.RequestUri!, WebUtility.HtmlDecode(Action().Match(html).Groups[1].Value));
        return await person.PostAsync(target.AbsoluteUri, new FormUrlEncodedContent(fields));
    }

    /// <summary>The state of the question, which the provider was told beforehand (RFC 9126) or is told in the address.</summary>
    private static async Task<string> AuthorizationStateAsync(Person person, HttpResponseMessage asking) =>
        HttpUtility.ParseQueryString((await ToCallbackAsync(person, asking, "alice")).Query)["state"]!;

    private static async Task RefusedAsync(Person person, string address)
    {
        var before = person.Session;
        using var answer = await person.GetAsync(address);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("You have not signed in", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(before, person.Session);
    }

    [GeneratedRegex("""action="([^"]+)" method="post"|<form[^>]*method="post"[^>]*action="(?<1>[^"]+)""")]
    private static partial Regex Action();

    [GeneratedRegex("""<input type="hidden" name="(?<name>[^"]+)" value="(?<value>[^"]*)"\s*/?>""")]
    private static partial Regex Hidden();
}
