using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Npgsql;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api.Backups;

/// <summary>A system of its own, a database with an object store, that is backed up to a folder; and systems that it is restored into.</summary>
internal sealed class BackupsUnderTest : IAsyncDisposable
{
    public const string EncryptionKey = "the-encryption-key-of-the-backups-of-a-test";

    private readonly PostgresServer _postgres;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("platform-test-backups-");
    private readonly List<(string Name, string Value)> _environment = [];

    private BackupsUnderTest(PostgresServer postgres, string database) => (_postgres, Database) = (postgres, database);

    public string Database { get; private set; }

    public ServiceProcess Service { get; private set; } = null!;

    /// <summary>The destination.</summary>
    public string Folder => Path.Combine(_folder.FullName, "backups");

    public string Objects => Path.Combine(_folder.FullName, "objects");

    /// <summary>Nothing is scheduled, unless the environment says so.</summary>
    public static async Task<BackupsUnderTest> StartAsync(PostgresServer postgres, params (string Name, string Value)[] environment)
    {
        var backups = new BackupsUnderTest(postgres, await postgres.CreateDatabaseAsync());
        backups._environment.AddRange(
        [
            ("Backups__Url", backups.Folder), ("Backups__Interval", "00:00:00"), ("Backups__CheckInterval", "00:00:00.2"),
            ("Backups__StartDelay", "00:00:00"), ("Backups__RetryDelay", "00:00:00.5"), ("Storage__SweepInterval", "00:00:00.2"),
            ("Search__Provider", "postgres"), .. environment,
        ]);
        backups.Service = await backups.StartInstanceAsync();
        return backups;
    }

    /// <summary>One more instance of the system.</summary>
    public async Task<ServiceProcess> StartInstanceAsync() => await (await ApiFixture.StartAsync(
        Database, [("Storage__Directory", Objects), .. _environment])).WhenReadyAsync();

    public async Task RestartAsync()
    {
        await Service.DisposeAsync();
        Service = await StartInstanceAsync();
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body = null) => Uploads.SendAsync(Service, method, path, body);

    public async Task<JsonElement> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await SendAsync(HttpMethod.Get, path);
        return await ApiFixture.JsonAsync(response, expected);
    }

    /// <summary>Asks for a backup, and returns it when it is made.</summary>
    public async Task<JsonElement> BackUpAsync(int seconds = 60)
    {
        var name = await RequestAsync();
        var list = await WhenIdleAsync(seconds);
        var items = list.GetProperty("items").EnumerateArray().ToList();
        return items.Find(item => item.GetProperty("name").GetString() == name) is { ValueKind: JsonValueKind.Object } made
            ? made
            : throw new Xunit.Sdk.XunitException($"{list}\n{Service.Log}");
    }

    public async Task<string> RequestAsync()
    {
        using var response = await SendAsync(HttpMethod.Post, "/admin/backups");
        var started = await ApiFixture.JsonAsync(response, HttpStatusCode.Accepted);
        Assert.Equal($"/admin/backups/{started.GetProperty("name").GetString()}", response.Headers.Location?.ToString());
        return started.GetProperty("name").GetString()!;
    }

    /// <summary>The list, when no backup is being made.</summary>
    public async Task<JsonElement> WhenIdleAsync(int seconds = 60)
    {
        var list = default(JsonElement);
        await ApiFixture.EventuallyAsync(
            async () =>
            {
                list = await GetAsync("/admin/backups");
                return list.GetProperty("running").ValueKind == JsonValueKind.Null;
            },
            "no backup is running",
            seconds);
        return list;
    }

    /// <summary>Returns when no document waits to be processed.</summary>
    public Task WhenProcessedAsync() => ApiFixture.EventuallyAsync(
        async () => await ApiFixture.QueryAsync<long>(Database, "SELECT count(*) FROM document_tasks WHERE state IN ('queued', 'running')") == 0,
        "all is processed",
        60);

    /// <summary>Keeps every backup from going on beyond half of the tables, until it is disposed of.</summary>
    public async Task<IAsyncDisposable> HoldAsync()
    {
        var connection = new NpgsqlConnection(Database + ";Pooling=false");
        await connection.OpenAsync();
        await using var hold = new NpgsqlCommand("BEGIN; LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE", connection);
        await hold.ExecuteNonQueryAsync();
        return connection;
    }

    /// <summary>Returns when a backup waits for <see cref="HoldAsync"/>.</summary>
    public Task WhenHeldAsync() => ApiFixture.EventuallyAsync(
        async () => await ApiFixture.QueryAsync<long>(
            Database, "SELECT count(*) FROM pg_locks WHERE relation = 'outbox'::regclass AND NOT granted") == 1,
        "a backup is being made");

    /// <summary>So many bytes that do not become less when they are compressed.</summary>
    public Task FillAsync(int megabytes) => ApiFixture.ExecuteAsync(Database, $"""
        INSERT INTO analytics_events (id, event_type, event_data)
        SELECT gen_random_uuid(), 'large', jsonb_build_object('text', (
            SELECT string_agg(encode(sha512((n::text || m::text)::bytea), 'base64'), '') FROM generate_series(1, 1500) AS m))
        FROM generate_series(1, {megabytes} * 8) AS n
        """);

    public string PathOf(JsonElement backup) => Path.Combine(Folder, backup.GetProperty("name").GetString()!);

    /// <summary>A system with nothing in it, whose role may do what the owner of a database may, and no more.</summary>
    public async Task<EmptySystem> NewSystemAsync()
    {
        var database = new NpgsqlConnectionStringBuilder(await _postgres.CreateDatabaseAsync());
        var role = $"role_{Guid.NewGuid():n}";
        await ApiFixture.ExecuteAsync(
            database.ConnectionString, $"CREATE ROLE {role} LOGIN PASSWORD 'of-a-test-only'; ALTER DATABASE {database.Database} OWNER TO {role}");
        database.Username = role;
        database.Password = "of-a-test-only";
        return new(database.ConnectionString, Path.Combine(_folder.FullName, Guid.NewGuid().ToString("n")), _environment);
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Everything in the tables, as text. Left out is what a restore makes itself.</summary>
    public static async Task<Dictionary<string, string[]>> RowsAsync(string database)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        var rows = new Dictionary<string, string[]>();
        foreach (var table in (await ReadAsync("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"))
            .Where(table => table is not ("schema_migrations" or "backups") && !table.StartsWith("search_", StringComparison.Ordinal)))
        {
            rows[table] = await ReadAsync($"SELECT t::text FROM {table} AS t" + table switch
            {
                "document_tasks" => " WHERE kind <> 'reindex'",
                "audit_log" => " WHERE action <> 'backup.restored'",
                _ => "",
            });
        }
        return rows;

        async Task<string[]> ReadAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await using var reader = await command.ExecuteReaderAsync();
            var lines = new List<string>();
            while (await reader.ReadAsync())
            {
                lines.Add(reader.GetString(0));
            }
            return [.. lines.Order(StringComparer.Ordinal)];
        }
    }
}

