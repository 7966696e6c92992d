using System.Diagnostics;
using Npgsql;
using Platform.AppHost.Postgres;

namespace Platform.Tests.Fixtures;

/// <summary>
/// A private PostgreSQL in a temporary folder, the same programs and settings as the graph's own. It can be stopped, killed and
/// started again on the same port.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime, IAsyncDisposable
{
    private const string Password = "of-a-test-only";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;
    private readonly int _port = FreePort.Next();
    private readonly PostgresCluster _cluster;
    private Process? _process;

    public PostgresServer() =>
        _cluster = new PostgresCluster(Repository.ToolsDirectory, Path.Combine(_folder, "postgres"));

    /// <summary>The process of the postmaster.</summary>
    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("PostgreSQL is not running.");

    public async Task InitializeAsync()
    {
        await _cluster.PrepareAsync(Password, _ => { }, CancellationToken.None);
        await StartAsync();
    }

    /// <summary>The connection string of a database, which is created when it is not there.</summary>
    public async Task<string> CreateDatabaseAsync(string? name = null)
    {
        name ??= $"test_{Guid.NewGuid():n}";
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync();
        return ConnectionString(name);
    }

    public string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={_port};Username={PostgresCluster.UserName};Password={Password};Database={database}";

    public async Task StartAsync()
    {
        var (program, arguments) = _cluster.ServerCommand();
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            _process = Process.Start(new ProcessStartInfo(program, [.. arguments, "-p", _port.ToString(System.Globalization.CultureInfo.InvariantCulture)])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
                WorkingDirectory = "/",
            })!;
            _process.ErrorDataReceived += static (_, _) => { };
            _process.OutputDataReceived += static (_, _) => { };
            _process.BeginErrorReadLine();
            _process.BeginOutputReadLine();
            while (!_process.HasExited)
            {
                if (await AnswersAsync())
                {
                    return;
                }

                Assert.True(deadline.Elapsed < Patience, "PostgreSQL did not start.");
                await Task.Delay(50);
            }

            // After a kill -9 the children of the old server may hold its shared memory for a moment: PostgreSQL refuses until they are gone.
            Assert.True(deadline.Elapsed < Patience, $"PostgreSQL ended with exit code {_process.ExitCode}.");
            await Task.Delay(100);
        }
    }

    /// <summary>SIGKILL to the postmaster: nothing is flushed, nobody is told.</summary>
    public async Task KillAsync()
    {
        Assert.NotNull(_process);
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGINT: a fast shutdown, connections are ended.</summary>
    public Task StopAsync() => SignalAsync("INT");

    /// <summary>SIGSTOP to every process of the server: connections stay open and nobody answers.</summary>
    public void Freeze() => SignalAll("STOP");

    public void Thaw() => SignalAll("CONT");

    public async Task DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            Thaw();
            await SignalAsync("QUIT");
        }

        Directory.Delete(_folder, recursive: true);
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false;Timeout=2");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private async Task SignalAsync(string signal)
    {
        Assert.NotNull(_process);
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
    }

    private void SignalAll(string signal)
    {
        using var pkill = Process.Start("pkill", [$"-{signal}", "-f", _cluster.DataDirectory]);
        pkill.WaitForExit();
        using var children = Process.Start("pkill", [$"-{signal}", "-P", ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        children.WaitForExit();
    }
}
