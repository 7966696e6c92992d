using System.Diagnostics;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Publishing;

/// <summary>The publish command, as <c>dotnet run</c> starts it, when it has ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote to its standard output.</param>
/// <param name="Error">What it wrote to its standard error.</param>
internal sealed record Publication(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>All that a person sees.</summary>
    public string Console => Output + Error;

    /// <summary>The lines on the console.</summary>
    public string[] Lines => Console.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Publishes into a folder and returns when that has succeeded.</summary>
    public static async Task<Publication> IntoAsync(string folder, params string[] arguments) => (await RunAsync(folder, [], arguments)).Succeeded();

    /// <summary>Runs the command with more variables in its environment; no parameter is given there but those.</summary>
    public static async Task<Publication> RunAsync(string folder, Dictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            Repository.Assembly("Platform.AppHost"), "--operation", "publish", "--step", "publish", "--output-path", folder, .. arguments,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.Combine(Repository.Root, "Platform.AppHost"),
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("Parameters__", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return await RunAsync(start);
    }

    /// <summary>Runs any program to its end.</summary>
    public static async Task<Publication> RunAsync(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var error = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return new(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private Publication Succeeded()
    {
        Assert.True(ExitCode == 0, Console);
        return this;
    }
}
