using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>What one client may take, with the limits as they are by default.</summary>
public sealed class LimitsTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private Upstream? _upstream;
    private ServiceProcess? _edge;

    private Upstream Behind => _upstream!;

    private ServiceProcess Edge => _edge!;

    public async Task InitializeAsync()
    {
        _upstream = await Upstream.StartAsync();
        _edge = await EdgeUnderTest.StartAsync([_upstream.Url]);
    }

    public async Task DisposeAsync()
    {
        await _edge!.DisposeAsync();
        await _upstream!.DisposeAsync();
    }

    [Fact]
    public async Task A_client_may_write_twenty_times_at_once_and_then_ten_times_a_second()
    {
        using var client = EdgeUnderTest.ClientAt(Edge, "127.0.0.21");
        using var other = EdgeUnderTest.ClientAt(Edge, "127.0.0.22");

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => client.PostAsJsonAsync("/contact", new { name = "Ada" })));
        var refused = answers.Where(answer => answer.StatusCode == HttpStatusCode.TooManyRequests).ToList();
        using var reading = await client.GetAsync("/stats");
        using var others = await other.PostAsJsonAsync("/contact", new { name = "Bob" });

        // The bucket is refilled while the requests are under way, by ten a second.
        Assert.InRange(answers.Length - refused.Count, 20, 40);
        Assert.All(refused, answer => Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 2));
        var problem = await refused[0].Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("application/problem+json", refused[0].Content.Headers.ContentType?.MediaType);
        Assert.Equal(429, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("traceId").GetString()!);
        Assert.Equal(HttpStatusCode.OK, reading.StatusCode);
        Assert.Equal(HttpStatusCode.OK, others.StatusCode);

        // After what Retry-After says, there is room again.
        await Task.Delay(refused[0].Headers.RetryAfter!.Delta!.Value);
        using var later = await client.PostAsJsonAsync("/contact", new { name = "Ada" });
        Assert.Equal(HttpStatusCode.OK, later.StatusCode);

        var metrics = await Edge.Management.GetStringAsync("/metrics");
        var counted = Regex.Match(metrics, @"(?m)^edge_rate_limited_total\{[^}]*policy=""writes""[^}]*\} (\d+)");
        Assert.True(counted.Success, metrics);
        Assert.Equal(refused.Count.ToString(), counted.Groups[1].Value);
    }

    [Fact]
    public async Task Writing_by_a_spoofed_address_is_writing_by_the_same_client()
    {
        using var client = EdgeUnderTest.ClientAt(Edge, "127.0.0.23");

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(number =>
            client.SendAsync(HttpMethod.Delete, "/contacts/1", ("X-Forwarded-For", $"203.0.113.{number}"))));

        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task Two_hundred_first_requests_with_one_good_key_all_pass_and_cost_one_verification()
    {
        using var client = EdgeUnderTest.ClientAt(Edge, "127.0.0.24");
        client.DefaultRequestHeaders.Add("X-API-Key", Upstream.GoodKey);

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.PostAsJsonAsync("/contact", new { name = "Ada" })));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal(1, Behind.Verifications);
    }

    [Theory]
    [InlineData("/stats")]
    [InlineData("/health")]
    [InlineData("/api")]
    [InlineData("/api/stats")]
    [InlineData("/contacts")]
    public async Task A_wrong_key_is_refused_on_every_path_of_the_api(string path)
    {
        using var answer = await Edge.Client.GetAsync(path, ("X-API-Key", "wrong"));
        using var again = await Edge.Client.GetAsync(path, ("X-API-Key", "wrong"));
        using var site = await Edge.Client.GetAsync("/", ("X-API-Key", "wrong"));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.NotEmpty(answer.Headers.WwwAuthenticate);
        Assert.Equal(HttpStatusCode.Unauthorized, again.StatusCode);
        Assert.Equal(1, Behind.Verifications);
        Assert.Empty(Behind.Requests);
        Assert.Equal(HttpStatusCode.OK, site.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("kéy")]
    [InlineData("long")]
    public async Task What_cannot_be_a_key_is_refused_without_asking(string key)
    {
        key = key == "long" ? new string('x', 5000) : key;

        var answer = await EdgeUnderTest.RawAsync(Edge, $"GET /stats HTTP/1.1\r\nHost: edge\r\nConnection: close\r\nX-API-Key: {Utf8(key)}\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 401 ", answer, StringComparison.Ordinal);
        Assert.Equal(0, Behind.Verifications);
    }

    [Fact]
    public async Task Random_keys_are_no_way_around_the_limit()
    {
        using var client = EdgeUnderTest.ClientAt(Edge, "127.0.0.25");

        var answers = await Task.WhenAll(Enumerable.Range(0, 80).Select(_ =>
            client.SendAsync(HttpMethod.Post, "/contact", ("X-API-Key", Guid.NewGuid().ToString("N")))));

        Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests));
        Assert.InRange(Behind.Verifications, 20, 50);
        Assert.InRange(answers.Count(answer => answer.StatusCode == HttpStatusCode.TooManyRequests), 30, 60);
    }

    [Fact]
    public async Task One_wrong_key_repeated_is_no_way_around_the_limit_either()
    {
        using var client = EdgeUnderTest.ClientAt(Edge, "127.0.0.26");

        var answers = await Task.WhenAll(Enumerable.Range(0, 80).Select(_ => client.SendAsync(HttpMethod.Post, "/contact", ("X-API-Key", "wrong"))));

        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.Equal(1, Behind.Verifications);
    }

    [Fact]
    public async Task A_good_key_is_asked_about_again_when_its_time_has_passed()
    {
        await using var forgetful = await EdgeUnderTest.StartAsync(
            [Behind.Url], new Dictionary<string, string> { ["Limits__GoodKeyLifetime"] = "00:00:00.300" });
        var deadline = DateTime.UtcNow.AddSeconds(20);

        while (Behind.Verifications < 3)
        {
            Assert.True(DateTime.UtcNow < deadline, "The key was not verified again.");
            using var answer = await forgetful.Client.GetAsync("/stats", ("X-API-Key", Upstream.GoodKey));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await Task.Delay(50);
        }
    }

    [Fact]
    public async Task A_path_can_have_a_limit_of_its_own()
    {
        await using var strict = await EdgeUnderTest.StartAsync([Behind.Url], new Dictionary<string, string>
        {
            ["Limits__Paths__0__Path"] = "/stats", ["Limits__Paths__0__PerSecond"] = "0.1", ["Limits__Paths__0__Burst"] = "2",
        });

        var codes = new List<HttpStatusCode>();
        foreach (var path in new[] { "/stats", "/stats", "/stats", "/health" })
        {
            using var answer = await strict.Client.GetAsync(path);
            codes.Add(answer.StatusCode);
        }

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.OK], codes);
    }

    [Fact]
    public async Task A_client_may_have_a_hundred_requests_under_way()
    {
        using var client = EdgeUnderTest.ClientAt(Edge, "127.0.0.27");
        using var other = EdgeUnderTest.ClientAt(Edge, "127.0.0.28");
        using var enough = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, 100).Select(_ => client.GetAsync("/contacts/hang", enough.Token)).ToList();
        await Eventually.IsTrueAsync(() => Task.FromResult(Behind.Requests.Count == 100), Patience);

        using var refused = await client.GetAsync("/stats");
        using var page = await client.GetAsync("/");
        using var keyed = await client.GetAsync("/stats", ("X-API-Key", Upstream.GoodKey));
        using var others = await other.GetAsync("/stats");

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.TooManyRequests, page.StatusCode);
        Assert.Equal(HttpStatusCode.OK, keyed.StatusCode);
        Assert.Equal(HttpStatusCode.OK, others.StatusCode);
        Assert.Matches(@"(?m)^edge_rate_limited_total\{[^}]*policy=""concurrent""[^}]*\} 2 ?", await Edge.Management.GetStringAsync("/metrics"));

        await enough.CancelAsync();
        await Task.WhenAll(waiting.Select(request => Assert.ThrowsAnyAsync<OperationCanceledException>(() => request)));
        await Eventually.IsTrueAsync(async () => (await client.GetAsync("/stats")).StatusCode == HttpStatusCode.OK, Patience);
    }

    [Fact]
    public async Task A_key_may_have_so_many_requests_under_way()
    {
        await using var strict = await EdgeUnderTest.StartAsync([Behind.Url], new Dictionary<string, string> { ["Limits__ConcurrentPerKey"] = "2" });
        (string, string) key = ("X-API-Key", Upstream.GoodKey);
        using var client = EdgeUnderTest.ClientAt(strict, "127.0.0.29");
        using var other = EdgeUnderTest.ClientAt(strict, "127.0.0.30");
        var waiting = Enumerable.Range(0, 2).Select(_ => client.GetAsync("/contacts/hang", key)).ToList();
        await Eventually.IsTrueAsync(() => Task.FromResult(Behind.Requests.Count(request => request == "GET /contacts/hang") == 2), Patience);

        using var refused = await other.GetAsync("/stats", key);
        using var without = await client.GetAsync("/stats");

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, without.StatusCode);
        Assert.All(waiting, request => Assert.False(request.IsCompleted));
    }

    [Theory]
    [InlineData("127.0.0.32", 3)]
    [InlineData("127.0.0.33", 8)]
    public async Task A_client_may_have_so_many_connections_but_a_known_proxy_any_number(string address, int open)
    {
        await using var strict = await EdgeUnderTest.StartAsync(
            [Behind.Url], new Dictionary<string, string> { ["Limits__ConnectionsPerClient"] = "3", ["KnownProxies__0"] = "127.0.0.33" });
        var connections = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ConnectAsync(strict, address)));
        using var others = await strict.Client.GetAsync("/stats");
        Assert.Equal(HttpStatusCode.OK, others.StatusCode);

        var answers = await Task.WhenAll(connections.Select(AnswerAsync));

        Assert.Equal(open, answers.Count(answer => answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)));
        Assert.Equal(8 - open, answers.Count(answer => answer.Length == 0));
        Assert.Matches($@"(?m)^edge_connections_refused_total\{{[^}}]*reason=""client""[^}}]*\}} {8 - open} ?", await strict.Management.GetStringAsync("/metrics"));

        using var watching = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, _) => new NetworkStream(await ConnectAsync(strict, address, strict.ManagementPort), ownsSocket: true),
        });
        using var alive = await watching.GetAsync(new Uri(strict.Management.BaseAddress!, "/health/live"));
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);

        // Those that are closed count no longer.
        Array.ForEach(connections, connection => connection.Dispose());
        await Eventually.IsTrueAsync(
            async () =>
            {
                using var later = await ConnectAsync(strict, address);
                return (await AnswerAsync(later)).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal);
            },
            Patience);
    }

    [Fact]
    public async Task When_all_connections_are_taken_those_of_the_client_with_the_most_make_room()
    {
        await using var strict = await EdgeUnderTest.StartAsync(
            [Behind.Url], new Dictionary<string, string> { ["Limits__Connections"] = "6", ["KnownProxies__0"] = "127.0.0.38" });
        var proxy = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => ConnectAsync(strict, "127.0.0.38")));
        var many = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ConnectAsync(strict, "127.0.0.34")));
        Assert.All(await Task.WhenAll(many.Concat(proxy).Select(AnswerAsync)), AssertServed);

        // Two others have a place each; a third one would have no more than they.
        List<Socket> others = [];
        foreach (var address in (string[])["127.0.0.35", "127.0.0.36"])
        {
            others.Add(await ConnectAsync(strict, address));
            AssertServed(await AnswerAsync(others[^1]));
        }

        await Eventually.IsTrueAsync(() => Task.FromResult(many.Count(IsEnded) == 2), Patience);
        using var more = await ConnectAsync(strict, "127.0.0.34");
        Assert.Equal("", await AnswerAsync(more));
        using var second = await ConnectAsync(strict, "127.0.0.35");
        Assert.Equal("", await AnswerAsync(second));

        // Who has one keeps it, and a proxy all of its own.
        Assert.Equal(2, many.Count(IsEnded));
        Assert.DoesNotContain(others.Concat(proxy), IsEnded);
        var metrics = await strict.Management.GetStringAsync("/metrics");
        Assert.Matches(@"(?m)^edge_connections_refused_total\{[^}]*reason=""displaced""[^}]*\} 2 ?", metrics);
        Assert.Matches(@"(?m)^edge_connections_refused_total\{[^}]*reason=""full""[^}]*\} 2 ?", metrics);

        static void AssertServed(string answer) => Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/contact", 64 * 1024, HttpStatusCode.OK)]
    [InlineData("/contact", (64 * 1024) + 1, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("/api/contact", (64 * 1024) + 1, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("/visits", (64 * 1024) + 1, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("/contacts/1", 1024 * 1024, HttpStatusCode.OK)]
    [Trait("Defect", "R07")]
    public async Task A_body_has_a_limit_by_what_it_says(string path, int size, HttpStatusCode status)
    {
        using var answer = await Edge.Client.PostAsync(path, Body(size));

        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    [Trait("Defect", "R07")]
    public async Task A_body_that_does_not_say_its_size_is_ended_at_the_limit()
    {
        var chunk = $"2000\r\n{new string(' ', 0x2000)}\r\n";
        var request = "POST /contact HTTP/1.1\r\nHost: edge\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            + string.Concat(Enumerable.Repeat(chunk, 9));

        var answer = await EdgeUnderTest.RawAsync(Edge, request);

        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
        Assert.Contains("application/problem+json", answer, StringComparison.Ordinal);
    }

    private static async Task<Socket> ConnectAsync(ServiceProcess edge, string address, int? port = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port ?? edge.Port);
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It was ended before this side had seen it begin: it gives no answer.
        }

        return socket;
    }

    /// <summary>The beginning of the answer to a request; nothing where the connection has been ended.</summary>
    private static async Task<string> AnswerAsync(Socket connection)
    {
        try
        {
            await connection.SendAsync("GET /stats HTTP/1.1\r\nHost: edge\r\n\r\n"u8.ToArray());
            var buffer = new byte[256];
            return Encoding.ASCII.GetString(buffer, 0, await connection.ReceiveAsync(buffer));
        }
        catch (SocketException)
        {
            return "";
        }
    }

    /// <summary>Whether the other side has ended the connection, after all that it sent is read.</summary>
    private static bool IsEnded(Socket connection)
    {
        try
        {
            while (connection.Poll(0, SelectMode.SelectRead))
            {
                if (connection.Receive(new byte[4096]) == 0)
                {
                    return true;
                }
            }

            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static ByteArrayContent Body(int size)
    {
        var bytes = new byte[size];
        Array.Fill(bytes, (byte)' ');
        "{}"u8.CopyTo(bytes);
        return new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json") } };
    }

    private static string Utf8(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
}
