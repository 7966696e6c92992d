using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>https at the edge, with certificates made for the test.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("platform-tls-").FullName;
    private readonly int _port = FreePort.Next();

    private ApplicationServer? _server;

    private string CertificatePath => Path.Combine(_folder, "tls.crt");

    private string KeyPath => Path.Combine(_folder, "tls.key");

    public async Task InitializeAsync() => _server = await ApplicationServer.StartAsync();

    public async Task DisposeAsync()
    {
        await _server!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Http_1_and_2_and_WebSockets_over_both_are_served()
    {
        using var certificate = Write("first");
        await using var edge = await StartAsync();
        using var client = Client();

        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/keycloak/realms/x") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var answer = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(version, answer.Version);
            Assert.Contains("\"X-Forwarded-Proto\":\"https\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Equal(["max-age=31536000; includeSubDomains"], answer.Header("Strict-Transport-Security"));

            using var socket = new ClientWebSocket();
            socket.Options.HttpVersion = version;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{_port}/keycloak/realms/events"), client, CancellationToken.None);
            Assert.Equal("hello", await WebSocketTests.EchoAsync(socket, "hello"));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
    }

    [Fact]
    [Trait("Defect", "D45")]
    public async Task Http_is_redirected_to_https_but_for_probes()
    {
        using var certificate = Write("first");
        await using var edge = await StartAsync();

        using var answer = await edge.Client.PostAsync("/contact?a=b%20c", null);
        using var probe = await edge.Management.GetAsync("/health/live");

        Assert.Equal(HttpStatusCode.PermanentRedirect, answer.StatusCode);
        Assert.Equal([$"https://127.0.0.1:{_port}/contact?a=b%20c"], answer.Header("Location"));
        Assert.Empty(answer.Header("Strict-Transport-Security"));
        Assert.Equal(["nosniff"], answer.Header("X-Content-Type-Options"));
        Assert.Equal(HttpStatusCode.OK, probe.StatusCode);
    }

    [Fact]
    public async Task A_new_certificate_is_served_when_its_files_have_changed_and_open_connections_go_on()
    {
        using var first = Write("first");
        await using var edge = await StartAsync();
        await using var open = await ConnectAsync();
        Assert.Equal(first.Thumbprint, ServedTo(open));

        // As certbot does it: written beside, and moved over.
        using var second = Make("second");
        await File.WriteAllTextAsync(CertificatePath + ".new", second.ExportCertificatePem());
        await File.WriteAllTextAsync(KeyPath + ".new", KeyOf(second));
        File.Move(CertificatePath + ".new", CertificatePath, overwrite: true);
        File.Move(KeyPath + ".new", KeyPath, overwrite: true);
        await Eventually.IsTrueAsync(async () => await ServedAsync() == second.Thumbprint, Patience);

        await open.WriteAsync("GET /robots.txt HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 200 ", await new StreamReader(open, Encoding.Latin1).ReadToEndAsync(), StringComparison.Ordinal);

        // As Kubernetes does it: a link to a folder is replaced.
        using var third = Make("third");
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "third")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "tls.crt"), third.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "tls.key"), KeyOf(third));
        foreach (var name in new[] { "tls.crt", "tls.key" })
        {
            File.CreateSymbolicLink(Path.Combine(_folder, name + ".link"), Path.Combine(folder, name));
            File.Move(Path.Combine(_folder, name + ".link"), Path.Combine(_folder, name), overwrite: true);
        }

        await Eventually.IsTrueAsync(async () => await ServedAsync() == third.Thumbprint, Patience);
        var ends = new DateTimeOffset(third.NotAfter).ToUnixTimeSeconds();
        var metrics = await edge.Management.GetStringAsync("/metrics");
        Assert.Matches($@"(?m)^edge_certificate_expiry_timestamp_seconds(\{{[^}}]*\}})? {ends}", metrics);
    }

    [Fact]
    public async Task A_pair_that_does_not_work_is_reported_once_and_the_one_before_stays()
    {
        using var first = Write("first");
        await using var edge = await StartAsync();

        using var other = Make("other");
        await ReplaceAsync(KeyPath, KeyOf(other));
        await Eventually.IsTrueAsync(() => Task.FromResult(edge.Log.Contains("The certificate stays as it was", StringComparison.Ordinal)), Patience);
        Assert.Equal(first.Thumbprint, await ServedAsync());

        File.Delete(CertificatePath);
        await Eventually.IsTrueAsync(() => Task.FromResult(Regex.Count(edge.Log, "The certificate stays as it was") == 2), Patience);
        Assert.Equal(first.Thumbprint, await ServedAsync());

        // The certificate that the key belongs to makes a pair again.
        await ReplaceAsync(CertificatePath, other.ExportCertificatePem());
        await Eventually.IsTrueAsync(async () => await ServedAsync() == other.Thumbprint, Patience);
        Assert.Equal(2, Regex.Count(edge.Log, "The certificate stays as it was"));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("broken")]
    [InlineData("mismatch")]
    [InlineData("no-https")]
    public async Task What_cannot_be_served_stops_the_start_with_one_line(string fault)
    {
        using var certificate = Write("first");
        using var other = Make("other");
        switch (fault)
        {
            case "missing":
                File.Delete(KeyPath);
                break;
            case "broken":
                await File.WriteAllTextAsync(CertificatePath, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
                break;
            case "mismatch":
                await File.WriteAllTextAsync(KeyPath, KeyOf(other));
                break;
        }

        await using var edge = await StartAsync(fault != "no-https");

        Assert.True(edge.HasExited);
        Assert.Equal(1, edge.ExitCode);
        await Eventually.IsTrueAsync(() => Task.FromResult(edge.Log.Contains("TLS cannot be served: ", StringComparison.Ordinal)), Patience);
        Assert.DoesNotContain("   at ", edge.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_has_ended_is_served_with_a_warning()
    {
        using var certificate = Write("ended", DateTimeOffset.UtcNow.AddDays(-1));
        await using var edge = await StartAsync();

        Assert.Equal(certificate.Thumbprint, await ServedAsync());
        Assert.Contains("which has ended", edge.Log, StringComparison.Ordinal);
    }

    /// <summary>At once: a file that is being written may be read half, and is one more that does not work.</summary>
    private static async Task ReplaceAsync(string path, string text)
    {
        await File.WriteAllTextAsync(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }

    private static X509Certificate2 Make(string name, DateTimeOffset? notAfter = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), notAfter ?? DateTimeOffset.UtcNow.AddDays(30));
    }

    /// <summary>Made here, and signed by nobody else.</summary>
    private static bool IsOurs(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is not null && certificate.Issuer == certificate.Subject;

    private static string KeyOf(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    private X509Certificate2 Write(string name, DateTimeOffset? notAfter = null)
    {
        var certificate = Make(name, notAfter);
        File.WriteAllText(CertificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(KeyPath, KeyOf(certificate));
        return certificate;
    }

    private Task<ServiceProcess> StartAsync(bool https = true)
    {
        var settings = ApplicationsUnderTest.At(_server!.Url);
        settings["Tls__CertificatePath"] = CertificatePath;
        settings["Tls__KeyPath"] = KeyPath;
        settings["Tls__ReloadInterval"] = "00:00:00.100";
        settings["Tls__PublicPort"] = $"{_port}";
        if (https)
        {
            settings["ASPNETCORE_URLS"] = $"https://127.0.0.1:{_port}";
        }

        return EdgeUnderTest.StartAsync([], settings, wideLimits: true);
    }

    private HttpClient Client() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, SslOptions = { RemoteCertificateValidationCallback = IsOurs } })
        {
            BaseAddress = new Uri($"https://127.0.0.1:{_port}"),
        };

    private async Task<SslStream> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _port);
        var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, IsOurs);
        await stream.AuthenticateAsClientAsync("edge");
        return stream;
    }

    private async Task<string> ServedAsync()
    {
        await using var stream = await ConnectAsync();
        return ServedTo(stream);
    }

    private static string ServedTo(SslStream stream) => ((X509Certificate2)stream.RemoteCertificate!).Thumbprint;
}
