using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Platform.Tests.Api;
using Platform.Tests.Fixtures;
using Xunit.Abstractions;

namespace Platform.Tests.Faults;

/// <summary>
/// Platform as one command starts it, with its data on a disk of its own, for tests that kill, freeze, fill and slow down what it is made of.
/// They run one after the other, and nothing runs beside them.
/// </summary>
[CollectionDefinition(nameof(FaultyPlatform), DisableParallelization = true)]
public sealed class FaultyPlatform : IAsyncLifetime, ICollectionFixture<FaultyPlatform>
{
    /// <summary>How long a test waits for what must happen, where nothing shorter is promised.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>The service is back so long after what it needs.</summary>
    public static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, string> _settings = new()
    {
        // What people must wait for in production is not waited for here.
        ["Documents__UploadTimeout"] = "00:00:06",
        ["Storage__SweepInterval"] = "00:00:01",
        ["Processing__Lease"] = "00:00:05",
        ["Processing__RetryDelay"] = "00:00:01",
        ["Processing__DependencyDelay"] = "00:00:01",
        ["Mail__TimeoutSeconds"] = "2",
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;
    private readonly int _edgePort = FreePort.Next();
    private readonly int _postgresPort = FreePort.Next();

    /// <summary>More settings of the services, as environment variables.</summary>
    internal Dictionary<string, string> Settings
    {
        init => value.ToList().ForEach(setting => _settings.Add(setting.Key, setting.Value));
    }

    internal AppHostProcess AppHost { get; private set; } = null!;

    /// <summary>The disk of the data; null where this machine does not let one be made.</summary>
    internal DataDisk? Disk { get; private set; }

    internal string DataDirectory => Path.Combine(Disk?.Folder ?? _folder, "data");

    internal string ObjectsDirectory => Path.Combine(DataDirectory, "objects");

    internal Uri Edge => new($"http://localhost:{_edgePort}");

    internal string Database => $"Host=127.0.0.1;Port={_postgresPort};Username=postgres;Password={AppHost.Secret("postgres-password")};"
        + "Database=platformdb;Timeout=5;Command Timeout=30";

    internal int[] Apis => AppHost.ProcessIds("/Platform.Api");

    internal int[] Edges => AppHost.ProcessIds("/Platform.Edge");

    internal int[] Mails => AppHost.ProcessIds("bin/maildev");

    /// <summary>All mail that has come.</summary>
    internal async Task<string> InboxAsync()
    {
        using var client = new HttpClient();
        var command = await File.ReadAllTextAsync($"/proc/{Assert.Single(Mails)}/cmdline");
        var port = command.Split('\0').SkipWhile(argument => argument != "--web").ElementAt(1);
        return await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/email"));
    }

    /// <summary>The postmaster; null when there is none. A process that it has just made has its command for a moment.</summary>
    internal int? Postmaster => AppHost.ProcessIds("bin/postgres -D") is { Length: > 0 } ids ? ids.Min() : null;

    public async Task InitializeAsync()
    {
        Disk = await DataDisk.MountAsync();
        try
        {
            await StartAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        await AppHost.StopAsync();
        await AppHost.DisposeAsync();
        if (Disk is not null)
        {
            await Disk.UnmountAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>SIGKILL to the AppHost, and the one command again, on the same data, once nothing is left of the first run.</summary>
    internal async Task KillAndStartAsync()
    {
        await AppHost.KillAsync();
        await AppHost.NothingIsLeftAsync(within: Recovery);
        await AppHost.DisposeAsync();
        await StartAsync();
    }

    /// <summary>
    /// Does something to Platform while clients use it, each time at a random moment, and then looks whether it kept its word: the service is
    /// back in time, what was acknowledged is there exactly once, and nothing is left over.
    /// </summary>
    /// <param name="output">Is told the seed of the moments; the variable <c>PLATFORM_FAULTS_SEED</c> sets it.</param>
    /// <param name="rounds">How often.</param>
    /// <param name="fault">Returns when what it took away is back.</param>
    /// <param name="check">What else must hold in the end.</param>
    internal async Task EndureAsync(
        ITestOutputHelper output, int rounds, Func<Load, Random, Task> fault, Func<Ledger, Task>? check = null)
    {
        var seed = Environment.GetEnvironmentVariable("PLATFORM_FAULTS_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        output.WriteLine($"PLATFORM_FAULTS_SEED={seed}");
        var random = new Random(seed);
        var ledger = new Ledger();
        await using (var load = await Load.StartAsync(Edge, AppHost.ApiKey, ledger))
        {
            for (var round = 1; round <= rounds; round++)
            {
                await load.AcknowledgesAsync(random.Next(20, 150), Patience);
                await fault(load, random);
                var recovery = await load.RecoversAsync(Recovery);
                output.WriteLine($"round {round}: everything is acknowledged again after {recovery.TotalSeconds:0.0} s");
            }

            await load.AcknowledgesAsync(50, Patience);
        }

        output.WriteLine(ledger.ToString());
        await ledger.AssertNothingLostAsync(this);
        await AssertNothingLeaksAsync(output);
        if (check is not null)
        {
            await check(ledger);
        }
    }

    /// <summary>Returns when PostgreSQL lets clients in.</summary>
    internal Task PostgresAnswersAsync(TimeSpan? within = null) => Eventually.IsTrueAsync(async () =>
    {
        try
        {
            return await QueryAsync<int>("SELECT 1") == 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }, within ?? Patience);

    internal Task<T> QueryAsync<T>(string sql) => ApiFixture.QueryAsync<T>(Database, sql);

    /// <summary>PostgreSQL's processes, the postmaster first.</summary>
    internal int[] PostgresProcesses()
    {
        var postmaster = Assert.NotNull(Postmaster);
        return [postmaster, .. Processes().Where(process => process.Parent == postmaster).Select(process => process.Id)];
    }

    internal static void Signal(string signal, params int[] processes)
    {
        using var kill = Process.Start("kill", [$"-{signal}", .. processes.Select(id => id.ToString(CultureInfo.InvariantCulture))]);
        kill.WaitForExit();
    }

    private async Task StartAsync()
    {
        AppHost = new(DataDirectory, _edgePort, _settings, $"--Platform:Postgres:Port={_postgresPort.ToString(CultureInfo.InvariantCulture)}");
        await AppHost.WhenHealthyAsync();
    }

    /// <summary>No process too many, none that is dead and not buried, no connection that is held, and no more memory than there should be.</summary>
    private async Task AssertNothingLeaksAsync(ITestOutputHelper output)
    {
        await Eventually.IsTrueAsync(
            () => Task.FromResult((Apis.Length, Edges.Length, Mails.Length, Postmaster is null) == (2, 1, 1, false)), Patience);
        await Eventually.IsTrueAsync(async () => await QueryAsync<long>("""
            SELECT count(*) FROM pg_stat_activity WHERE application_name = 'platform-api' AND state <> 'idle'
            """) == 0, Patience);
        // Of two replicas: the pools, and nothing of processes that are gone.
        Assert.InRange(
            await QueryAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'platform-api'"), 2, 100);
        Assert.Equal(0, await QueryAsync<long>("SELECT count(*) FROM pg_prepared_xacts"));
        await Eventually.IsTrueAsync(() =>
        {
            var processes = Processes();
            var ours = AppHost.ProcessIds("").ToHashSet();
            var apis = Apis.ToHashSet();
            return Task.FromResult(!processes.Any(process =>
                (process.State == 'Z' && ours.Contains(process.Parent))
                // Readers of documents have an environment of their own; each belongs to an API.
                || (process.Command.StartsWith(Repository.Root, StringComparison.Ordinal)
                    && process.Command.EndsWith("Platform.Api extract ", StringComparison.Ordinal) && !apis.Contains(process.Parent))));
        }, Patience);
        foreach (var id in Apis.Concat(Edges))
        {
            var resident = long.Parse(
                (await File.ReadAllLinesAsync($"/proc/{id}/status")).Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture) / 1024;
            var files = Directory.GetFileSystemEntries($"/proc/{id}/fd").Length;
            output.WriteLine($"process {id}: {resident} MiB, {files} handles");
            Assert.InRange(resident, 1, 512);
            Assert.InRange(files, 1, 600);
        }
    }

    private static List<(int Id, int Parent, char State, string Command)> Processes()
    {
        var processes = new List<(int, int, char, string)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var id))
            {
                continue;
            }

            try
            {
                // pid (name) state parent ...; the name may have anything in it.
                var fields = File.ReadAllText(Path.Combine(folder, "stat")).Split(") ")[^1].Split(' ');
                var command = File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ');
                processes.Add((id, int.Parse(fields[1], CultureInfo.InvariantCulture), fields[0][0], command));
            }
            catch (IOException)
            {
                // Ended meanwhile.
            }
        }

        return processes;
    }
}
