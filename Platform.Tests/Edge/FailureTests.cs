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

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"It took {watch.Elapsed}.");
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

    [Fact]
    public async Task A_request_that_was_begun_is_repeated_only_when_it_is_idempotent()
    {
        await using var first = await Upstream.StartAsync(name: "first");
        await using var second = await Upstream.StartAsync(name: "second");
        await using var edge = await EdgeUnderTest.StartAsync([first.Url, second.Url], wideLimits: true);

        using var reading = await edge.Client.GetAsync("/contacts/abort");
        var afterReading = first.Requests.Concat(second.Requests).Count(request => request == "GET /contacts/abort");
        using var writing = await edge.Client.PostAsJsonAsync("/contacts/abort", new { });
        var afterWriting = first.Requests.Concat(second.Requests).Count(request => request == "POST /contacts/abort");

        Assert.Equal(HttpStatusCode.BadGateway, reading.StatusCode);
        Assert.Equal("application/problem+json", reading.Content.Headers.ContentType?.MediaType);
        Assert.Equal(3, afterReading);
        Assert.Equal(HttpStatusCode.BadGateway, writing.StatusCode);
        Assert.Equal(1, afterWriting);
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
}
