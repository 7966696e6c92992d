using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Platform.Tests.Abuse;

/// <summary>How the length of a body is told.</summary>
internal enum Framing
{
    /// <summary>By a Content-Length that is right, or not at all where there is no body.</summary>
    Length,

    /// <summary>In chunks of seven bytes.</summary>
    Chunked,

    /// <summary>By a Content-Length that promises more than comes. The client then ends its side.</summary>
    TooLong,

    /// <summary>By a Content-Length that leaves bytes over.</summary>
    TooShort,

    /// <summary>In a chunk whose size is no number.</summary>
    BrokenChunk,
}

/// <summary>
/// An HTTP/1.1 request that is sent byte by byte as it is, whatever it says. Its texts are bytes: each character is one, up to U+00FF.
/// </summary>
internal sealed class RawRequest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public required string Method { get; set; }

    /// <summary>With the query string.</summary>
    public required string Target { get; set; }

    public List<(string Name, string Value)> Headers { get; } = [];

    public string? Body { get; set; }

    public Framing Framing { get; set; }

    public byte[] ToBytes()
    {
        var text = new StringBuilder($"{Method} {Target} HTTP/1.1\r\nConnection: close\r\n");
        foreach (var (name, value) in Headers)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        var body = Body ?? "";
        text.Append(Framing switch
        {
            Framing.Chunked => $"Transfer-Encoding: chunked\r\n\r\n{string.Concat(body.Chunk(7).Select(Chunk))}0\r\n\r\n",
            Framing.BrokenChunk => $"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{body}\r\n0\r\n\r\n",
            Framing.TooLong => $"Content-Length: {body.Length + 1000}\r\n\r\n{body}",
            Framing.TooShort => $"Content-Length: {body.Length / 2}\r\n\r\n{body}",
            _ => Body is null ? "\r\n" : $"Content-Length: {body.Length}\r\n\r\n{body}",
        });
        return Encoding.Latin1.GetBytes(text.ToString());

        static string Chunk(char[] bytes) => $"{bytes.Length:x}\r\n{new string(bytes)}\r\n";
    }

    /// <summary>Sends it over a connection of its own.</summary>
    /// <returns>The answer with its body; null when the server closed without one.</returns>
    /// <exception cref="OperationCanceledException">No answer came in time.</exception>
    public async Task<HttpResponseMessage?> SendAsync(int port)
    {
        // HttpClient reads the answer, and is strict about it; what it writes is replaced.
        using var client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                return new ReplacedStream(socket, ToBytes(), endsAfterwards: Framing == Framing.TooLong);
            },
        })
        {
            Timeout = Patience,
        };
        try
        {
            // An answer to HEAD has no body, and one to anything else may have: that is all that the method is needed for.
            using var request = new HttpRequestMessage(Method == "HEAD" ? HttpMethod.Head : HttpMethod.Get, $"http://127.0.0.1:{port}/");
            return await client.SendAsync(request, HttpCompletionOption.ResponseContentRead);
        }
        catch (HttpRequestException closed) when (closed.HttpRequestError == HttpRequestError.ResponseEnded
            || closed.InnerException is IOException { InnerException: SocketException })
        {
            return null;
        }
    }

    /// <summary>A command for a shell that sends the same bytes.</summary>
    public string ToCommand(int port)
    {
        var text = new StringBuilder();
        foreach (var octet in ToBytes())
        {
            text.Append(octet is >= 0x20 and < 0x7F and not (byte)'\'' and not (byte)'\\' and not (byte)'%'
                ? ((char)octet).ToString() : $"\\x{octet:x2}");
        }

        return $"printf '{text}' | nc 127.0.0.1 {port}";
    }

    /// <summary>Writes the given bytes in place of what it is told to write.</summary>
    private sealed class ReplacedStream(Socket socket, byte[] bytes, bool endsAfterwards) : NetworkStream(socket, ownsSocket: true)
    {
        private bool _isWritten;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_isWritten)
            {
                return;
            }

            _isWritten = true;
            try
            {
                await base.WriteAsync(bytes, cancellationToken);
                if (endsAfterwards)
                {
                    Socket.Shutdown(SocketShutdown.Send);
                }
            }
            catch (IOException)
            {
                // The server has answered and closed before it read all.
            }
        }
    }
}
