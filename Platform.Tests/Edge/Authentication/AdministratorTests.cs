using System.Net;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge.Authentication;

/// <summary>Signing in and out as the built-in administrator, and what becomes of wrong passwords and of cookies that are not right.</summary>
public sealed class AdministratorTests(SignInEdge edge) : IClassFixture<SignInEdge>
{
    [Fact]
    public async Task The_administrator_signs_in_sees_the_console_and_signs_out()
    {
        var person = new Person(edge.Client);
        using var sent = await person.GetAsync("/console/?a=1");
        Assert.Equal(HttpStatusCode.Redirect, sent.StatusCode);
        Assert.Equal("/auth/sign-in?return=%2Fconsole%2F%3Fa%3D1", sent.Headers.Location!.OriginalString);

        using var signedIn = await person.SignInAsync(returnTo: "/console/?a=1");
        Assert.Equal(HttpStatusCode.SeeOther, signedIn.StatusCode);
        Assert.Equal("/console/?a=1", signedIn.Headers.Location!.OriginalString);
        var cookie = Assert.Single(signedIn.Header("Set-Cookie"), value => value.StartsWith("__Host-platform=", StringComparison.Ordinal));
        Assert.All(
            (string[])["path=/", "secure", "httponly", "samesite=lax"],
            attribute => Assert.Contains(attribute, cookie.Split("; ")));
        Assert.DoesNotContain("domain", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("expires", cookie, StringComparison.OrdinalIgnoreCase);

        using var console = await person.GetAsync("/console/");
        var html = await console.Content.ReadAsStringAsync();
        Assert.Contains("admin", html, StringComparison.Ordinal);
        Assert.Contains("no-store", string.Join(',', console.Header("Cache-Control")), StringComparison.Ordinal);
        var session = (await person.DescribeAsync())!.Value;
        Assert.Equal("admin", session.GetProperty("user").GetString());
        Assert.Equal("administrator", session.GetProperty("role").GetString());
        Assert.InRange(session.GetProperty("expires_at").GetDateTime(), DateTime.UtcNow.AddMinutes(55), DateTime.UtcNow.AddMinutes(61));

        var stolen = person.Session!;
        using var signedOut = await person.PostAsync("/auth/sign-out", Person.SignInForm(Person.TokenIn(html), ""));
        Assert.Equal(HttpStatusCode.SeeOther, signedOut.StatusCode);
        Assert.Null(person.Session);
        using var bye = await person.FollowAsync(signedOut);
        Assert.Contains("You have signed out.", await bye.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        // Who has copied the cookie is signed out, too.
        person.Session = stolen;
        Assert.Null(await person.DescribeAsync());
        await Person.LoggedAsync(edge.Edge, "session.ended: user:admin");
    }

    [Fact]
    public async Task Each_sign_in_has_an_id_of_its_own_and_ends_the_session_before()
    {
        var person = await Person.SignedInAsync(edge.Client);
        var first = person.Session!;

        // Straight to the form's target: the page itself leads who has signed in away.
        var token = await person.CsrfTokenAsync();
        using var again = await person.PostAsync("/auth/sign-in", Person.SignInForm(token, Person.Password));

        Assert.Equal(HttpStatusCode.SeeOther, again.StatusCode);
        Assert.NotEqual(first, person.Session);
        Assert.NotNull(await person.DescribeAsync());
        person.Session = first;
        Assert.Null(await person.DescribeAsync());
    }

    [Fact]
    public async Task Five_wrong_passwords_make_an_address_wait_and_no_other()
    {
        using var guessing = EdgeUnderTest.ClientAt(edge.Edge, "127.0.0.41");
        using var other = EdgeUnderTest.ClientAt(edge.Edge, "127.0.0.42");
        var guesser = new Person(guessing);
        var statuses = new List<HttpStatusCode>();
        for (var attempt = 0; attempt < 10; attempt++)
        {
            using var answer = await guesser.SignInAsync($"wrong-password-{attempt}");
            statuses.Add(answer.StatusCode);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 4);
                Assert.Contains("Please wait", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
            else
            {
                Assert.Contains("The name or the password is wrong.", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
        }

        Assert.All(statuses.Take(5), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses.Skip(5));
        using (var locked = await guesser.SignInAsync())
        {
            // The right password does not help.
            Assert.Equal(HttpStatusCode.TooManyRequests, locked.StatusCode);
        }

        await Person.SignedInAsync(other);
        await Eventually.IsTrueAsync(
            async () =>
            {
                using var later = await guesser.SignInAsync();
                return later.StatusCode == HttpStatusCode.SeeOther;
            },
            TimeSpan.FromSeconds(30));
        await Person.LoggedAsync(edge.Edge, "sign_in.failed: user:admin from 127.0.0.41");
        await Person.LoggedAsync(edge.Edge, "sign_in.locked: user:admin from 127.0.0.41");
        Assert.DoesNotContain("wrong-password", edge.Edge.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_nobody_has_is_refused_like_a_wrong_password_and_not_logged()
    {
        using var client = EdgeUnderTest.ClientAt(edge.Edge, "127.0.0.43");
        using var answer = await new Person(client).SignInAsync(userName: "my-password-by-mistake");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("The name or the password is wrong.", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Person.LoggedAsync(edge.Edge, "sign_in.failed: user:unknown from 127.0.0.43");
        Assert.DoesNotContain("my-password-by-mistake", edge.Edge.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_addresses_together_do_not_guess_faster()
    {
        await using var strict = await SignInEdge.StartAsync(
            edge.Upstream.Url, ("Authentication__Lockout__Account__PerSecond", "0.001"), ("Authentication__Lockout__Account__Burst", "6"));
        var statuses = new List<HttpStatusCode>();
        for (var address = 1; address <= 8; address++)
        {
            using var client = EdgeUnderTest.ClientAt(strict, $"127.0.1.{address}");
            using var answer = await new Person(client).SignInAsync("a-wrong-password");
            statuses.Add(answer.StatusCode);
        }

        Assert.Equal(6, statuses.Count(status => status == HttpStatusCode.Unauthorized));
        Assert.Equal(2, statuses.Count(status => status == HttpStatusCode.TooManyRequests));
    }

    [Fact, Trait("Defect", "R11")]
    public async Task While_passwords_are_being_looked_at_everything_else_is_answered()
    {
        using var page = await edge.Client.GetAsync("/auth/sign-in");
        var token = Person.TokenIn(await page.Content.ReadAsStringAsync());
        var cookie = page.Header("Set-Cookie").Single().Split(';')[0];
        var flood = Enumerable.Range(1, 100).Select(async number =>
        {
            using var client = EdgeUnderTest.ClientAt(edge.Edge, $"127.0.2.{number}");
            using var request = new HttpRequestMessage(HttpMethod.Post, "/auth/sign-in") { Content = Person.SignInForm(token, "a-wrong-password") };
            request.Headers.Add("Cookie", cookie);
            using var answer = await client.SendAsync(request);
            return (answer.StatusCode, answer.Headers.RetryAfter);
        }).ToArray();
        var answered = 0;
        while (!flood.All(attempt => attempt.IsCompleted))
        {
            using var stats = await edge.Client.GetAsync("/stats");
            Assert.Equal(HttpStatusCode.OK, stats.StatusCode);
            answered += flood.Any(attempt => !attempt.IsCompleted) ? 1 : 0;
        }

        Assert.True(answered > 0);
        var outcomes = await Task.WhenAll(flood);
        Assert.All(outcomes, outcome => Assert.Contains(
            outcome.StatusCode, (HttpStatusCode[])[HttpStatusCode.Unauthorized, HttpStatusCode.ServiceUnavailable]));
        Assert.Contains(outcomes, outcome => outcome.StatusCode == HttpStatusCode.Unauthorized);
        var busy = outcomes.Where(outcome => outcome.StatusCode == HttpStatusCode.ServiceUnavailable).ToList();
        Assert.NotEmpty(busy);
        Assert.All(busy, outcome => Assert.NotNull(outcome.RetryAfter));
        await Person.SignedInAsync(edge.Client);
    }

    [Fact]
    public async Task A_session_ends_when_its_time_is_over()
    {
        await using var brief = await SignInEdge.StartAsync(edge.Upstream.Url, ("Authentication__Session__Lifetime", "00:00:02"));
        var person = await Person.SignedInAsync(brief.Client);

        await Eventually.IsTrueAsync(async () => await person.DescribeAsync() is null, TimeSpan.FromSeconds(30));
        using var console = await person.GetAsync("/console/");
        Assert.Equal(HttpStatusCode.Redirect, console.StatusCode);
    }

    [Fact]
    public async Task The_sessions_that_were_not_used_for_longest_make_room()
    {
        await using var small = await SignInEdge.StartAsync(edge.Upstream.Url, ("Authentication__Session__Count", "2"));
        var people = new List<Person>();
        for (var count = 0; count < 4; count++)
        {
            people.Add(await Person.SignedInAsync(small.Client));
        }

        Assert.NotNull(await people[^1].DescribeAsync());
        Assert.Null(await people[0].DescribeAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("../../etc/passwd")]
    [InlineData("%00")]
    public async Task A_cookie_that_is_not_one_is_a_strangers_and_nobody_complains(string cookie)
    {
        var person = new Person(edge.Client) { Session = cookie };

        Assert.Null(await person.DescribeAsync());
        using var stats = await person.GetAsync("/stats");
        Assert.Equal(HttpStatusCode.OK, stats.StatusCode);
        Assert.DoesNotContain("fail:", edge.Edge.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cookie_that_was_tampered_with_or_is_of_another_edge_opens_nothing()
    {
        await using var another = await SignInEdge.StartAsync(edge.Upstream.Url);
        var person = await Person.SignedInAsync(another.Client);
        var foreign = new Person(edge.Client) { Session = person.Session };
        Assert.Null(await foreign.DescribeAsync());

        var mine = await Person.SignedInAsync(edge.Client);
        var id = mine.Session!;
        mine.Session = (id[0] == 'A' ? 'B' : 'A') + id[1..];
        Assert.Null(await mine.DescribeAsync());
        mine.Session = id.ToUpperInvariant();
        Assert.Null(await mine.DescribeAsync());
        mine.Session = id;
        Assert.NotNull(await mine.DescribeAsync());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("forged")]
    public async Task The_form_for_signing_in_is_taken_only_with_its_token(string? token)
    {
        var person = new Person(edge.Client);
        (await person.GetAsync("/auth/sign-in")).Dispose();
        using var answer = await person.PostAsync("/auth/sign-in", Person.SignInForm(token, Person.Password));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Null(person.Session);
    }

    [Theory]
    [InlineData("text/plain", "username=admin")]
    [InlineData("multipart/form-data", "no boundary")]
    [InlineData("application/json", "{}")]
    public async Task What_is_no_form_is_refused(string type, string body)
    {
        using var content = new StringContent(body);
        content.Headers.ContentType = new(type);
        using var answer = await new Person(edge.Client).PostAsync("/auth/sign-in", content);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task A_form_that_is_too_large_is_refused()
    {
        using var answer = await new Person(edge.Client).PostAsync("/auth/sign-in", Person.SignInForm(null, new string('x', 20_000)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task Over_http_on_another_host_no_password_is_asked_for()
    {
        using var answer = await edge.Client.GetAsync("/auth/sign-in", ("Host", "platform.example.org"), ("Accept", "text/html"));

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        var html = await answer.Content.ReadAsStringAsync();
        Assert.Contains("https://platform.example.org/auth/sign-in", html, StringComparison.Ordinal);
        Assert.DoesNotContain("type=\"password\"", html, StringComparison.Ordinal);
    }

    [Fact, Trait("Defect", "D06")]
    public async Task Without_an_administrator_and_a_provider_nothing_opens()
    {
        await using var closed = await EdgeUnderTest.StartAsync([edge.Upstream.Url], wideLimits: true);
        using var page = await closed.Client.GetAsync("/auth/sign-in", ("Accept", "text/html"));
        using var console = await closed.Client.GetAsync("/console/");
        using var attempt = await closed.Client.PostAsync("/auth/sign-in", Person.SignInForm(null, "", "admin"));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.StatusCode);
        Assert.Contains("not configured", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, console.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, attempt.StatusCode);
    }

    [Theory]
    [InlineData("Authentication__Administrator__Password", "short")]
    [InlineData("Authentication__ApiTokenKey", "short")]
    [InlineData("Authentication__Oidc__Authority", "http://id.example.org")]
    [InlineData("Authentication__Oidc__Authority", "http://10.0.0.1")]
    [InlineData("Authentication__Oidc__Authority", "https://id.example.org")]
    [InlineData("Authentication__Session__Idle", "00:00:00")]
    public async Task A_setting_that_cannot_work_stops_the_start(string name, string value)
    {
        await using var refused = await SignInEdge.StartAsync(edge.Upstream.Url, (name, value));

        Assert.True(refused.HasExited);
        await Person.LoggedAsync(refused, string.Join(':', name.Split("__")[..2]));
    }
}
