using System.Diagnostics;
using Platform.Tests.Fixtures;
using Platform.Tests.Publishing;

namespace Platform.Tests.Monitoring;

/// <summary>A program of Debian's monitoring packages: run to its end, or as a server that ends with the test.</summary>
internal sealed class MonitoringProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private MonitoringProgram(Process process) => _process = process;

    /// <summary>Runs it to its end.</summary>
    public static Task<Publication> RunAsync(string program, params string[] arguments) => Publication.RunAsync(Start(program, arguments));

    /// <summary>Starts a server and returns when the address answers.</summary>
    public static async Task<MonitoringProgram> StartAsync(ProcessStartInfo start, Uri health)
    {
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var program = new MonitoringProgram(process);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        await Eventually.IsTrueAsync(
            async () =>
            {
                Assert.False(process.HasExited, $"{start.FileName} ended.");
                try
                {
                    using var answer = await client.GetAsync(health);
                    return answer.IsSuccessStatusCode;
                }
                catch (Exception notYet) when (notYet is HttpRequestException or TaskCanceledException)
                {
                    return false;
                }
            },
            Patience);
        return program;
    }

    /// <summary>How to start it, with what it writes kept from the test's console.</summary>
    public static ProcessStartInfo Start(string program, params string[] arguments) =>
        new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
