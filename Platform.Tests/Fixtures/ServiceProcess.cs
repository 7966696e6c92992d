using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Platform.Tests.Fixtures;

/// <summary>
/// A service of Platform as a process of its own, as the AppHost runs it: <c>dotnet {project}.dll</c> with its configuration in the
/// environment, a public and a management listener on free ports.
/// </summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly StringBuilder _log;

    private ServiceProcess(Process process, StringBuilder log, int port, int managementPort, string host)
    {
        _process = process;
        _log = log;
        Port = port;
        ManagementPort = managementPort;
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = new Uri($"http://{host}:{port}"),
            Timeout = Patience,
        };
        Management = new HttpClient { BaseAddress = new Uri($"http://{host}:{managementPort}"), Timeout = Patience };
    }

    public int Port { get; }

    public int ManagementPort { get; }

    /// <summary>A client of the public listener that follows no redirects.</summary>
    public HttpClient Client { get; }

    /// <summary>A client of the management listener.</summary>
    public HttpClient Management { get; }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>What the service wrote to its console so far.</summary>
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

    /// <summary>Starts the project and returns when it listens, or has ended.</summary>
    /// <param name="project">The project's name, such as <c>Platform.Api</c>.</param>
    /// <param name="environment">Configuration, in the form of environment variables.</param>
    /// <param name="host">The address to listen on; all of 127.0.0.0/8 is this machine.</param>
    public static async Task<ServiceProcess> StartAsync(
        string project, IEnumerable<KeyValuePair<string, string>> environment, string host = "127.0.0.1")
    {
        for (var attempt = 1; ; attempt++)
        {
            var service = Start(project, environment, host);
            var deadline = Stopwatch.StartNew();
            while (!service._process.HasExited && !service.Log.Contains("Application started", StringComparison.Ordinal))
            {
                if (deadline.Elapsed > Patience)
                {
                    await service.DisposeAsync();
                    Assert.Fail($"{project} did not start:\n{service.Log}");
                }

                await Task.Delay(20);
            }

            if (service.HasExited)
            {
                await service.WhenEndedAsync();
            }

            // Somebody else may have taken the port between its choice and its use.
            if (service.HasExited && attempt < 3 && service.Log.Contains("address already in use", StringComparison.OrdinalIgnoreCase))
            {
                await service.DisposeAsync();
                continue;
            }

            return service;
        }
    }

    /// <summary>Returns when <c>/health/ready</c> answers 200.</summary>
    public async Task<ServiceProcess> WhenReadyAsync()
    {
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            Assert.False(HasExited, $"The service ended:\n{Log}");
            using var answer = await Management.GetAsync("/health/ready");
            if (answer.IsSuccessStatusCode)
            {
                return this;
            }

            Assert.True(deadline.Elapsed < Patience, $"The service is not ready: {await answer.Content.ReadAsStringAsync()}\n{Log}");
            await Task.Delay(50);
        }
    }

    /// <summary>Returns when the service has ended by itself, and its log is whole.</summary>
    public async Task WhenEndedAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and the time that the service took to end.</summary>
    public async Task<TimeSpan> StopAsync()
    {
        var watch = Stopwatch.StartNew();
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(patience.Token);
        return watch.Elapsed;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        Client.Dispose();
        Management.Dispose();
        _process.Dispose();
    }

    private static ServiceProcess Start(string project, IEnumerable<KeyValuePair<string, string>> environment, string host)
    {
        var port = FreePort.Next();
        var managementPort = FreePort.Next();
        var assembly = Repository.Assembly(project);
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet", [assembly])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // The AppHost runs a project in its own folder: a web project finds its wwwroot there.
            WorkingDirectory = Path.Combine(Repository.Root, project),
        };
        foreach (var name in start.Environment.Keys.Where(IsOurs).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["ASPNETCORE_URLS"] = $"http://{host}:{port};http://{host}:{managementPort}";
        start.Environment["Management__Port"] = managementPort.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in environment)
        {
            // Its two listeners are always there.
            start.Environment[name] = name == "ASPNETCORE_URLS" ? $"{start.Environment[name]};{value}" : value;
        }

        var log = new StringBuilder();
        var process = new Process { StartInfo = start };
        DataReceivedEventHandler append = (_, line) =>
        {
            lock (log)
            {
                log.AppendLine(line.Data);
            }
        };
        process.OutputDataReceived += append;
        process.ErrorDataReceived += append;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ServiceProcess(process, log, port, managementPort, host);
    }

    // What the test host was started with is not meant for the service.
    private static bool IsOurs(string name) =>
        name.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Management__", StringComparison.OrdinalIgnoreCase) || name.StartsWith("ConnectionStrings__", StringComparison.OrdinalIgnoreCase);

}
