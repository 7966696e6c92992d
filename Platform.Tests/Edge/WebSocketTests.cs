using System.Net;
using System.Net.WebSockets;
using System.Text;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>WebSockets of the applications, through the edge.</summary>
public sealed class WebSocketTests(ApplicationsUnderTest applications) : IClassFixture<ApplicationsUnderTest>
{
    [Fact]
    public async Task Messages_pass_both_ways_and_so_does_the_end()
    {
        using var socket = await ConnectAsync(applications.Process);

        var large = new string('x', 200_000);
        Assert.Equal("hello", await EchoAsync(socket, "hello"));
        Assert.Equal(large, await EchoAsync(socket, large));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", CancellationToken.None);

        Assert.Equal(WebSocketState.Closed, socket.State);
        Assert.Equal("done", socket.CloseStatusDescription);
    }

    [Fact]
    public async Task There_are_only_so_many_at_one_time()
    {
        await using var server = await ApplicationServer.StartAsync();
        var settings = ApplicationsUnderTest.At(server.Url);
        settings["Limits__UpgradedConnections"] = "2";
        await using var edge = await EdgeUnderTest.StartAsync([], settings, wideLimits: true);
        using var first = await ConnectAsync(edge);
        using var second = await ConnectAsync(edge);

        using var third = new ClientWebSocket();
        third.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => third.ConnectAsync(Address(edge), CancellationToken.None));
        await first.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, third.HttpStatusCode);
        Assert.Contains("Retry-After", third.HttpResponseHeaders!.Keys);
        Assert.DoesNotContain("Sec-WebSocket-Accept", third.HttpResponseHeaders.Keys);
        Assert.Equal("still here", await EchoAsync(second, "still here"));
        await Eventually.IsTrueAsync(async () =>
        {
            try
            {
                using var next = await ConnectAsync(edge);
                return true;
            }
            catch (WebSocketException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(30));
    }

    /// <summary>Sends a text and returns the one that comes back.</summary>
    internal static async Task<string> EchoAsync(WebSocket socket, string text)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, patience.Token);
        var received = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer, patience.Token);
            received.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
            {
                return Encoding.UTF8.GetString(received.ToArray());
            }
        }
    }

    private static async Task<ClientWebSocket> ConnectAsync(ServiceProcess edge)
    {
        var socket = new ClientWebSocket();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await socket.ConnectAsync(Address(edge), patience.Token);
        return socket;
    }

    private static Uri Address(ServiceProcess edge) => new($"ws://127.0.0.1:{edge.Port}/keycloak/realms/events");
}
