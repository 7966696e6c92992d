using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>Requests that no client would send, byte by byte.</summary>
public sealed partial class HostileTests(EdgeUnderTest edge) : IClassFixture<EdgeUnderTest>
{
    private const string Smuggled = "GET /admin/keys HTTP/1.1\r\nHost: edge\r\n\r\n";

    [Theory]
    [InlineData("two lengths", "Content-Length: 5\r\nContent-Length: 6")]
    [InlineData("a list of lengths", "Content-Length: 5, 6")]
    [InlineData("a negative length", "Content-Length: -5")]
    [InlineData("a length in hexadecimal", "Content-Length: 0x5")]
    [InlineData("a length beyond all numbers", "Content-Length: 99999999999999999999")]
    [InlineData("an unknown coding", "Transfer-Encoding: xchunked")]
    [InlineData("chunked, but not last", "Transfer-Encoding: chunked, identity")]
    [InlineData("chunked in quotes", "Transfer-Encoding: \"chunked\"")]
    [InlineData("a vertical tab before chunked", "Transfer-Encoding: \x0bchunked")]
    [InlineData("a space before the colon", "Transfer-Encoding : chunked")]
    [InlineData("a folded header", "Transfer-Encoding:\r\n chunked")]
    [InlineData("a header that begins with a space", " Transfer-Encoding: chunked")]
    [InlineData("a line feed alone", "X-Name: a\nTransfer-Encoding: chunked")]
    [InlineData("a carriage return alone", "X-Name: a\rTransfer-Encoding: chunked")]
    [InlineData("a NUL in a header", "X-Name: a\0b")]
    [InlineData("a NUL in a name", "X-Na\0me: a")]
    [InlineData("a name that is none", "X Name: a")]
    [InlineData("no name", ": a")]
    [InlineData("no colon", "X-Name")]
    [InlineData("a second host", "Host: evil.example")]
    public async Task A_head_that_can_be_read_in_two_ways_is_refused(string what, string headers)
    {
        var answer = await EdgeUnderTest.RawAsync(
            edge.Process, $"POST /contacts HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n{headers}\r\n\r\n0\r\n\r\n{Smuggled}");

        Assert.True(Statuses(answer) is [>= 400 and < 600], $"{what}: {answer}");
        AssertNothingSmuggled();
    }

    [Theory]
    [InlineData("length and chunks", "Content-Length: 4", "0\r\n\r\n")]
    [InlineData("chunks and length", "Content-Length: 400", "0\r\n\r\n")]
    [InlineData("a size that is none", "X-Name: a", "Z\r\n\r\n0\r\n\r\n")]
    [InlineData("a size beyond all numbers", "X-Name: a", "FFFFFFFFFFFFFFFFF\r\na\r\n0\r\n\r\n")]
    [InlineData("a negative size", "X-Name: a", "-1\r\na\r\n0\r\n\r\n")]
    [InlineData("a line feed in an extension", "X-Name: a", "1;a\nx\r\na\r\n0\r\n\r\n")]
    [InlineData("a carriage return in an extension", "X-Name: a", "1;a\rx\r\na\r\n0\r\n\r\n")]
    [InlineData("a chunk that is longer than it says", "X-Name: a", "1\r\nabc\r\n0\r\n\r\n")]
    public async Task A_body_of_chunks_cannot_hide_a_request(string what, string header, string body)
    {
        var answer = await EdgeUnderTest.RawAsync(
            edge.Process,
            $"POST /contacts HTTP/1.1\r\nHost: edge\r\nTransfer-Encoding: chunked\r\n{header}\r\n\r\n{body}GET /admin/keys HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");

        // What follows a whole body is a request of the same client, to the edge, and gets an answer of its own.
        Assert.True(Statuses(answer) is [>= 400] or [200] or [200, >= 400], $"{what}: {answer}");
        AssertNothingSmuggled();
    }

