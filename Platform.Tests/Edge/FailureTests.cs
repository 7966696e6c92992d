using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>What a client sees when a server behind the edge does not do its part.</summary>
public sealed class FailureTests
{
    [Fact]
    public async Task A_server_that_is_away_is_503_at_once_and_back_when_it_is_back()
    {
        var port = FreePort.Next();
        await using var edge = await EdgeUnderTest.StartAsync([$"http://127.0.0.1:{port}"], wideLimits: true);
        var watch = System.Diagnostics.Stopwatch.StartNew();

        using var answer = await edge.Client.GetAsync("/stats");
        using var page = await edge.Client.SendAsync(HttpMethod.Post, "/contact", ("Accept", "text/html"));

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"It took {watch.Elapsed}, as if it had waited for an answer.");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(503, problem.GetProperty("status").GetInt32());
        Assert.DoesNotContain("127.0.0.1", problem.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.StatusCode);
        Assert.Contains("That did not work", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        await using var upstream = await Upstream.StartAsync(port);
        using var back = await edge.Client.GetAsync("/stats");
        Assert.Equal(HttpStatusCode.OK, back.StatusCode);
    }

    [Fact]
    public async Task No_server_at_all_is_503()
    {
        await using var edge = await EdgeUnderTest.StartAsync([]);

        using var answer = await edge.Client.GetAsync("/stats");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_replica_that_is_away_costs_no_request_not_even_one_with_a_body()
    {
        await using var living = await Upstream.StartAsync(name: "living");
        await using var edge = await EdgeUnderTest.StartAsync([$"http://127.0.0.1:{FreePort.Next()}", living.Url], wideLimits: true);

        for (var count = 0; count < 40; count++)
        {
            using var reading = await edge.Client.GetAsync("/stats");
            using var writing = await edge.Client.PostAsJsonAsync("/contact", new { name = "Ada" });
            Assert.Equal(HttpStatusCode.OK, reading.StatusCode);
            Assert.Equal(HttpStatusCode.OK, writing.StatusCode);
        }
    }

    [Fact]
    public async Task Replicas_share_the_requests_and_one_that_dies_is_replaced()
    {
        await using var first = await Upstream.StartAsync(name: "first");
        var second = await Upstream.StartAsync(name: "second");
        await using var edge = await EdgeUnderTest.StartAsync([first.Url, second.Url], wideLimits: true);

        var before = new HashSet<string>();
        for (var count = 0; count < 40; count++)
        {
            using var answer = await edge.Client.GetAsync("/stats");
            before.Add(answer.Header("X-Replica").Single());
        }

        await second.DisposeAsync();
        for (var count = 0; count < 40; count++)
        {
            using var answer = await edge.Client.GetAsync("/stats");
            Assert.Equal(["first"], answer.Header("X-Replica"));
        }

        Assert.Equal(["first", "second"], before.Order());
    }

    [Theory]
    [InlineData("GET", false)]
    [InlineData("POST", true)]
    [InlineData("POST", false)]
    // Done twice it is the same as once (RFC 9110 section 9.2.2), and yet the second answer would be that nothing is there.
    [InlineData("DELETE", false)]
    public async Task A_request_that_was_begun_is_repeated_only_when_it_changes_nothing(string method, bool hasBody)
    {
        var received = 0;
        Func<string, RawServer.Answer> answer = line =>
        {
            if (!line.Contains("/contacts/bad", StringComparison.Ordinal))
            {
                return Good;
            }

            Interlocked.Increment(ref received);
            return new("");
        };
        await using var first = new RawServer(answer);
        await using var second = new RawServer(answer);
        await using var edge = await EdgeUnderTest.StartAsync([first.Url, second.Url], wideLimits: true);
        // On connections that were used before: when such a one ends without an answer, SocketsHttpHandler repeats some requests by itself.
        for (var count = 0; count < 20; count++)
        {
            Assert.Equal("good", await edge.Client.GetStringAsync("/contacts/good"));
        }

        using var request = new HttpRequestMessage(new(method), "/contacts/bad") { Content = hasBody ? JsonContent.Create(new { }) : null };
        using var failed = await edge.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadGateway, failed.StatusCode);
        Assert.Equal("application/problem+json", failed.Content.Headers.ContentType?.MediaType);
        if (method == "GET")
        {
            Assert.InRange(received, 3, 12);
        }
        else
        {
            Assert.Equal(1, received);
        }
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_504()
    {
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await EdgeUnderTest.StartAsync(
            [upstream.Url], new Dictionary<string, string> { ["Proxy__ActivityTimeout"] = "00:00:01" });

        using var answer = await edge.Client.GetAsync("/contacts/hang");

        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("NONSENSE\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno header at all\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX-Flood: {flood}\r\n\r\n")]
    [InlineData("HTTP/1.1 200")]
    [InlineData("")]
    public async Task A_server_that_answers_garbage_is_502(string bytes)
    {
        bytes = bytes.Replace("{flood}", new string('x', 200_000), StringComparison.Ordinal);
        await using var server = new RawServer(line => line.Contains("/contacts/bad", StringComparison.Ordinal) ? new(bytes) : Good);
        await using var edge = await EdgeUnderTest.StartAsync([server.Url], wideLimits: true);

        using var answer = await edge.Client.GetAsync("/contacts/bad");
        var next = await edge.Client.GetStringAsync("/contacts/good");

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain("xxx", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("good", next);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n4\r\nha", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhalf\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", true)]
    public async Task A_body_that_ends_too_early_or_never_is_not_passed_off_as_whole(string bytes, bool hangs)
    {
        await using var server = new RawServer(line =>
            line.Contains("/contacts/bad", StringComparison.Ordinal) ? new(bytes, Hangs: hangs) : Good);
        await using var edge = await EdgeUnderTest.StartAsync(
            [server.Url], hangs ? new Dictionary<string, string> { ["Proxy__ActivityTimeout"] = "00:00:01" } : [], wideLimits: true);

        var answer = await EdgeUnderTest.RawAsync(edge, "GET /contacts/bad HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");
        var next = await edge.Client.GetStringAsync("/contacts/good");

        // Where the answer has begun, the connection has ended in the middle of it: no last chunk, and fewer bytes than were announced.
        Assert.True(
            answer.StartsWith("HTTP/1.1 502 ", StringComparison.Ordinal) || answer.StartsWith("HTTP/1.1 504 ", StringComparison.Ordinal)
                || !answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal),
            answer);
        Assert.DoesNotContain("good", answer, StringComparison.Ordinal);
        Assert.Equal("good", next);
    }

    [Fact]
    public async Task What_a_server_says_beyond_its_answer_reaches_nobody()
    {
        await using var server = new RawServer(line => line.Contains("/contacts/bad", StringComparison.Ordinal)
            ? new("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbadHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nleaked", KeepsOpen: true)
            : Good);
        await using var edge = await EdgeUnderTest.StartAsync([server.Url], wideLimits: true);

        for (var count = 0; count < 10; count++)
        {
            Assert.Equal("bad", await edge.Client.GetStringAsync("/contacts/bad"));
            Assert.Equal("good", await edge.Client.GetStringAsync("/contacts/good"));
        }
    }

    private static RawServer.Answer Good => new("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", KeepsOpen: true);
}
