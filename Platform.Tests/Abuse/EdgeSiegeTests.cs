using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Platform.Tests.Edge;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Abuse;

/// <summary>
/// Clients that hold what they can get: the others are served meanwhile, the edge's memory is bounded, and who does not do its part is ended.
/// </summary>
public sealed class EdgeSiegeTests
{
    /// <summary>MiB of the edge's memory at its peak, whatever is done to it here.</summary>
    private const int MaxMemory = 400;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, string> Impatient = new()
    {
        ["Proxy__ActivityTimeout"] = "00:00:02", ["Limits__HeadersTimeout"] = "00:00:02", ["Limits__KeepAliveTimeout"] = "00:00:02",
        ["Limits__BodyGracePeriod"] = "00:00:01.1",
    };

    [Fact]
    public async Task Who_sends_a_byte_at_a_time_is_ended()
    {
        string[] beginnings =
        [
            "GET /",
            "GET /stats HTTP/1.1\r\nHost: edge\r\nX-Slow: ",
            "POST /contact HTTP/1.1\r\nHost: edge\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n\r\n{",
            "POST /documents/upload HTTP/1.1\r\nHost: edge\r\nContent-Length: 50000000\r\n\r\n{",
            "POST /contact HTTP/1.1\r\nHost: edge\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n{",
        ];
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await EdgeUnderTest.StartAsync([upstream.Url], Impatient, wideLimits: true);

        var siege = Task.WhenAll(Enumerable.Range(0, 200).Select(count => DripAsync(edge, beginnings[count % beginnings.Length])));
        await AssertServedAsync(edge, siege);

        Assert.All(await siege, answer => Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal), answer));
        AssertMemory(edge);
    }

    [Fact]
    public async Task Who_asks_for_much_and_reads_nothing_is_ended()
    {
        const int Clients = 60;
        await using var upstream = await StreamAsync();
        await using var edge = await EdgeUnderTest.StartAsync([upstream.Urls.Single()], Impatient, wideLimits: true);
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => ConnectAsync(edge)));
        foreach (var client in clients)
        {
            await client.SendAsync("GET /contacts/large HTTP/1.1\r\nHost: edge\r\n\r\n"u8.ToArray());
        }

        await Eventually.IsTrueAsync(async () => await ConnectionsAsync(edge) >= Clients, Patience);

        await AssertServedAsync(edge, Eventually.IsTrueAsync(async () => await ConnectionsAsync(edge) <= 1, Patience));

        AssertMemory(edge);
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task Who_asks_again_and_again_and_reads_nothing_is_ended()
    {
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await EdgeUnderTest.StartAsync([upstream.Url], Impatient, wideLimits: true);
        var requests = string.Concat(Enumerable.Repeat("GET /contacts/large HTTP/1.1\r\nHost: edge\r\n\r\n", 200));

        await AssertServedAsync(edge, Task.WhenAll(Enumerable.Range(0, 10).Select(_ => FloodAsync(edge, requests, reads: false))));

        AssertMemory(edge);
    }

    [Fact]
    public async Task What_never_ends_is_ended()
    {
        const string Chunked = "POST /contact HTTP/1.1\r\nHost: edge\r\nTransfer-Encoding: chunked\r\n\r\n";
        (string Beginning, string Piece)[] kinds =
        [
            ("GET /", "aaaaaaaaaaaaaaaa"),
            ("GET /?", "a=b&a=b&a=b&a=b&"),
            ("GET / HTTP/1.1\r\nHost: edge\r\nX-Long: ", "aaaaaaaaaaaaaaaa"),
            ("GET / HTTP/1.1\r\nHost: edge\r\n", "X-A: b\r\nX-B: c\r\n"),
            ("", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\u0004\0\0\0\0\0\0\0\0\u0004\0\0\0\0\0"),
            ("\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003", "\u0016\u0003\u0003\0\u0010aaaaaaaaaaaaaaaa"),
            (Chunked, "1\r\na\r\n1\r\na\r\n"),
            (Chunked + "1;", "a=b;a=b;a=b;a=b;"),
            (Chunked + "1\r\na\r\n0\r\n", "X-A: b\r\nX-B: c\r\n"),
        ];
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await EdgeUnderTest.StartAsync([upstream.Url], Impatient, wideLimits: true);

        foreach (var (beginning, piece) in kinds)
        {
            var pieces = string.Concat(Enumerable.Repeat(piece, 512));
            await AssertServedAsync(
                edge, Task.WhenAll(Enumerable.Range(0, 8).Select(_ => FloodAsync(edge, pieces, reads: true, beginning))), beginning + piece);
        }

        AssertMemory(edge);
    }

    [Fact]
    public async Task More_connections_than_there_may_be_are_no_ones_end()
    {
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await EdgeUnderTest.StartAsync(
            [upstream.Url], new Dictionary<string, string>(Impatient) { ["Limits__Connections"] = "500" }, wideLimits: true);
        using var early = EdgeUnderTest.ClientAt(edge, "127.0.0.3");
        Assert.Equal(HttpStatusCode.OK, (await early.GetAsync("/stats")).StatusCode);

        var flood = Task.WhenAll(Enumerable.Range(0, 1000).Select(async _ =>
        {
            using var client = await ConnectAsync(edge);
            await ReadToEndAsync(client);
        }));
        await AssertServedAsync(edge, flood, client: early);

        using var late = EdgeUnderTest.ClientAt(edge, "127.0.0.4");
        Assert.Equal(HttpStatusCode.OK, (await late.GetAsync("/stats")).StatusCode);
        AssertMemory(edge);
    }

    /// <summary>Another client is served for as long as the siege lasts, which has an end.</summary>
    private static async Task AssertServedAsync(ServiceProcess edge, Task siege, string what = "It", HttpClient? client = null)
    {
        using var other = EdgeUnderTest.ClientAt(edge, "127.0.0.3");
        var patience = Task.Delay(Patience);
        while (!siege.IsCompleted)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            using var answer = await (client ?? other).GetAsync("/stats", limit.Token);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await Task.WhenAny(siege, Task.Delay(50));
            Assert.False(patience.IsCompleted, $"{what} went on for {Patience}.");
        }

        await siege;
    }

    private static void AssertMemory(ServiceProcess edge)
    {
        Assert.False(edge.HasExited);
        var peak = File.ReadLines($"/proc/{edge.ProcessId}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        var megabytes = int.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        Assert.InRange(megabytes, 1, MaxMemory);
    }

    /// <summary>Connections of the public listener, by the server's own count.</summary>
    private static async Task<int> ConnectionsAsync(ServiceProcess edge)
    {
        var metrics = await edge.Management.GetStringAsync("/metrics");
        var line = metrics.Split('\n').Single(line => line.StartsWith("kestrel_active_connections{", StringComparison.Ordinal)
            && line.Contains($"server_port=\"{edge.Port}\"", StringComparison.Ordinal));
        return int.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    private static async Task<Socket> ConnectAsync(ServiceProcess edge)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, edge.Port);
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It was ended before this side had seen it begin.
        }

        return socket;
    }

    /// <summary>Sends the beginning, then a byte now and then, until the edge closes.</summary>
    /// <returns>What the edge has answered.</returns>
    private static async Task<string> DripAsync(ServiceProcess edge, string beginning)
    {
        using var socket = await ConnectAsync(edge);
        await socket.SendAsync(Encoding.Latin1.GetBytes(beginning));
        var answer = ReadToEndAsync(socket);
        try
        {
            while (!answer.IsCompleted)
            {
                await socket.SendAsync("a"u8.ToArray());
                await Task.WhenAny(answer, Task.Delay(100));
            }
        }
        catch (SocketException)
        {
            // It is closed.
        }

        return await answer;
    }

    /// <summary>Sends the pieces over and over, until the edge closes.</summary>
    private static async Task FloodAsync(ServiceProcess edge, string pieces, bool reads, string beginning = "")
    {
        using var socket = await ConnectAsync(edge);
        var answer = reads ? ReadToEndAsync(socket) : null;
        var bytes = Encoding.Latin1.GetBytes(pieces);
        try
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes(beginning));
            while (answer is not { IsCompleted: true })
            {
                await socket.SendAsync(bytes);
            }
        }
        catch (SocketException)
        {
            // It is closed.
        }
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        var answer = new StringBuilder();
        var buffer = new byte[16 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer) is > 0 and var read)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (SocketException)
        {
            // A reset after the answer.
        }

        return answer.ToString();
    }

    /// <summary>A server whose <c>/contacts/large</c> is 256 MB.</summary>
    private static async Task<WebApplication> StreamAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            if (context.Request.Path != "/contacts/large")
            {
                await context.Response.WriteAsync("fine");
                return;
            }

            var piece = new byte[64 * 1024];
            for (var count = 0; count < 4096 && !context.RequestAborted.IsCancellationRequested; count++)
            {
                await context.Response.Body.WriteAsync(piece);
            }
        });
        await app.StartAsync();
        return app;
    }
}