/// <summary>A database and an object store, without a service.</summary>
internal sealed class EmptySystem(string database, string objects, IReadOnlyList<(string Name, string Value)> environment)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public string Database => database;

    public string Objects => objects;

    /// <summary>The service's program with the arguments: what it wrote, and its exit code.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string command, string archive, params (string Name, string Value)[] other)
    {
        using var process = Start(command, archive, other);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }

    public Process Start(string command, string archive, params (string Name, string Value)[] other)
    {
        var start = new ProcessStartInfo("dotnet", [Repository.Assembly("Platform.Api"), command, archive])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in ((string Name, string Value)[])
            [("ConnectionStrings__platformdb", database), ("Storage__Directory", objects), .. environment, .. other])
        {
            start.Environment[name] = value;
        }
        return Process.Start(start)!;
    }

    /// <summary>Restores, which has to work.</summary>
    public async Task RestoreAsync(string archive)
    {
        var (exitCode, output, error) = await RunAsync("--restore", archive);
        Assert.True(exitCode == 0 && error.Length == 0, $"{exitCode} {output} {error}");
    }

    /// <summary>Restores, which must not work nor change anything, and returns the one line that says why.</summary>
    public async Task<string> RefusesAsync(string archive, params (string Name, string Value)[] other)
    {
        var before = (await StateAsync(), Files());
        var (exitCode, output, error) = await RunAsync("--restore", archive, other);
        Assert.True(exitCode == 1, $"{exitCode} {output} {error}");
        Assert.Equal(before, (await StateAsync(), Files()));
        return Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    public async Task<ServiceProcess> StartServiceAsync() => await (await ApiFixture.StartAsync(
        database, [("Storage__Directory", objects), .. environment])).WhenReadyAsync();

    private string Files() => Directory.Exists(objects)
        ? string.Join('\n', Directory.EnumerateFiles(objects, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        : "";

    /// <summary>All tables with their numbers of rows.</summary>
    private Task<string> StateAsync() => ApiFixture.QueryAsync<string>(database, """
        SELECT coalesce(string_agg(
            tablename || ' ' || (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %I', tablename), false, true, '')))[1]::text,
            ', ' ORDER BY tablename), '')
        FROM pg_tables WHERE schemaname = 'public'
        """);
}