    [Theory]
    [InlineData("GET /stats HTTP/1.1\r\n\r\n")]
    [InlineData("GET /stats HTTP/1.1\r\nHost: a b\r\n\r\n")]
    [InlineData("GET /stats HTTP/1.1\r\nHost: edge/x\r\n\r\n")]
    [InlineData("GET /stats HTTP/1.1\r\nHost: user@edge\r\n\r\n")]
    [InlineData("GET http://evil.example/stats HTTP/1.1\r\nHost: edge\r\n\r\n")]
    [InlineData("GET evil.example:443 HTTP/1.1\r\nHost: edge\r\n\r\n")]
    [InlineData("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n")]
    [InlineData("GET stats HTTP/1.1\r\nHost: edge\r\n\r\n")]
    [InlineData("GET * HTTP/1.1\r\nHost: edge\r\n\r\n")]
    [InlineData("GET /sta ts HTTP/1.1\r\nHost: edge\r\n\r\n")]
    [InlineData("GET /stats%00 HTTP/1.1\r\nHost: edge\r\n\r\n")]
    [InlineData("GET /stats\0 HTTP/1.1\r\nHost: edge\r\n\r\n")]
    [InlineData("GET /stats HTTP/9.9\r\nHost: edge\r\n\r\n")]
    [InlineData("GET /stats\r\nHost: edge\r\n\r\n")]
    [InlineData("G\u00cbT /stats HTTP/1.1\r\nHost: edge\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003")]
    public async Task A_target_or_host_that_is_none_is_refused(string request)
    {
        var before = edge.Upstream.Requests.Count;

        var answer = await EdgeUnderTest.RawAsync(
            edge.Process, request.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal));

