using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Platform.Tests.Edge;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Abuse;

/// <summary>
/// What can be done to a server with frames of HTTP/2 (RFC 9113 section 10.5, CVE-2019-9511 to 9518, CVE-2023-44487, CVE-2024-27316,
/// CVE-2025-8671): others are served meanwhile, the edge's memory is bounded, and the connection ends.
/// </summary>
public sealed class Http2SiegeTests : IAsyncLifetime
{
    private const int Clients = 8;

    /// <summary>MiB of the edge's memory at its peak, whatever is done to it here.</summary>
    private const int MaxMemory = 340;

    /// <summary>MiB that a container would have; the files that the edge has mapped come on top.</summary>
    private const int Container = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("platform-http2-").FullName;
    private readonly int _port = FreePort.Next();

    private string CertificatePath => Path.Combine(_folder, "tls.crt");

    private string KeyPath => Path.Combine(_folder, "tls.key");

    private Upstream? _upstream;
    private ServiceProcess? _edge;

    public async Task InitializeAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=edge", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(CertificatePath, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(KeyPath, key.ExportPkcs8PrivateKeyPem());
        _upstream = await Upstream.StartAsync();
        _edge = await StartAsync(new()
        {
            ["Proxy__ActivityTimeout"] = "00:00:05", ["Limits__HeadersTimeout"] = "00:00:02", ["Limits__KeepAliveTimeout"] = "00:00:02",
            ["Limits__BodyGracePeriod"] = "00:00:01.1", ["Limits__UserTimeout"] = "00:00:02", ["Limits__MinBodyRate"] = "100000",
        });
    }

    public async Task DisposeAsync()
    {
        await _edge!.DisposeAsync();
        await _upstream!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("requests that are taken back")]
    [InlineData("requests that the server is made to take back")]
    [InlineData("a header that never ends")]
    [InlineData("a header in pieces of nothing")]
    [InlineData("a small header that unpacks to a large one")]
    [InlineData("settings")]
    [InlineData("pings")]
    [InlineData("priorities")]
    [InlineData("windows")]
    [InlineData("a body in pieces of nothing")]
    [InlineData("a body in pieces of padding")]
    [InlineData("frames that nobody knows")]
    [InlineData("a frame without an end")]
    public async Task A_flood_is_ended_whether_or_not_its_client_reads(string what)
    {
        var (opening, piece) = Flood(what);

        // Who pings and reads the answers keeps the connection, and may.
        await AssertServedAsync(() => Task.WhenAll(
            Enumerable.Range(0, Clients).Select(client => FloodAsync(opening, piece, reads: client % 2 == 0 && what != "pings"))));

        AssertMemory();
    }

    [Theory]
    [InlineData("/contacts/large")]
    [InlineData("/stats")]
    [InlineData("/")]
    public async Task Answers_that_nobody_gives_room_for_are_ended(string path)
    {
        // No answer may send more than nothing (RFC 9113 section 6.9.2).
        var settings = Frame(Settings, 0, 0, [0, 4, 0, 0, 0, 0]);
        var opening = Join([settings, .. Enumerable.Range(0, 100).Select(count => Get((2 * count) + 1, path))]);

        await AssertServedAsync(() => Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => FloodAsync(opening, piece: null, reads: true))));

        AssertMemory();
    }

    [Fact]
    public async Task Connections_full_of_requests_do_not_take_all_of_the_memory()
    {
        await _edge!.DisposeAsync();
        _edge = await StartAsync(new() { ["Limits__KeepAliveTimeout"] = "00:00:10" });
        var opening = Join([.. Enumerable.Range(0, 100).Select(count => Get((2 * count) + 1, "/stats"))]);

        await AssertServedAsync(() => Task.WhenAll(Enumerable.Range(0, 250).Select(_ => FloodAsync(opening, piece: null, reads: true))));

        AssertMemory();
        Assert.DoesNotContain("OutOfMemory", _edge!.Log, StringComparison.Ordinal);
    }

    private static (byte[] Opening, Func<int, byte[]> Piece) Flood(string what)
    {
        byte[] header = [0, .. Text("x-a"), .. Text("b")];
        var large = Text(new string('a', 4000));
        return what switch
        {
            "requests that are taken back" => ([], count => Join(Get(Stream(count), "/stats"), Frame(Reset, 0, Stream(count), [0, 0, 0, 8]))),
            "requests that the server is made to take back" =>
                ([], count => Join(Get(Stream(count), "/stats"), Frame(WindowUpdate, 0, Stream(count), new byte[4]))),
            "a header that never ends" =>
                (Frame(Headers, 0, 1, Request("/stats")), _ => Frame(Continuation, 0, 1, [.. Enumerable.Repeat(header, 100).SelectMany(one => one)])),
            "a header in pieces of nothing" => (Frame(Headers, 0, 1, Request("/stats")), _ => Frame(Continuation, 0, 1, [])),
            // One entry of the dynamic table, which is then named in one byte.
            "a small header that unpacks to a large one" =>
                ([], count => Frame(Headers, EndHeaders | EndStream, Stream(count), [.. Request("/stats"), 0x40, .. Text("x-b"), .. large, .. Enumerable.Repeat((byte)0xBE, 10_000)])),
            "settings" => ([], _ => Frame(Settings, 0, 0, [0, 3, 0, 0, 0, 100])),
            "pings" => ([], _ => Frame(Ping, 0, 0, new byte[8])),
            "priorities" => ([], count => Frame(Priority, 0, Stream(count), [0, 0, 0, 0, 1])),
            "windows" => ([], _ => Frame(WindowUpdate, 0, 0, [0, 0, 0, 1])),
            "a body in pieces of nothing" => (Post(), _ => Frame(Data, 0, 1, [])),
            "a body in pieces of padding" => (Post(), _ => Frame(Data, Padded, 1, [100, .. new byte[100]])),
            "frames that nobody knows" => ([], _ => Frame(0xF0, 0, 0, new byte[64])),
            "a frame without an end" => ([0, 0x40, 0, Data, 0, 0, 0, 0, 1], _ => [0]),
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };

        static byte[] Post() => Frame(Headers, EndHeaders, 1, [0x83, 0x87, 0x04, .. Text("/contact"), 0x01, .. Text("edge")]);
        static int Stream(int count) => (2 * count) + 1;
    }

    // RFC 9113 sections 4.1 and 6.
    private const byte Data = 0, Headers = 1, Priority = 2, Reset = 3, Settings = 4, Ping = 6, WindowUpdate = 8, Continuation = 9;
    private const byte EndStream = 1, EndHeaders = 4, Padded = 8;

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    private static byte[] Get(int stream, string path) => Frame(Headers, EndHeaders | EndStream, stream, Request(path));

    /// <summary>A GET over https by the static table of HPACK (RFC 7541 appendix A).</summary>
    private static byte[] Request(string path) => [0x82, 0x87, 0x04, .. Text(path), 0x01, .. Text("edge")];

    /// <summary>A literal without Huffman coding (RFC 7541 section 5.2).</summary>
    private static byte[] Text(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        if (bytes.Length < 127)
        {
            return [(byte)bytes.Length, .. bytes];
        }

        var rest = bytes.Length - 127;
        return [127, (byte)((rest & 127) | 128), (byte)(rest >> 7), .. bytes];
    }

    private static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(part => part)];

    /// <summary>Sends the opening, then one piece after the other, until the edge closes.</summary>
    private async Task FloodAsync(byte[] opening, Func<int, byte[]>? piece, bool reads)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, _port);
        await using var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, IsOurs);
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "edge", ApplicationProtocols = [SslApplicationProtocol.Http2] });
        }
        catch (IOException)
        {
            // There was no place for it.
            return;
        }

        Assert.Equal(SslApplicationProtocol.Http2, stream.NegotiatedApplicationProtocol);
        var answer = reads ? ReadToEndAsync(stream) : null;
        try
        {
            await stream.WriteAsync(Join("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Frame(Settings, 0, 0, []), opening));
            for (var count = 0; piece is not null && answer is not { IsCompleted: true };)
            {
                var pieces = new List<byte>();
                for (var more = 0; more < 50; more++, count++)
                {
                    pieces.AddRange(piece(count));
                }

                await stream.WriteAsync(pieces.ToArray());
            }
        }
        catch (IOException)
        {
            // It is closed.
        }

        await (answer ?? Task.CompletedTask);
    }

    /// <summary>The edge in front of the upstream, with the memory of a container.</summary>
    private Task<ServiceProcess> StartAsync(Dictionary<string, string> settings) => EdgeUnderTest.StartAsync(
        [_upstream!.Url],
        new Dictionary<string, string>(settings)
        {
            ["Tls__CertificatePath"] = CertificatePath, ["Tls__KeyPath"] = KeyPath, ["Tls__PublicPort"] = $"{_port}",
            ["ASPNETCORE_URLS"] = $"https://127.0.0.1:{_port}", ["Limits__Concurrent"] = "100",
            ["DOTNET_GCHeapHardLimit"] = $"0x{Container * 3 / 4 * 1024 * 1024:X}",
        },
        wideLimits: true);

    /// <summary>Made here, and signed by nobody else.</summary>
    private static bool IsOurs(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is { Subject: "CN=edge", Issuer: "CN=edge" };

    private static async Task ReadToEndAsync(SslStream stream)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // A reset after the answer.
        }
    }

    /// <summary>Another client is served for as long as the siege lasts, which has an end.</summary>
    private async Task AssertServedAsync(Func<Task> besiege)
    {
        using var other = EdgeUnderTest.ClientAt(new Uri($"https://127.0.0.1:{_port}"), "127.0.0.3", IsOurs);
        using var before = await other.GetAsync("/stats");
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        var siege = besiege();
        var patience = Task.Delay(Patience);
        while (!siege.IsCompleted)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            using var answer = await other.GetAsync("/stats", limit.Token);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await Task.WhenAny(siege, Task.Delay(50));
            Assert.False(patience.IsCompleted, $"It went on for {Patience}.");
        }

        await siege;
    }

    private void AssertMemory()
    {
        Assert.False(_edge!.HasExited);
        var peak = File.ReadLines($"/proc/{_edge.ProcessId}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        Assert.InRange(int.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024, 1, MaxMemory);
    }
}
