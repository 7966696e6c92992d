using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Platform.Tests.Fixtures;

/// <summary>The AppHost as a process of its own, as <c>dotnet run</c> starts it: it can be signalled and killed.</summary>
internal sealed class AppHostProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly StringBuilder _log = new();

    public AppHostProcess(string dataDirectory, int edgePort, params string[] arguments) : this(dataDirectory, edgePort, [], arguments)
    {
    }

    public AppHostProcess(string dataDirectory, int edgePort, Dictionary<string, string> environment, params string[] arguments)
    {
        DataDirectory = dataDirectory;
        Edge = new HttpClient { BaseAddress = new Uri($"http://localhost:{edgePort}"), Timeout = TimeSpan.FromSeconds(10) };
        var start = new ProcessStartInfo("dotnet",
        [
            Repository.Assembly("Platform.AppHost"),
            "--Platform:Topology=embedded",
            PlatformGraph.Unwatched,
            $"--Platform:DataDirectory={dataDirectory}",
            .. PlatformGraph.BackupsIn(dataDirectory),
            $"--Platform:Edge:Port={edgePort}",
            $"--ASPNETCORE_URLS=http://localhost:{FreePort.Next()}",
            $"--ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL=http://localhost:{FreePort.Next()}",
            $"--ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL=http://localhost:{FreePort.Next()}",
            .. arguments,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.Combine(Repository.Root, "Platform.AppHost"),
            Environment = { ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true", ["PLATFORM_TEST_RUN"] = Mark.Split('=')[1] },
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        start.Environment.Remove("ASPNETCORE_URLS");
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string DataDirectory { get; }

    /// <summary>In the environment of everything that the AppHost starts, directly or not.</summary>
    public string Mark { get; } = $"PLATFORM_TEST_RUN={Guid.NewGuid():n}";

    public HttpClient Edge { get; }

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public string ApiKey => Secret("api-key");

    public string Secret(string name) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(DataDirectory, "secrets.json")))![name];

    /// <summary>Returns when the edge answers that the platform is healthy.</summary>
    public async Task<AppHostProcess> WhenHealthyAsync()
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            Assert.False(_process.HasExited, $"The AppHost ended:\n{Log}");
            Assert.True(watch.Elapsed < Patience, $"Platform is not healthy:\n{Log}");
            try
            {
                using var answer = await Edge.GetAsync("/health");
                if (answer.IsSuccessStatusCode)
                {
                    return this;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(100);
        }
    }

    /// <summary>Returns when the console has said it.</summary>
    public async Task SaysAsync(string text)
    {
        var watch = Stopwatch.StartNew();
        while (!Log.Contains(text, StringComparison.Ordinal))
        {
            Assert.True(watch.Elapsed < Patience, $"'{text}' is missing:\n{Log}");
            await Task.Delay(50);
        }
    }

    /// <summary>The environment of everything that this AppHost has started, and the command of each.</summary>
    public List<(string Command, string[] Environment)> Programs() => [.. Marked().Where(program => program.Id != _process.Id)
        .Select(program => (program.Command, program.Environment.Split('\0')))];

    /// <summary>The processes that this AppHost has started, directly or not, and whose command has this in it.</summary>
    public int[] ProcessIds(string command) =>
        [.. Marked().Where(program => program.Command.Contains(command, StringComparison.Ordinal)).Select(program => program.Id)];

    /// <summary>SIGKILL to the AppHost alone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and the exit code.</summary>
    public async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        return await ExitCodeAsync();
    }

    public async Task<int> ExitCodeAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <summary>Returns when no process is left of all that this AppHost has started.</summary>
    public async Task NothingIsLeftAsync(TimeSpan within)
    {
        var watch = Stopwatch.StartNew();
        while (Left() is { Count: > 0 } left)
        {
            Assert.True(watch.Elapsed < within, $"Left running after {within}: {string.Join("; ", left)}");
            await Task.Delay(100);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        await NothingIsLeftAsync(Patience);
        Edge.Dispose();
        _process.Dispose();
    }

    private List<string> Left() => [.. Marked().Select(program => $"{program.Id} {program.Command}")];

    private IEnumerable<(int Id, string Command, string Environment)> Marked()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var id))
            {
                continue;
            }

            (int, string, string)? found = null;
            try
            {
                if (File.ReadAllText(Path.Combine(folder, "environ")) is var environment && environment.Contains(Mark, StringComparison.Ordinal))
                {
                    found = (id, File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' '), environment);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Ended meanwhile, or not ours.
            }

            if (found is { } program)
            {
                yield return program;
            }
        }
    }

    private void Append(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }
}
