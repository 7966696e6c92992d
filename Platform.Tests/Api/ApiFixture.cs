using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>The API as a process over HTTP, with a database of its own in a private PostgreSQL that the tests of the API share.</summary>
public class ApiFixture : IAsyncLifetime
{
    public const string BootstrapKey = "bootstrap-key-of-a-test";

    public const string LinkKey = "the-signing-key-of-links-of-a-test";

    public PostgresServer Postgres { get; } = new();

    /// <summary>The connection string of the service's database.</summary>
    public string Database { get; private set; } = "";

    public ServiceProcess Service { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await Postgres.InitializeAsync();
        Database = await Postgres.CreateDatabaseAsync();
        Service = await (await StartAsync(Database, Environment)).WhenReadyAsync();
    }

    public virtual async Task DisposeAsync()
    {
        await Service.DisposeAsync();
        await Postgres.DisposeAsync();
        if (Directory.Exists(ObjectsOf(Database)))
        {
            Directory.Delete(ObjectsOf(Database), recursive: true);
        }
    }

    /// <summary>What the service is started with besides.</summary>
    protected virtual (string Name, string Value)[] Environment => [];

    /// <summary>The folder of the objects of all instances that share the database.</summary>
    public static string ObjectsOf(string database) =>
        Path.Combine(Path.GetTempPath(), "platform-test-objects-" + new NpgsqlConnectionStringBuilder(database).Database);

    /// <summary>Starts another instance of the API.</summary>
    public static Task<ServiceProcess> StartAsync(string database, params (string Name, string Value)[] environment)
    {
        var all = new Dictionary<string, string>
        {
            ["ConnectionStrings__platformdb"] = database,
            ["Security__BootstrapKey"] = BootstrapKey,
            ["Storage__Directory"] = ObjectsOf(database),
            ["Links__SigningKey"] = LinkKey,
        };
        foreach (var (name, value) in environment)
        {
            all[name] = value;
        }
        return ServiceProcess.StartAsync("Platform.Api", all);
    }

    public static object Submission(string name = "Ada") => new { name, email = "ada@example.org", message = "hello" };

    public Task<HttpResponseMessage> GetAsync(string path, string? key = BootstrapKey) => GetAsync(Service, path, key);

    public static async Task<HttpResponseMessage> GetAsync(ServiceProcess service, string path, string? key = BootstrapKey)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("X-API-Key", key);
        }
        return await service.Client.SendAsync(request);
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>Asserts a problem document (RFC 9457) and returns the names of the fields in its <c>errors</c>.</summary>
    public static async Task<string[]> ProblemFieldsAsync(HttpResponseMessage response, int status)
    {
        var problem = await ProblemAsync(response, status);
        return problem.TryGetProperty("errors", out var errors) ? [.. errors.EnumerateObject().Select(field => field.Name).Order()] : [];
    }

    public static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, int status)
    {
        var problem = await JsonAsync(response, (HttpStatusCode)status);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("title").GetString()!);
        Assert.NotEmpty(problem.GetProperty("traceId").GetString()!);
        return problem;
    }

    public Task<T> QueryAsync<T>(string sql) => QueryAsync<T>(Database, sql);

    public static async Task<T> QueryAsync<T>(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)Convert.ChangeType((await command.ExecuteScalarAsync())!, typeof(T), CultureInfo.InvariantCulture);
    }

    public static async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The statements that the service has run so far, by Npgsql's own count.</summary>
    public async Task<long> StatementsAsync()
    {
        var metrics = await Service.Management.GetStringAsync("/metrics");
        var counts = metrics.Split('\n')
            .Where(line => line.StartsWith("db_client_operation_duration_seconds_count", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(counts);
        return counts.Sum(line => long.Parse(line.Split("} ")[1].Split(' ')[0], CultureInfo.InvariantCulture));
    }

    /// <summary>Rows of everything that a request could change.</summary>
    public Task<string> StateAsync() => QueryAsync<string>("""
        SELECT (SELECT count(*) FROM contact_submissions) || ' contacts, ' || (SELECT count(*) FROM analytics_events) || ' events, '
            || (SELECT count FROM website_visitors) || ' visitors'
        """);

    /// <summary>Asks until the condition holds; fails at the deadline.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> condition, string what, int seconds = 15)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"Not within {seconds} s: {what}");
            await Task.Delay(25);
        }
    }

    public static async Task<JsonElement> SubmitAsync(ServiceProcess service, object submission)
    {
        using var response = await service.Client.PostAsJsonAsync("/contact", submission);
        return await JsonAsync(response);
    }
}

[CollectionDefinition(Name)]
public sealed class ApiSuite : ICollectionFixture<ApiFixture>
{
    public const string Name = "API";
}
