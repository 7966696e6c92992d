using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Graph;

/// <summary>
/// What the AppHost cannot begin with: it says so in one line that tells what to do, ends with another code than 0, and leaves everything
/// as it was.
/// </summary>
public sealed class RefusedStartTests(DataFolder data) : IClassFixture<DataFolder>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;

    [Theory]
    [InlineData("--Platform:Topology=cloud", "Platform:Topology=cloud is no topology: name containers or embedded")]
    [InlineData("--Platform:Api:Replicas=0", "Platform:Api:Replicas=0 is no number of replicas: give 1 to 16")]
    [InlineData("--Platform:Api:Replicas=many", "Platform:Api:Replicas=many is no number of replicas")]
    [InlineData("--Platform:Edge:Port=65536", "Platform:Edge:Port=65536 is not a port: give a number")]
    [InlineData("--Platform:Postgres:Port=many", "Platform:Postgres:Port=many is not a port: give a number")]
    [InlineData("--Platform:Edge:Certificate=/nonexistent.pem", "Platform:Edge:Certificate=/nonexistent.pem is not there: name a PEM file")]
    [InlineData("--Platform:Edge:Key=/etc/hostname", "Platform:Edge:Certificate and Platform:Edge:Key go together: give both, or neither")]
    [InlineData("--ASPNETCORE_URLS=18888", "ASPNETCORE_URLS=18888 is not an address: give one such as http://localhost:18888")]
    [InlineData("--Parameters:backup-url=backups", "The parameter backup-url is neither the full path of a folder nor s3://KEY:SECRET@HOST/BUCKET")]
    [InlineData("--Parameters:backup-interval=daily", "The parameter backup-interval is no time such as 1.00:00:00")]
    [InlineData("--Parameters:backup-keep=7", "The parameter backup-keep is not how many daily, weekly and monthly ones to keep")]
    [InlineData("--Parameters:backup-key=too-short", "The parameter backup-key has to have at least 32 characters")]
    [InlineData("--restore", "--restore needs an archive's name, `latest`, or the path of a file")]
    [InlineData("--restore=./nowhere.tar.gz", "nowhere.tar.gz is not there: correct its path")]
    [InlineData("--DcpPublisher:CliPath=/nonexistent/dcp", "DCP is not at /nonexistent/dcp: `dotnet build Platform.AppHost`")]
    public async Task An_argument_that_means_nothing_is_refused(string argument, string line)
    {
        await RefusedAsync(_folder, [], [argument], line);
        Assert.False(Directory.Exists(Path.Combine(_folder, "postgres")));
    }

    [Theory]
    [InlineData("Parameters__api-kye", "x", "There is no parameter api-kye: correct its name", "api-key")]
    [InlineData("DcpPublisher__CliPath", "/nonexistent", "DCP is not at /nonexistent", "dotnet build Platform.AppHost")]
    [InlineData("DcpPublisher__DashboardPath", "/nonexistent", "Aspire's dashboard is not at /nonexistent", "dotnet build Platform.AppHost")]
    public async Task A_variable_that_means_nothing_is_refused(string name, string value, params string[] line)
    {
        await RefusedAsync(_folder, new() { [name] = value }, [], line);
        Assert.False(Directory.Exists(Path.Combine(_folder, "postgres")));
    }

    [Theory]
    [InlineData("Platform:Edge:Port", "{0}")]
    [InlineData("Platform:Api:Port", "{0}")]
    [InlineData("Platform:Postgres:Port", "{0}")]
    [InlineData("ASPNETCORE_URLS", "http://localhost:{0}")]
    [InlineData("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "http://localhost:{0}")]
    [InlineData("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "http://localhost:{0}")]
    public async Task A_port_that_another_program_listens_on_is_refused(string setting, string value)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await RefusedAsync(
            _folder, [], [$"--{setting}={string.Format(null, value, port)}"],
            $"Port {port} is taken: end the program that uses it", $"`-- --{setting}=");
        Assert.False(Directory.Exists(Path.Combine(_folder, "postgres")));
    }

    [Fact]
    public async Task Containers_without_an_engine_are_refused()
    {
        // A client that has no server to talk to.
        var docker = Path.Combine(_folder, "docker");
        await File.WriteAllTextAsync(docker, "#!/bin/sh\necho 'Cannot connect to the Docker daemon.' >&2\nexit 1\n");
        File.SetUnixFileMode(docker, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await RefusedAsync(
            _folder,
            new() { ["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}" },
            ["--Platform:Topology=containers"],
            "Platform:Topology=containers needs a container engine, and `docker version` reaches none: start it");
        await RefusedAsync(
            _folder,
            new() { ["ASPIRE_CONTAINER_RUNTIME"] = "no-such-engine" },
            ["--Platform:Topology=containers"],
            "`no-such-engine version` reaches none");
    }

    [Fact]
    public async Task A_folder_with_other_files_is_refused()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "postgres"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "postgres", "thesis.txt"), "the only copy");
        await RefusedAsync(_folder, [], [], "is not a PostgreSQL data folder: move it away");
    }

    [Fact]
    public async Task Data_of_another_major_version_is_refused()
    {
        var copy = await data.CopyAsync();
        await File.WriteAllTextAsync(Path.Combine(copy, "postgres", "PG_VERSION"), "17\n");
        await RefusedAsync(copy, [], [], "belongs to PostgreSQL 17, this is 18: move the data with pg_dump");
    }

    [Fact]
    public async Task Data_with_a_damaged_control_file_is_refused()
    {
        var copy = await data.CopyAsync();
        using (var control = File.OpenWrite(Path.Combine(copy, "postgres", "global", "pg_control")))
        {
            control.SetLength(100);
        }

        await RefusedAsync(copy, [], [], "is damaged", "restore a backup");
    }

    [Fact]
    public async Task Data_without_a_control_file_is_refused()
    {
        var copy = await data.CopyAsync();
        File.Delete(Path.Combine(copy, "postgres", "global", "pg_control"));
        await RefusedAsync(copy, [], [], "is damaged", "restore a backup");
    }

    [Fact]
    public async Task A_data_folder_that_is_a_file_is_refused()
    {
        var file = Path.Combine(_folder, "data");
        await File.WriteAllTextAsync(file, "the only copy");
        await RefusedAsync(file, [], [], $"The data folder {file} cannot be written", "`-- --Platform:DataDirectory=");
        Assert.Equal("the only copy", await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task A_disk_that_is_read_only_is_refused()
    {
        var copy = await data.CopyAsync();
        using var mount = Process.Start("mount", ["--bind", copy, copy]);
        await mount.WaitForExitAsync();
        if (mount.ExitCode != 0)
        {
            // Only who may mount can make such a disk; CI may, and must not pass without.
            Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
            return;
        }

        try
        {
            using var readOnly = Process.Start("mount", ["-o", "remount,bind,ro", copy]);
            await readOnly.WaitForExitAsync();
            Assert.Equal(0, readOnly.ExitCode);
            await RefusedAsync(copy, [], [], $"The data folder {copy} cannot be written (Read-only file system", "`-- --Platform:DataDirectory=");
        }
        finally
        {
            using var unmount = Process.Start("umount", [copy]);
            await unmount.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task A_password_that_the_data_was_not_created_with_leaves_the_rest_waiting_and_is_told()
    {
        await using var host = new AppHostProcess(
            await data.CopyAsync(), FreePort.Next(), "--Platform:Api:Replicas=1", "--Parameters:postgres-password=another", "--Parameters:mail-to=");
        const string Reason = "The parameter postgres-password is not the password that";
        await Eventually.IsTrueAsync(() => Task.FromResult(
            Reminder(host, "api") is { } api && api.Contains("postgres is Running, not healthy yet", StringComparison.Ordinal)
            && api.Contains(Reason, StringComparison.Ordinal)
            && Reminder(host, "edge")?.Contains("api is Waiting for postgres", StringComparison.Ordinal) == true), PlatformGraph.Patience);
        Assert.Matches(@"postgres +Running", host.Log);
        Assert.DoesNotMatch(@"(api|edge) +Running", host.Log);
        Assert.Equal(0, await host.StopAsync());
        await host.NothingIsLeftAsync(within: TimeSpan.FromSeconds(10));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string? Reminder(AppHostProcess host, string resource) =>
        host.Log.Split('\n').FirstOrDefault(line => line.Contains($"{resource} has been waiting for 2", StringComparison.Ordinal));

    private static async Task RefusedAsync(string dataDirectory, Dictionary<string, string> environment, string[] arguments, params string[] inLine)
    {
        var before = Files(dataDirectory);
        await using var host = new AppHostProcess(dataDirectory, FreePort.Next(), environment, arguments);
        Assert.NotEqual(0, await host.ExitCodeAsync());
        var line = Assert.Single(host.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(inLine, part => Assert.Contains(part, line, StringComparison.Ordinal));
        await host.NothingIsLeftAsync(within: TimeSpan.FromSeconds(10));
        var after = Files(dataDirectory);
        Assert.All(before, file => Assert.Equal(file.Value, after.GetValueOrDefault(file.Key)));
    }

    private static Dictionary<string, string> Files(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(file => file, file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))))
        : [];
}
