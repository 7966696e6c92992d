using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>A machine without Prometheus, as most are.</summary>
public sealed class MissingProgramsTests : IDisposable
{
    private readonly DirectoryInfo _programs = Directory.CreateTempSubdirectory("platform-test-");
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("platform-test-");

    public void Dispose()
    {
        _programs.Delete(recursive: true);
        _data.Delete(recursive: true);
    }

    [Fact]
    [Trait("Defect", "D26")]
    public async Task Platform_runs_without_Prometheus_and_says_so_in_one_line()
    {
        foreach (var program in Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Where(Directory.Exists)
            .SelectMany(Directory.EnumerateFiles)
            .Where(program => !Path.GetFileName(program).StartsWith("prometheus", StringComparison.Ordinal))
            .DistinctBy(Path.GetFileName))
        {
            File.CreateSymbolicLink(Path.Combine(_programs.FullName, Path.GetFileName(program)), program);
        }

        await using var host = await new AppHostProcess(
            _data.FullName, FreePort.Next(), new Dictionary<string, string> { ["PATH"] = _programs.FullName }, "--Platform:Monitoring=true").WhenHealthyAsync();
        await host.SaysAsync("Everything is healthy.");
        Assert.Contains("Left out, because this machine has them not: prometheus (on Debian: apt install prometheus)\n", host.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("alertmanager", host.Log, StringComparison.Ordinal);
    }
}
