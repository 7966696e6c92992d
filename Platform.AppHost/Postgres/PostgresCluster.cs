using System.Diagnostics;
using System.Text;
using Platform.Tools;

namespace Platform.AppHost.Postgres;

/// <summary>
/// A private PostgreSQL: its programs (from npm), its data folder, and the account that it runs as. PostgreSQL refuses to run as root,
/// so where the AppHost is root, as in containers and CI, the programs and the data belong to an unprivileged account.
/// </summary>
internal sealed class PostgresCluster
{
    /// <summary>The superuser that <c>initdb</c> creates.</summary>
    public const string UserName = "postgres";

    // The major version of NpmPackages.Postgres: data folders of another one cannot be opened.
    private const string MajorVersion = "18";
    private static readonly TimeSpan InitializeTimeout = TimeSpan.FromMinutes(2);

    private readonly string _programs;
    private readonly string _toolsDirectory;
    private readonly Account? _account;

    /// <param name="toolsDirectory">Where programs from npm are installed.</param>
    /// <param name="dataDirectory">The data folder; it is created on first use.</param>
    public PostgresCluster(string toolsDirectory, string dataDirectory)
    {
        _toolsDirectory = toolsDirectory;
        _programs = Path.Combine(NpmPackages.Postgres.DirectoryIn(toolsDirectory), "native", "bin");
        _account = Environment.IsPrivilegedProcess && OperatingSystem.IsLinux() ? UnprivilegedAccount() : null;
        DataDirectory = dataDirectory;
    }

    /// <summary>The data folder.</summary>
    public string DataDirectory { get; }

    /// <summary>The server's command, without the port: durable, on loopback only, sized as the original.</summary>
    public (string Program, string[] Arguments) ServerCommand() => AsAccount(
        "postgres",
        "-D", DataDirectory,
        "-c", "listen_addresses=127.0.0.1",
        "-c", "unix_socket_directories=",
        "-c", "max_connections=200",
        "-c", "shared_buffers=256MB",
        "-c", "effective_cache_size=1GB",
        "-c", "work_mem=16MB",
        "-c", "fsync=on",
        "-c", "synchronous_commit=on",
        "-c", "full_page_writes=on",
        "-c", "log_timezone=UTC",
        "-c", "timezone=UTC");

    /// <summary>Installs the programs and creates the data folder, unless they are there.</summary>
    /// <param name="password">The superuser's password, used when the folder is created.</param>
    /// <param name="progress">Is given one line a step that takes time.</param>
    /// <param name="cancellationToken">Stops the preparation; a half-made data folder is never left in place.</param>
    /// <exception cref="NpmPackageException">The programs could not be fetched.</exception>
    /// <exception cref="PostgresClusterException">The data folder cannot be created or used.</exception>
    public async Task PrepareAsync(string password, Action<string> progress, CancellationToken cancellationToken)
    {
        await NpmPackages.Postgres.InstallAsync(_toolsDirectory, progress, cancellationToken);
        if (Directory.Exists(DataDirectory) && Directory.EnumerateFileSystemEntries(DataDirectory).Any())
        {
            await CheckDataAsync(cancellationToken);
            return;
        }

        progress($"Creating a PostgreSQL {MajorVersion} database cluster in {DataDirectory} ...");
        await InitializeAsync(password, cancellationToken);
    }

    private async Task CheckDataAsync(CancellationToken cancellationToken)
    {
        var versionFile = Path.Combine(DataDirectory, "PG_VERSION");
        if (!File.Exists(versionFile))
        {
            throw new PostgresClusterException(
                $"{DataDirectory} is not empty and is not a PostgreSQL data folder: move it away, or name another one with "
                + "Platform:DataDirectory.");
        }

        var version = (await File.ReadAllTextAsync(versionFile, cancellationToken)).Trim();
        if (version != MajorVersion)
        {
            throw new PostgresClusterException(
                $"{DataDirectory} belongs to PostgreSQL {version}, this is {MajorVersion}: move the data with pg_dump and pg_restore, or name "
                + "another folder with Platform:DataDirectory.");
        }

        if (_account is not null)
        {
            await RunAsync("chown", ["-R", $"{_account.UserId}:{_account.GroupId}", DataDirectory], cancellationToken);
        }

        if (!File.Exists(Path.Combine(DataDirectory, "postmaster.pid")))
        {
            // Asked for a value that only the control file knows, the server reads and checks that file, and changes nothing.
            var (program, arguments) = AsAccount("postgres", "-D", DataDirectory, "-C", "data_checksums");
            try
            {
                await RunAsync(program, arguments, cancellationToken);
            }
            catch (PostgresClusterException exception)
            {
                throw new PostgresClusterException(
                    $"{DataDirectory} is damaged ({exception.Message}): restore a backup into it, or name another folder with Platform:DataDirectory. "
                    + "Nothing in it was changed.");
            }
        }
    }

