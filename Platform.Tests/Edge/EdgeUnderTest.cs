using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>The edge as a process, in front of one upstream, with limits so wide that only the tests of limits meet them.</summary>
public sealed class EdgeUnderTest : IAsyncLifetime
{
    private static readonly Dictionary<string, string> WideLimits = new()
    {
        ["Limits__Reads__PerSecond"] = "100000", ["Limits__Reads__Burst"] = "100000",
        ["Limits__Writes__PerSecond"] = "100000", ["Limits__Writes__Burst"] = "100000",
        ["Limits__Site__PerSecond"] = "100000", ["Limits__Site__Burst"] = "100000",
        ["Limits__Concurrent"] = "100000", ["Limits__ConnectionsPerClient"] = "100000",
    };

    private ServiceProcess? _process;
    private Upstream? _upstream;

    public ServiceProcess Process => _process ?? throw new InvalidOperationException("The edge is not running.");

    public Upstream Upstream => _upstream ?? throw new InvalidOperationException("The upstream is not running.");

    public HttpClient Client => Process.Client;

    /// <summary>The edge in front of <paramref name="replicas"/>.</summary>
    public static Task<ServiceProcess> StartAsync(
        IEnumerable<string> replicas, IEnumerable<KeyValuePair<string, string>>? settings = null, bool wideLimits = false)
    {
        var environment = new Dictionary<string, string>(wideLimits ? WideLimits : []);
        foreach (var (url, index) in replicas.Select((url, index) => (url, index)))
        {
            environment[$"services__api__http__{index}"] = url;
        }

        foreach (var (name, value) in settings ?? [])
        {
            environment[name] = value;
        }

        return ServiceProcess.StartAsync("Platform.Edge", environment);
    }

    /// <summary>A client of <paramref name="edge"/> with an address of its own: all of 127.0.0.0/8 is this machine.</summary>
    public static HttpClient ClientAt(ServiceProcess edge, string address) => ClientAt(edge.Client.BaseAddress!, address);

    /// <summary>The same for any server, and for one with a certificate of the test.</summary>
    public static HttpClient ClientAt(Uri server, string address, RemoteCertificateValidationCallback? isOurs = null) =>
        new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            SslOptions = { RemoteCertificateValidationCallback = isOurs },
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            BaseAddress = server,
        };

    /// <summary>Sends bytes as they are, which no HTTP client would, and returns all that comes back until the edge closes.</summary>
    public static async Task<string> RawAsync(ServiceProcess edge, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, edge.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var answer = new StringBuilder();
        var buffer = new byte[16 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer, patience.Token) is > 0 and var read)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (IOException)
        {
            // A reset after the answer: the edge does not read a body that it refused.
        }

        return answer.ToString();
    }

    public async Task InitializeAsync()
    {
        _upstream = await Upstream.StartAsync();
        _process = await StartAsync(
            [Upstream.Url],
            new Dictionary<string, string>
            {
                ["Cors__Origins__0"] = "https://www.example.org",
                ["Authentication__Administrator__Password"] = "a-password-of-a-test",
            },
            wideLimits: true);
    }

    public async Task DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        if (_upstream is not null)
        {
            await _upstream.DisposeAsync();
        }
    }
}

internal static class EdgeRequests
{
    /// <summary>What the upstream saw of a GET.</summary>
    public static async Task<Echo> EchoAsync(this HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var answer = await client.GetAsync(path, headers);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<Echo>())!;
    }

    public static Task<HttpResponseMessage> GetAsync(this HttpClient client, string path, params (string Name, string Value)[] headers) =>
        client.SendAsync(HttpMethod.Get, path, headers);

    public static async Task<HttpResponseMessage> SendAsync(
        this HttpClient client, HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await client.SendAsync(request);
    }

    /// <summary>All values of a header, wherever HttpClient keeps it; empty when it is missing.</summary>
    public static string[] Header(this HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out var values) || answer.Content.Headers.TryGetValues(name, out values) ? [.. values] : [];
}
