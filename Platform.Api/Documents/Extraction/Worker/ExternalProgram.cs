using System.Diagnostics;
using System.Text;

namespace Platform.Api.Documents.Extraction.Worker;

/// <summary>A program that a worker runs on a hostile file: with limits on processor time, memory, files and output.</summary>
internal static class ExternalProgram
{
    private const int MaxErrorLength = 4096;

    /// <summary>Where on PATH it is; null when it is not installed.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name))
        .FirstOrDefault(File.Exists);

    /// <summary>Runs it and returns what it wrote to its standard output, up to the limit; then it is killed.</summary>
    /// <param name="limits">MiB of address space and seconds of processor time, set by prlimit where there is one.</param>
    public static Result Run(string program, IEnumerable<string> arguments, (int Megabytes, int Seconds) limits, int maxOutputBytes)
    {
        // No file of its own, not even a core dump.
        string[] command = Find("prlimit") is { } prlimit
            ? [prlimit, $"--as={limits.Megabytes * 1024L * 1024}", $"--cpu={limits.Seconds}", "--fsize=0", "--core=0", "--", program, .. arguments]
            : [program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = new StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text && errors.Length < MaxErrorLength)
            {
                errors.AppendLine(text.Length > MaxErrorLength ? text[..MaxErrorLength] : text);
            }
        };
        process.BeginErrorReadLine();
        using var output = new MemoryStream();
        var buffer = new byte[64 * 1024];
        var isCut = false;
        int read;
        while ((read = process.StandardOutput.BaseStream.Read(buffer)) > 0)
        {
            output.Write(buffer, 0, (int)Math.Min(read, maxOutputBytes - output.Length));
            if (output.Length >= maxOutputBytes)
            {
                isCut = true;
                process.Kill(entireProcessTree: true);
                break;
            }
        }

        process.WaitForExit();
        return new(process.ExitCode, output.ToArray(), errors.ToString(), isCut, IsTooLate: !isCut && process.ExitCode is 128 + 9 or 128 + 24);
    }

    /// <param name="IsCut">It would have written more.</param>
    /// <param name="IsTooLate">It used up its processor time. One that waits for ever is ended with its worker.</param>
    internal sealed record Result(int ExitCode, byte[] Output, string Errors, bool IsCut, bool IsTooLate);
}
