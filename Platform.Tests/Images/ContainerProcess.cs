using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Platform.Tests.Api;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Images;

/// <summary>
/// An image's program as a container runs it, as far as that goes without a container: its own files, entry point and environment, an account
/// without rights, and one folder that it may write to.
/// </summary>
internal sealed class ContainerProcess : IAsyncDisposable
{
    // Nobody: not "app", which only the images have.
    private static readonly string[] Unprivileged =
    [
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
        "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all",
    ];

    private readonly string[] _command;
    private readonly Dictionary<string, string> _environment;
    private readonly DirectoryInfo _temporary;
    private readonly string _folder;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly Process _process;

    private ContainerProcess(PublishedImage image, string folder, DirectoryInfo temporary, Dictionary<string, string> environment)
    {
        var (port, managementPort) = (FreePort.Next(), FreePort.Next());
        _folder = folder;
        _temporary = temporary;
        var command = image.Command.Select(part => part.StartsWith('/') ? folder + part : part);
        _command = [.. Environment.IsPrivilegedProcess ? Unprivileged : [], .. command];
        _environment = new(image.Environment)
        {
            // Where this machine has dotnet.
            ["PATH"] = Environment.GetEnvironmentVariable("PATH")!,
            ["TMPDIR"] = temporary.FullName,
            ["ASPNETCORE_HTTP_PORTS"] = $"{port};{managementPort}",
            ["Management__Port"] = managementPort.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var (name, value) in environment)
        {
            _environment[name] = value;
        }

        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(30) };
        _process = new Process { StartInfo = StartOf([]) };
        _process.StartInfo.RedirectStandardError = true;
        _process.StartInfo.RedirectStandardOutput = true;
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>A client of the public port.</summary>
    public HttpClient Client { get; }

    /// <summary>Starts it and returns when its health check is healthy.</summary>
    /// <param name="project">Whose image it is.</param>
    /// <param name="images">The images.</param>
    /// <param name="environment">Of this container, beside that of the image.</param>
    public static async Task<ContainerProcess> StartAsync(string project, ImageFixture images, Dictionary<string, string> environment)
    {
        var folder = images.Folder.CreateSubdirectory($"root-{project}").FullName;
        await images[project].UnpackAsync(folder);
        var container = new ContainerProcess(images[project], folder, images.CreateWritableFolder(), environment);
        await ApiFixture.EventuallyAsync(
            async () =>
            {
                Assert.False(container._process.HasExited, string.Join('\n', container._log));
                return (await container.HealthAsync()).ExitCode == 0;
            },
            $"{project} is healthy",
            seconds: 30);
        return container;
    }

    /// <summary>The health check: the program once more, in the same environment.</summary>
    public Task<Finished> HealthAsync() => Finished.RunAsync(StartOf(["--health"]));

    /// <summary>The files in its temporary folder.</summary>
    public IReadOnlyList<string> TemporaryFiles() => Directory.GetFileSystemEntries(_temporary.FullName, "*", SearchOption.AllDirectories);

    /// <summary>Ends it as a container is ended, and returns all that it wrote to its console.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        await Finished.RunAsync(new ProcessStartInfo("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(patience.Token);
        Assert.Equal(0, _process.ExitCode);
        return [.. _log];
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Client.Dispose();
    }

    private ProcessStartInfo StartOf(string[] arguments)
    {
        var start = new ProcessStartInfo(_command[0], [.. _command[1..], .. arguments]) { WorkingDirectory = Path.Combine(_folder, "app") };
        start.Environment.Clear();
        foreach (var (name, value) in _environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private void Append(string? line)
    {
        if (line is not null)
        {
            _log.Enqueue(line);
        }
    }
}
