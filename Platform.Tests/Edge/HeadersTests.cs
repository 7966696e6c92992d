using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>The security headers, on every kind of answer.</summary>
[Trait("Defect", "D45")]
[Trait("Defect", "R10")]
public sealed partial class HeadersTests(EdgeUnderTest edge) : IClassFixture<EdgeUnderTest>
{
    /// <summary>Kinds of answers, and a request that brings each.</summary>
    public static TheoryData<string, int, string> Answers => new()
    {
        { "GET /", 200, "" },
        { "GET /assets/site.css", 200, "" },
        { "GET /robots.txt", 200, "" },
        { "GET /index.html", 301, "" },
        { "POST /", 405, "" },
        { "GET /stats", 200, "" },
        { "HEAD /stats", 200, "" },
        { "GET /contacts/missing", 404, "" },
        { "GET /contacts/hostile", 200, "" },
        { "GET /nothing", 404, "Accept: text/html\r\n" },
        { "GET /nothing", 404, "Accept: application/json\r\n" },
        { "GET /assets/nothing.css", 404, "" },
        { "GET /stats", 401, "X-API-Key: wrong\r\n" },
        { "POST /contact", 413, "Content-Length: 1000000\r\n" },
        { "POST /contact", 413, "Content-Length: 1000000\r\nAccept: text/html\r\n" },
        { "GET /contacts/abort", 502, "" },
        { "OPTIONS /contact", 204, "Origin: https://www.example.org\r\nAccess-Control-Request-Method: POST\r\n" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Every_kind_of_answer_has_each_header_once(string request, int status, string headers)
    {
        var answer = await EdgeUnderTest.RawAsync(edge.Process, $"{request} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n{headers}\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        AssertSecured(answer);
    }

    [Fact]
    public async Task A_refusal_for_too_many_requests_has_them_too()
    {
        await using var limited = await EdgeUnderTest.StartAsync(
            [edge.Upstream.Url], new Dictionary<string, string> { ["Limits__Reads__PerSecond"] = "0.01", ["Limits__Reads__Burst"] = "1" });
        const string Request = "GET /stats HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n";

        await EdgeUnderTest.RawAsync(limited, Request);
        var answer = await EdgeUnderTest.RawAsync(limited, Request);

        Assert.StartsWith("HTTP/1.1 429 ", answer, StringComparison.Ordinal);
        AssertSecured(answer);
    }

    [Fact]
    public async Task An_answer_for_a_server_that_is_away_has_them_too()
    {
        await using var alone = await EdgeUnderTest.StartAsync([$"http://127.0.0.1:{FreePort.Next()}"]);

        var answer = await EdgeUnderTest.RawAsync(alone, "GET /stats HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        AssertSecured(answer);
    }

    [Fact]
    public async Task A_page_has_a_fresh_nonce_that_is_the_one_on_its_scripts_and_styles()
    {
        var nonces = new HashSet<string>();
        foreach (var path in new[] { "/", "/", "/contact.html", "/status.html", "/contact-thanks.html" })
        {
            using var answer = await edge.Client.GetAsync(path);
            var policy = Assert.Single(answer.Header("Content-Security-Policy"));
            var nonce = NonceInPolicy().Match(policy).Groups[1].Value;
            var page = await answer.Content.ReadAsStringAsync();
            var tags = Resources().Matches(page);

            Assert.True(nonce.Length >= 22, policy);
            Assert.True(nonces.Add(nonce), "A nonce came twice.");
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
            Assert.NotEmpty(tags);
            Assert.All(tags, tag => Assert.Contains($"nonce=\"{nonce}\"", tag.Value, StringComparison.Ordinal));
            Assert.DoesNotContain("{{", page, StringComparison.Ordinal);
            Assert.Contains("no-cache", answer.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            Assert.Null(answer.Headers.ETag);
        }
    }

    [Fact]
    public async Task Hsts_is_said_over_https_only()
    {
        await using var behindProxy = await EdgeUnderTest.StartAsync(
            [edge.Upstream.Url], new Dictionary<string, string> { ["KnownProxies__0"] = "127.0.0.1" });

        using var plain = await behindProxy.Client.GetAsync("/stats");
        using var secure = await behindProxy.Client.GetAsync("/stats", ("X-Forwarded-Proto", "https"));

        Assert.Empty(plain.Header("Strict-Transport-Security"));
        Assert.Equal(["max-age=31536000; includeSubDomains"], secure.Header("Strict-Transport-Security"));
    }

    [Fact]
    public async Task The_correlation_id_is_taken_when_it_is_one_and_goes_to_the_server()
    {
        using var answer = await edge.Client.GetAsync("/contacts/hostile", ("X-Correlation-ID", "order-66.a_b"));
        var echo = await edge.Client.EchoAsync("/contacts", ("X-Correlation-ID", "order-66.a_b"));

        Assert.Equal(["order-66.a_b"], answer.Header("X-Correlation-ID"));
        Assert.Equal("order-66.a_b", echo.Headers["X-Correlation-ID"]);
    }

    [Theory]
    [Trait("Defect", "D16")]
    [InlineData("X-Correlation-ID: a b")]
    [InlineData("X-Correlation-ID: a\r\n evil: yes")]
    [InlineData("X-Correlation-ID: a\nevil: yes")]
    [InlineData("X-Correlation-ID: <script>")]
    [InlineData("X-Correlation-ID: a\r\nX-Correlation-ID: b")]
    public async Task A_correlation_id_that_could_break_a_line_is_not_taken(string header)
    {
        var answer = await EdgeUnderTest.RawAsync(edge.Process, $"GET /contacts HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n{header}\r\n\r\n");

        // The server refuses what is no header at all; of the rest, nothing comes back.
        if (!answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal) && !header.Contains("\nevil", StringComparison.Ordinal))
        {
            Assert.Matches("(?m)^X-Correlation-ID: [0-9a-f]{32}\r$", answer);
        }

        Assert.DoesNotMatch("(?mi)^evil:", answer);
    }

    [Fact]
    public async Task What_the_server_says_of_itself_is_not_passed_on()
    {
        using var answer = await edge.Client.GetAsync("/contacts/hostile");

        Assert.Empty(answer.Header("Server"));
        Assert.Empty(answer.Header("X-Powered-By"));
        Assert.Empty(answer.Header("Access-Control-Allow-Origin"));
        Assert.Empty(answer.Header("Access-Control-Allow-Credentials"));
        Assert.Equal(["default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"], answer.Header("Content-Security-Policy"));
    }

    private static void AssertSecured(string answer)
    {
        var head = answer[..answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)];
        var headers = head.Split("\r\n").Skip(1)
            .Select(line => line.Split(": ", 2))
            .ToLookup(line => line[0], line => line[1], StringComparer.OrdinalIgnoreCase);
        Assert.Equal(["nosniff"], headers["X-Content-Type-Options"]);
        Assert.Equal(["DENY"], headers["X-Frame-Options"]);
        Assert.Equal(["strict-origin-when-cross-origin"], headers["Referrer-Policy"]);
        Assert.Contains("camera=()", Assert.Single(headers["Permissions-Policy"]), StringComparison.Ordinal);
        Assert.Equal(["same-origin"], headers["Cross-Origin-Opener-Policy"]);
        Assert.Equal(["same-origin"], headers["Cross-Origin-Resource-Policy"]);
        var policy = Assert.Single(headers["Content-Security-Policy"]);
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Single(headers["X-Correlation-ID"]);
        Assert.Empty(headers["Strict-Transport-Security"]);
        Assert.Empty(headers["Server"]);
        Assert.Empty(headers["X-Powered-By"]);
    }

    [GeneratedRegex("script-src 'nonce-([A-Za-z0-9_-]+)'; style-src 'nonce-\\1'")]
    private static partial Regex NonceInPolicy();

    [GeneratedRegex("<(script|link rel=\"stylesheet\"|style)[^>]*>")]
    private static partial Regex Resources();
}
