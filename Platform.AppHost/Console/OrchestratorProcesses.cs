using System.Diagnostics;

namespace Platform.AppHost.Console;

/// <summary>
/// DCP's own processes, which end by themselves a moment after the AppHost asked them to. Who runs the AppHost should find nothing running
/// when that has ended.
/// </summary>
internal static class OrchestratorProcesses
{
    private const string Variable = "PLATFORM_APPHOST_RUN";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly string Mark = $"{Variable}={Environment.ProcessId}-{Environment.TickCount64}";

    /// <summary>Marks what this process starts from now on: the environment is inherited.</summary>
    public static void MarkWhatIsStarted() => Environment.SetEnvironmentVariable(Variable, Mark[(Variable.Length + 1)..]);

    /// <summary>Returns when none is left, at the latest after ten seconds.</summary>
    public static async Task WaitForExitAsync()
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < Patience && Process.GetProcessesByName("dcp").Any(IsOurs))
        {
            await Task.Delay(Pause);
        }
    }

    private static bool IsOurs(Process process)
    {
        using (process)
        {
            try
            {
                return OperatingSystem.IsLinux()
                    && File.ReadAllText($"/proc/{process.Id}/environ").Contains(Mark, StringComparison.Ordinal);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Ended meanwhile, or somebody else's.
                return false;
            }
        }
    }
}
