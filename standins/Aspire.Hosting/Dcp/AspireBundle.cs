// Stands in for the package Aspire.Hosting.Orchestration 13.5.4, and for Aspire.Dashboard.Sdk.

using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Platform.Tools;

namespace Aspire.Hosting.Dcp;

/// <summary>DCP and the dashboard: both lie in the one file of the Aspire CLI, which unpacks them when it is asked to.</summary>
internal sealed partial class AspireBundle(IConfiguration configuration, ILogger<AspireBundle> log)
{
    private static readonly TimeSpan SetupTimeout = TimeSpan.FromMinutes(3);

    /// <summary>The path of <c>dcp</c>.</summary>
    public string Dcp { get; private set; } = "";

    /// <summary>The path of <c>aspire-managed</c>.</summary>
    public string Managed { get; private set; } = "";

    /// <exception cref="DistributedApplicationException">They cannot be had; the message says what to do.</exception>
    public async Task InstallAsync(CancellationToken cancellationToken)
    {
        if (configuration["DcpPublisher:CliPath"] is { Length: > 0 } dcp && configuration["DcpPublisher:DashboardPath"] is { Length: > 0 } managed)
        {
            (Dcp, Managed) = (dcp, managed);
            if (new[] { dcp, managed }.FirstOrDefault(program => !File.Exists(program)) is { } missing)
            {
                throw new DistributedApplicationException($"{missing}, which DcpPublisher:CliPath or DcpPublisher:DashboardPath names, is not there.");
            }

            return;
        }

        var tools = configuration["AspireToolsPath"]
            ?? throw new DistributedApplicationException("The AppHost does not say where tools are installed: set AspireToolsPath in its project.");
        var home = Path.Combine(Path.GetFullPath(tools), $"aspire-{NpmPackages.AspireCli.Version}");
        try
        {
            var package = await NpmPackages.AspireCli.InstallAsync(tools, line => LogProgress(log, line), cancellationToken).ConfigureAwait(false);
            await UnpackAsync(Path.Combine(package, "bin", OperatingSystem.IsWindows() ? "aspire.exe" : "aspire"), home, cancellationToken).ConfigureAwait(false);
        }
        catch (NpmPackageException exception)
        {
            throw new DistributedApplicationException(exception.Message, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"DCP and the dashboard cannot be installed into {tools}: {exception.Message}", exception);
        }

        Dcp = Find(home, "dcp", OperatingSystem.IsWindows() ? "dcp.exe" : "dcp");
        Managed = Find(home, "managed", OperatingSystem.IsWindows() ? "aspire-managed.exe" : "aspire-managed");
    }

    private async Task UnpackAsync(string cli, string home, CancellationToken cancellationToken)
    {
        var complete = Path.Combine(home, "complete");
        if (File.Exists(complete))
        {
            return;
        }

        // A process that dies lets go of the file; the next one unpacks again.
        Directory.CreateDirectory(home);
        FileStream? turn = null;
        while (turn is null)
        {
            try
            {
                turn = new FileStream(Path.Combine(home, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(Path.Combine(home, "lock")))
            {
                await Task.Delay(200, cancellationToken).ConfigureAwait(false);
            }
        }

        await using (turn.ConfigureAwait(false))
        {
            if (File.Exists(complete))
            {
                return;
            }

            LogProgress(log, "Unpacking DCP and the Aspire dashboard (first run only) ...");
            var start = new ProcessStartInfo(cli, ["setup", "--install-path", home])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["ASPIRE_HOME"] = home, ["ASPIRE_CLI_TELEMETRY_OPTOUT"] = "true", ["NO_COLOR"] = "1" },
            };
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(SetupTimeout);
            using var setup = Process.Start(start)!;
            setup.StandardInput.Close();
            var output = setup.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = setup.StandardError.ReadToEndAsync(deadline.Token);
            try
            {
                await setup.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                setup.Kill(entireProcessTree: true);
                throw;
            }

            if (setup.ExitCode != 0)
            {
                var reason = (await output.ConfigureAwait(false) + await error.ConfigureAwait(false)).Trim().ReplaceLineEndings(" ");
                throw new DistributedApplicationException($"`{cli} setup` failed with exit code {setup.ExitCode}: {reason}");
            }

            await File.WriteAllTextAsync(complete, "", cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Find(string home, string folder, string program) =>
        Directory.EnumerateFiles(home, program, SearchOption.AllDirectories).FirstOrDefault(path => Path.GetFileName(Path.GetDirectoryName(path)) == folder)
        ?? throw new DistributedApplicationException($"{home} has no {folder}/{program}: delete that folder and run again.");

    [LoggerMessage(LogLevel.Information, "{Line}")]
    private static partial void LogProgress(ILogger logger, string line);
}