    private async Task InitializeAsync(string password, CancellationToken cancellationToken)
    {
        // Made beside its place and moved there when complete: a first run that is killed leaves nothing that looks like a database.
        var unfinished = DataDirectory + ".new";
        var passwordFile = DataDirectory + ".password";
        if (Directory.Exists(unfinished))
        {
            Directory.Delete(unfinished, recursive: true);
        }

        Directory.CreateDirectory(unfinished);
        try
        {
            OwnerOnlyFile.Write(passwordFile, Encoding.UTF8.GetBytes(password));
            if (_account is not null)
            {
                await RunAsync("chown", ["-R", $"{_account.UserId}:{_account.GroupId}", unfinished, passwordFile], cancellationToken);
            }

            var (program, arguments) = AsAccount(
                "initdb",
                "--pgdata", unfinished,
                "--username", UserName,
                "--pwfile", passwordFile,
                "--auth", "scram-sha-256",
                "--encoding", "UTF8",
                "--locale-provider", "builtin",
                "--builtin-locale", "C.UTF-8",
                "--locale", "C",
                "--data-checksums");
            await RunAsync(program, arguments, cancellationToken);
            if (Directory.Exists(DataDirectory))
            {
                Directory.Delete(DataDirectory);
            }

            Directory.Move(unfinished, DataDirectory);
        }
        finally
        {
            File.Delete(passwordFile);
        }
    }

    private static async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(InitializeTimeout);
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetPathRoot(Environment.CurrentDirectory)!,
        })!;
        var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        var error = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        await output;
        if (process.ExitCode != 0)
        {
            var reason = (await error).Trim().ReplaceLineEndings(" ");
            throw new PostgresClusterException($"{Path.GetFileName(program)} failed with exit code {process.ExitCode}: {reason}");
        }
    }

    private (string Program, string[] Arguments) AsAccount(string program, params string[] arguments)
    {
        var path = Path.Combine(_programs, OperatingSystem.IsWindows() ? program + ".exe" : program);
        if (_account is null)
        {
            return (path, arguments);
        }

        string[] privileges = [$"--reuid={_account.UserId}", $"--regid={_account.GroupId}", "--clear-groups", "--no-new-privs"];
        if (!OthersMayEnter(_programs) || !OthersMayEnter(Path.GetDirectoryName(DataDirectory)!))
        {
            // The folder lies in one that only root may enter (a home, a temporary folder). The account is let through with the one
            // capability to search folders; without no_setuid_fixup, access(2), which PostgreSQL finds its programs with, ignores it.
            privileges =
            [
                .. privileges,
                "--inh-caps=-all,+dac_read_search",
                "--ambient-caps=-all,+dac_read_search",
                "--bounding-set=-all,+dac_read_search",
                "--securebits=+no_setuid_fixup",
            ];
        }

        return ("setpriv", [.. privileges, path, .. arguments]);
    }

    private static bool OthersMayEnter(string folder)
    {
        for (var ancestor = new DirectoryInfo(folder); ancestor is not null; ancestor = ancestor.Parent)
        {
            // What is not there yet will be created by this process, with its umask.
            if (ancestor.Exists && !OperatingSystem.IsWindows() && !ancestor.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>PostgreSQL's own account where a distribution has made one, else <c>nobody</c>, which every Linux has.</summary>
    private static Account UnprivilegedAccount()
    {
        // name:password:uid:gid:comment:home:shell
        var accounts = File.ReadLines("/etc/passwd")
            .Select(line => line.Split(':'))
            .Where(fields => fields.Length == 7)
            .ToLookup(fields => fields[0]);
        var found = accounts["postgres"].Concat(accounts["nobody"]).FirstOrDefault()
            ?? throw new PostgresClusterException(
                "PostgreSQL does not run as root, and there is neither an account postgres nor nobody to run it as: add one.");
        return new(found[2], found[3]);
    }

    private sealed record Account(string UserId, string GroupId);
}
