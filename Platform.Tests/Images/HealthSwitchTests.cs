using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Images;

/// <summary><c>Platform.Edge --health</c> and <c>Platform.Api --health</c>, as a container's health check runs them.</summary>
public sealed class HealthSwitchTests
{
    [Fact]
    public async Task A_service_that_is_ready_is_healthy_whatever_hosts_it_allows()
    {
        await using var edge = await ServiceProcess.StartAsync("Platform.Edge", new Dictionary<string, string> { ["AllowedHosts"] = "example.org" });

        Assert.Equal(new(0, "healthy"), await AskAsync("Platform.Edge", edge.ManagementPort, "--health"));
        Assert.Equal(new(0, "healthy"), await AskAsync("Platform.Edge", edge.ManagementPort, "--health", "live"));

        await edge.KillAsync();
        Assert.Equal(
            new(1, $"nothing listens on 127.0.0.1:{edge.ManagementPort}"),
            await AskAsync("Platform.Edge", edge.ManagementPort, "--health"));
    }

    [Fact]
    public async Task A_service_whose_database_is_away_is_alive_and_unhealthy_and_says_what_is_missing()
    {
        var objects = Directory.CreateTempSubdirectory("platform-test-");
        await using var api = await ServiceProcess.StartAsync("Platform.Api", new Dictionary<string, string>
        {
            ["ConnectionStrings__platformdb"] = $"Host=127.0.0.1;Port={FreePort.Next()};Username=nobody;Password=none;Database=none",
            ["Storage__Directory"] = objects.FullName,
        });

        var ready = await AskAsync("Platform.Api", api.ManagementPort, "--health");

        Assert.Equal(1, ready.ExitCode);
        Assert.Matches("^unhealthy: ([a-z-]+, )*PostgreSql(, [a-z-]+)*$", ready.Output);
        Assert.Equal(new(0, "healthy"), await AskAsync("Platform.Api", api.ManagementPort, "--health", "live"));
        objects.Delete(recursive: true);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")]
    public async Task A_server_that_hangs_is_unhealthy_after_three_seconds(string beginning)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var port = ((IPEndPoint)server.LocalEndpoint).Port;
        var watch = Stopwatch.StartNew();
        var asking = AskAsync("Platform.Edge", port, "--health");
        using var client = await server.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(beginning));

        Assert.Equal(new(1, $"127.0.0.1:{port} did not answer within 3 s"), await asking);
        Assert.InRange(watch.Elapsed.TotalSeconds, 3, 10);
    }

    [Theory]
    [InlineData("HTTP/1.1 404 Not Found\r\n\r\n", "answered 404, and not as a service of Platform does")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html>", "answered 200, and not as a service of Platform does")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n[]", "answered 200, and not as a service of Platform does")]
    [InlineData("SSH-2.0-OpenSSH_10.0\r\n\r\n", "did not answer in HTTP")]
    [InlineData("", "did not answer in HTTP")]
    public async Task Another_server_on_the_port_is_unhealthy(string answer, string reason)
    {
        Assert.Equal(new(1, $"127.0.0.1:{{port}} {reason}"), await AskAServerThatAnswersAsync(answer));
    }

    [Theory]
    [InlineData("""{"status":"Degraded","checks":{"host":"Healthy","search":"Degraded"}}""", "200 OK", 0, "degraded: search")]
    [InlineData("""{"status":"Unhealthy","checks":{"a":"Unhealthy","search":"Degraded","b":"Unhealthy"}}""", "503 No", 1, "unhealthy: a, b")]
    [InlineData("""{"status":"Healthy","checks":{"host":"Healthy"}}""", "503 No", 1, "healthy")]
    public async Task The_status_decides_and_the_document_says_why(string document, string status, int exitCode, string line)
    {
        Assert.Equal(new(exitCode, line), await AskAServerThatAnswersAsync($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n{document}"));
    }

    [Theory]
    [InlineData(null, "Management__Port is not set")]
    [InlineData("", "Management__Port is not set")]
    [InlineData("0", "Management__Port is not a port: 0")]
    [InlineData("-1", "Management__Port is not a port: -1")]
    [InlineData("65536", "Management__Port is not a port: 65536")]
    [InlineData("http", "Management__Port is not a port: http")]
    public async Task Without_a_port_there_is_nobody_to_ask(string? port, string reason)
    {
        Assert.Equal(new(1, reason), await Finished.RunAsync("Platform.Edge", port, "--health"));
    }

    [Theory]
    [InlineData("Platform.Api", "--health", "redy")]
    [InlineData("Platform.Edge", "--health", "live", "now")]
    public async Task A_slip_of_the_pen_starts_no_second_service(string project, params string[] arguments)
    {
        Assert.Equal(new(1, "Usage: --health [live]"), await AskAsync(project, FreePort.Next(), arguments));
    }

    private static async Task<Finished> AskAServerThatAnswersAsync(string answer)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var port = ((IPEndPoint)server.LocalEndpoint).Port;
        var asking = AskAsync("Platform.Edge", port, "--health");
        using (var client = await server.AcceptTcpClientAsync())
        {
            // All of the question, or the connection is reset instead of ended.
            using var question = new StreamReader(client.GetStream(), leaveOpen: true);
            while (await question.ReadLineAsync() is { Length: > 0 })
            {
            }

            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
        }

        var finished = await asking;
        return finished with { Output = finished.Output.Replace(port.ToString(CultureInfo.InvariantCulture), "{port}", StringComparison.Ordinal) };
    }

    private static Task<Finished> AskAsync(string project, int port, params string[] arguments) =>
        Finished.RunAsync(project, port.ToString(CultureInfo.InvariantCulture), arguments);
}
