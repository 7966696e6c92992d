using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Platform.Tests.Fixtures;

/// <summary>A mail server that lets everybody in and then never says a word, or refuses every recipient.</summary>
internal sealed class BadMailServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<TcpClient> _clients = [];
    private readonly Task _accepting;

    public BadMailServer(bool speaks, int port = 0)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync(speaks);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string SmtpUrl => $"smtp://127.0.0.1:{Port}";

    /// <summary>How many have connected.</summary>
    public int Connections => _clients.Count;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _clients.ForEach(client => client.Dispose());
        _stop.Dispose();
    }

    private async Task AcceptAsync(bool speaks)
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _clients.Add(client);
                if (speaks)
                {
                    _ = RefuseAsync(client);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task RefuseAsync(TcpClient client)
    {
        try
        {
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII, leaveOpen: true);
            await SayAsync("220 ready");
            while (await reader.ReadLineAsync(_stop.Token) is { } line)
            {
                await SayAsync(line.StartsWith("RCPT", StringComparison.OrdinalIgnoreCase) ? "550 No such user here" : "250 ok");
            }
        }
        catch (Exception end) when (end is IOException or OperationCanceledException)
        {
            // The other side has gone, or this one has.
        }

        Task SayAsync(string line) => client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), _stop.Token).AsTask();
    }
}
