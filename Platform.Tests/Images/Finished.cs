using System.Diagnostics;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Images;

/// <summary>What a program that has ended left: its exit code, and all that it wrote to its standard output.</summary>
internal sealed record Finished(int ExitCode, string Output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Runs a service's program to its end with nothing of this process's configuration but the management port.</summary>
    public static Task<Finished> RunAsync(string project, string? managementPort, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Repository.Assembly(project), .. arguments]);
        start.Environment["Management__Port"] = managementPort;
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{FreePort.Next()}";
        return RunAsync(start);
    }

    public static async Task<Finished> RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return new(process.ExitCode, output.TrimEnd());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
