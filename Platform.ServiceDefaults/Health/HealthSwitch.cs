using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Microsoft.Extensions.Hosting;

/// <summary>
/// <c>--health</c>: the service's own program asks the service that runs beside it whether it is ready (<c>--health live</c>: alive), says
/// so in one line and ends with 0 for yes and 1 for no. It is what a container's health check runs: an image of .NET has no curl.
/// </summary>
/// <remarks>
/// It runs every few seconds in every container, hence a socket: an HTTP client costs 100 ms of processor time where this costs 60, most of
/// which .NET needs to start.
/// </remarks>
public static class HealthSwitch
{
    private const string Argument = "--health";
    private const string PortVariable = "Management__Port";
    private const int MaxAnswerBytes = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Asks, if that is what the program was started for.</summary>
    /// <returns>Whether it was; the program's exit code is set then.</returns>
    public static async Task<bool> TryRunAsync(string[] arguments)
    {
        if (arguments is not [Argument, .. var rest])
        {
            return false;
        }
        var (isWell, reason) = rest switch
        {
            [] => await AskAsync("/health/ready"),
            ["live"] => await AskAsync("/health/live"),
            // A slip of the pen must not start a second service every few seconds.
            _ => (false, $"Usage: {Argument} [live]"),
        };
        using var output = Console.OpenStandardOutput();
        output.Write(Encoding.UTF8.GetBytes(reason + Environment.NewLine));
        Environment.ExitCode = isWell ? 0 : 1;
        return true;
    }

    private static async Task<(bool IsWell, string Reason)> AskAsync(string path)
    {
        var setting = Environment.GetEnvironmentVariable(PortVariable);
        if (string.IsNullOrWhiteSpace(setting))
        {
            return (false, $"{PortVariable} is not set");
        }
        if (!ushort.TryParse(setting, NumberStyles.Integer, CultureInfo.InvariantCulture, out var port) || port == 0)
        {
            return (false, $"{PortVariable} is not a port: {setting}");
        }
        var address = new IPEndPoint(IPAddress.Loopback, port);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return Judge(address, await GetAsync(address, path, patience.Token));
        }
        catch (OperationCanceledException)
        {
            return (false, $"{address} did not answer within {Patience.TotalSeconds} s");
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return (false, $"nothing listens on {address}");
        }
        catch (SocketException failure)
        {
            return (false, $"{address} did not answer: {failure.Message}");
        }
    }

    /// <summary>
    /// The whole answer. HTTP 1.0: it comes in one piece and ends with the connection, and the question needs no Host header, which the
    /// service might refuse (<c>AllowedHosts</c>).
    /// </summary>
    private static async Task<ReadOnlyMemory<byte>> GetAsync(IPEndPoint address, string path, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, cancellationToken);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\n\r\n"), cancellationToken);
        var answer = new byte[MaxAnswerBytes];
        var length = 0;
        while (length < answer.Length && await socket.ReceiveAsync(answer.AsMemory(length), cancellationToken) is > 0 and var read)
        {
            length += read;
        }
        return answer.AsMemory(0, length);
    }

    /// <summary>
    /// The status decides: <c>HTTP/1.1 200 OK</c>. The document says why: <c>{"status":"Unhealthy","checks":{"search":"Unhealthy"}}</c>.
    /// </summary>
    private static (bool IsWell, string Reason) Judge(IPEndPoint address, ReadOnlyMemory<byte> answer)
    {
        var head = Encoding.ASCII.GetString(answer.Span[..Math.Max(0, answer.Span.IndexOf("\r\n\r\n"u8))]);
        if (!head.StartsWith("HTTP/1.", StringComparison.Ordinal) || head.Split(' ', 3) is not [_, var status, _])
        {
            return (false, $"{address} did not answer in HTTP");
        }
        try
        {
            using var document = JsonDocument.Parse(answer[(head.Length + 4)..]);
            var state = document.RootElement.GetProperty("status").GetString()!;
            var word = state.ToLowerInvariant();
            var blamed = string.Join(", ", document.RootElement.GetProperty("checks").EnumerateObject()
                .Where(check => word != "healthy" && check.Value.ValueEquals(state))
                .Select(check => check.Name));
            return (status == "200", blamed.Length == 0 ? word : $"{word}: {blamed}");
        }
        catch (Exception other) when (other is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return (false, $"{address} answered {status}, and not as a service of Platform does");
        }
    }
}
