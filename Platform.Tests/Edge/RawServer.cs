using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Platform.Tests.Edge;

/// <summary>
/// A server that answers each request with bytes as they are, which no HTTP server would, and says how many connections it has had. It
/// reads heads only. After an answer that is not <see cref="Answer.KeepsOpen"/> it closes.
/// </summary>
public sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Func<string, Answer> _answer;
    private readonly Task _accepting;

    /// <param name="answer">What is answered to a request line.</param>
    public RawServer(Func<string, Answer> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // It is being disposed of.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.Latin1);
            try
            {
                while (await reader.ReadLineAsync(_end.Token) is { } line)
                {
                    while (await reader.ReadLineAsync(_end.Token) is { Length: > 0 })
                    {
                    }

                    var answer = _answer(line);
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(answer.Bytes), _end.Token);
                    if (answer.Hangs)
                    {
                        await Task.Delay(Timeout.Infinite, _end.Token);
                    }

                    if (!answer.KeepsOpen)
                    {
                        return;
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // The edge has closed, or the test is over.
            }
        }
    }

    /// <summary>What is answered, and what happens to the connection then.</summary>
    public sealed record Answer(string Bytes, bool KeepsOpen = false, bool Hangs = false);
}