        Assert.True(Statuses(answer) is [>= 400 and < 600] or [], answer);
        Assert.Equal(before, edge.Upstream.Requests.Count);
    }

    [Theory]
    [InlineData("/admin/keys")]
    [InlineData("/ADMIN/keys")]
    [InlineData("//admin/keys")]
    [InlineData("/./admin/keys")]
    [InlineData("/%61dmin/keys")]
    [InlineData("/admin;x=y/keys")]
    [InlineData("/admin./keys")]
    [InlineData("/admin%20/keys")]
    [InlineData("/admin/..;/admin/keys")]
    [InlineData("/api/admin/keys")]
    [InlineData("/api//admin/keys")]
    [InlineData("/api/contacts/../admin/keys")]
    [InlineData("/api/contacts/..;/..;/admin/keys")]
    [InlineData("/contacts/../admin/keys")]
    [InlineData("/contacts/%2e%2e/admin/keys")]
    [InlineData("/contacts/%252e%252e/admin/keys")]
    [InlineData("/contacts/..%2fadmin/keys")]
    [InlineData("/contacts/..%252fadmin/keys")]
    [InlineData("/contacts/..%5cadmin/keys")]
    [InlineData("/contacts/..\\admin\\keys")]
    [InlineData("/contacts/..;/admin/keys")]
    [InlineData("/contacts/..;x=y/admin/keys")]
    [InlineData("/contacts/%c0%ae%c0%ae/admin/keys")]
    [InlineData("/contacts/%e0%80%ae%e0%80%ae/admin/keys")]
    [InlineData("/contacts/%uff0e%uff0e/admin/keys")]
    [InlineData("/contacts%2f..%2fadmin%2fkeys")]
    [InlineData("/docs/..;/admin/keys")]
    [InlineData("/d/..%2fadmin%2fkeys")]
    public async Task No_way_of_writing_a_path_reaches_what_the_path_is_closed_for(string path)
    {
        var before = edge.Upstream.Requests.Count;

        var answer = await EdgeUnderTest.RawAsync(edge.Process, $"GET {path} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");

        Assert.True(Statuses(answer) is [400 or 401 or 404], answer);
        Assert.Equal(before, edge.Upstream.Requests.Count);
    }

    [Theory]
    [InlineData("/contacts/a%2fb")]
    [InlineData("/contacts/a%5Cb")]
    [InlineData("/contacts/a\\b")]
    [InlineData("/contacts/a%25b")]
    [InlineData("/contacts/a;b=c")]
    [InlineData("/contacts/a%0d%0ab")]
    [InlineData("/contacts/a%7fb")]
    public async Task A_path_that_a_server_could_read_in_another_way_is_400(string path)
    {
        var answer = await EdgeUnderTest.RawAsync(edge.Process, $"GET {path} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");

        Assert.Equal([400], Statuses(answer));
    }

    [Fact]
    public async Task The_public_part_of_an_application_is_no_way_into_the_rest()
    {
        await using var server = await ApplicationServer.StartAsync();
        await using var process = await EdgeUnderTest.StartAsync([], ApplicationsUnderTest.At(server.Url), wideLimits: true);

        foreach (var path in new[] { "..;/admin/", "..;x/admin/", "..%2fadmin/", "..%5cadmin/", "..\\admin/", "%2e%2e%2fadmin/", ".;/..;/admin/" })
        {
            var answer = await EdgeUnderTest.RawAsync(
                process, $"GET /keycloak/realms/{path} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");
            Assert.True(Statuses(answer) is [400], $"{path}: {answer}");
        }

        // Encoded twice it is a name, and stays one.
        var echo = await process.Client.EchoAsync("/keycloak/realms/%252e%252e/admin");
        Assert.Equal("/keycloak/realms/%252e%252e/admin", echo.Target);
    }

    [Theory]
    [InlineData("GET /{long} HTTP/1.1\r\nHost: edge\r\n\r\n", 414)]
    [InlineData("GET /stats HTTP/1.1\r\nHost: edge\r\nX-Name: {long}\r\n\r\n", 431)]
    [InlineData("GET /stats HTTP/1.1\r\nHost: edge\r\n{many}\r\n", 431)]
    public async Task A_head_that_is_too_large_is_refused(string request, int status)
    {
        request = request.Replace("{long}", new string('x', 40_000), StringComparison.Ordinal)
            .Replace("{many}", string.Concat(Enumerable.Range(0, 150).Select(number => $"X-{number}: a\r\n")), StringComparison.Ordinal);

        var answer = await EdgeUnderTest.RawAsync(edge.Process, request);

        Assert.Equal([status], Statuses(answer));
    }

    [Fact]
    public async Task Who_is_slow_is_ended_and_who_waits_takes_nobodys_place()
    {
        await using var strict = await EdgeUnderTest.StartAsync([edge.Upstream.Url], new Dictionary<string, string>
        {
            ["Limits__HeadersTimeout"] = "00:00:01", ["Limits__BodyGracePeriod"] = "00:00:01.1", ["Limits__Connections"] = "40",
        }, wideLimits: true);

        var head = EdgeUnderTest.RawAsync(strict, "GET /stats HTTP/1.1\r\nHost: edge\r\nX-Slow: ");
        var body = EdgeUnderTest.RawAsync(strict, "POST /contact HTTP/1.1\r\nHost: edge\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{");
        var answers = await Task.WhenAll(head, body);
        Assert.All(answers, answer => Assert.Equal([408], Statuses(answer)));

        // More half requests than there may be connections.
        var half = new List<TcpClient>();
        for (var count = 0; count < 60; count++)
        {
            var client = new TcpClient();
            half.Add(client);
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, strict.Port);
                await client.GetStream().WriteAsync("GET /stats HT"u8.ToArray());
            }
            catch (Exception ended) when (ended is SocketException or IOException)
            {
                // One too many.
            }
        }

        await Eventually.IsTrueAsync(async () =>
        {
            try
            {
                using var answer = await strict.Client.GetAsync("/stats");
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(20));
        half.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Twenty_thousand_requests_of_one_client_are_none_of_the_others()
    {
        await using var limited = await EdgeUnderTest.StartAsync([edge.Upstream.Url]);
        using var other = EdgeUnderTest.ClientAt(limited, "127.0.0.3");
        var flood = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => FloodAsync(limited, "127.0.0.2", 5_000)));

        var served = 0;
        while (!flood.IsCompleted || served == 0)
        {
            using var answer = await other.GetAsync("/stats");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            served++;
            await Task.Delay(20);
        }

        var refused = (await flood).Sum();
        Assert.InRange(refused, 10_000, 20_000);
    }

    /// <summary>Sends requests without waiting for answers, under addresses that it makes up, and counts the refusals.</summary>
    private static async Task<int> FloodAsync(ServiceProcess process, string address, int count)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        await socket.ConnectAsync(IPAddress.Loopback, process.Port);
        await using var stream = new NetworkStream(socket);
        var requests = new StringBuilder();
        for (var number = 1; number <= count; number++)
        {
            requests.Append(CultureInfo.InvariantCulture, $"GET /stats HTTP/1.1\r\nHost: edge\r\nX-Forwarded-For: 203.0.113.{number % 250}\r\n")
                .Append(number == count ? "Connection: close\r\n\r\n" : "\r\n");
        }

        var sending = stream.WriteAsync(Encoding.Latin1.GetBytes(requests.ToString())).AsTask();
        using var reader = new StreamReader(stream, Encoding.Latin1);
        var refused = 0;
        while (await reader.ReadLineAsync() is { } line)
        {
            refused += line.EndsWith("HTTP/1.1 429 Too Many Requests", StringComparison.Ordinal) ? 1 : 0;
        }

        await sending;
        return refused;
    }

    private void AssertNothingSmuggled() => Assert.DoesNotContain("GET /admin/keys", edge.Upstream.Requests);

    /// <summary>The status of each answer, in order.</summary>
    private static int[] Statuses(string answers) =>
        [.. StatusLine().Matches(answers).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"HTTP/1\.1 (\d{3}) ")]
    private static partial Regex StatusLine();
}
