using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Platform.AppHost.Console;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.Tests.Fixtures;

/// <summary>The whole of Platform, as <c>dotnet run --project Platform.AppHost</c> starts it, on free ports and an empty data folder.</summary>
public class PlatformGraph : IAsyncLifetime
{
    /// <summary>What watches Platform is not started for tests of other things.</summary>
    public const string Unwatched = "--Platform:Monitoring=false";

    /// <summary>Backups are made when a test asks for one. They belong to its folder, and are gone with it.</summary>
    public static string[] BackupsIn(string dataDirectory) =>
        [$"--Parameters:backup-url={Path.Combine(dataDirectory, "backups")}", "--Parameters:backup-interval=00:00:00"];

    /// <summary>How long a test waits for what must happen.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly ConcurrentQueue<(ResourceEvent Change, DateTimeOffset Time)> _changes = new();
    private readonly ConcurrentQueue<string> _console = new();
    private DistributedApplication? _app;

    public DistributedApplication App => _app ?? throw new InvalidOperationException("The graph is not running.");

    public string DataDirectory { get; } = Directory.CreateTempSubdirectory("platform-test-").FullName;

    /// <summary>A client of the edge, as a stranger.</summary>
    public HttpClient Edge { get; private set; } = new();

    /// <summary>The bootstrap key that the first run generated.</summary>
    public string ApiKey => Secret("api-key");

    /// <summary>Everything that has become of the resources, in order.</summary>
    public IReadOnlyList<ResourceEvent> Changes => [.. _changes.Select(seen => seen.Change)];

    /// <summary>When it was.</summary>
    public DateTimeOffset TimeOf(ResourceEvent change) => _changes.First(seen => seen.Change == change).Time;

    /// <summary>What the AppHost wrote to its console.</summary>
    public IReadOnlyList<string> Console => [.. _console];

    public async Task InitializeAsync()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Platform_AppHost>(
            [
                "--Platform:Topology=embedded", $"--Platform:DataDirectory={DataDirectory}", "--Platform:Edge:Port=0", .. BackupsIn(DataDirectory),
                .. Arguments,
            ]);
        // A test fills in the form faster than a person does.
        builder.CreateResourceBuilder(builder.Resources.OfType<ProjectResource>().Single(service => service.Name == "api"))
            .WithEnvironment("Contacts__MinimumFillTime", "00:00:00");
        builder.Services.AddSingleton<ILoggerProvider>(new ConsoleLines(_console));
        Configure(builder);
        _app = await builder.BuildAsync();
        _ = WatchAsync(_app.ResourceNotifications, _app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        await _app.StartAsync().WaitAsync(Patience);
        await HealthyAsync("edge");
        Edge = _app.CreateHttpClient("edge", "http");
    }

    /// <summary>Returns when the resource is healthy.</summary>
    public Task HealthyAsync(string resource) =>
        App.ResourceNotifications.WaitForResourceHealthyAsync(resource, CancellationToken.None).WaitAsync(Patience);

    /// <summary>Has a command of the dashboard done to one process.</summary>
    public Task<ExecuteCommandResult> CommandAsync(string resourceId, string command) =>
        App.ResourceCommands.ExecuteCommandAsync(resourceId, command, CancellationToken.None).WaitAsync(Patience);

    /// <summary>A client of the edge that sends the bootstrap key.</summary>
    public HttpClient WithKey()
    {
        var client = App.CreateHttpClient("edge", "http");
        client.DefaultRequestHeaders.Add("X-API-Key", ApiKey);
        return client;
    }

    /// <summary>The processes of a service as they are now: one, or its replicas.</summary>
    public IReadOnlyList<ServiceReplica> Replicas(string service) =>
    [
        .. Changes.Where(change => change.Resource.Name == service)
            .GroupBy(change => change.ResourceId)
            .Select(changes => new ServiceReplica(changes.Last()))
            .OrderBy(replica => replica.Id, StringComparer.Ordinal),
    ];

    /// <summary>The process of PostgreSQL's postmaster.</summary>
    public int PostgresProcessId() => int.Parse(
        File.ReadLines(Path.Combine(DataDirectory, "postgres", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    public string Secret(string name) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(DataDirectory, "secrets.json")))![name];

    public async Task DisposeAsync()
    {
        Edge.Dispose();
        if (_app is not null)
        {
            await _app.DisposeAsync();
            await OrchestratorProcesses.WaitForExitAsync();
        }

        Directory.Delete(DataDirectory, recursive: true);
    }

    /// <summary>What else is said to the AppHost.</summary>
    protected virtual string[] Arguments => [Unwatched];

    /// <summary>What a test adds to the graph.</summary>
    protected virtual void Configure(IDistributedApplicationTestingBuilder builder)
    {
    }

    private async Task WatchAsync(ResourceNotificationService notifications, CancellationToken stopping)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(stopping))
            {
                _changes.Enqueue((change, TimeProvider.System.GetUtcNow()));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The tests are over.
        }
    }
}

/// <summary>One process of a service, as Aspire last said.</summary>
public sealed record ServiceReplica(ResourceEvent Last)
{
    public string Id => Last.ResourceId;

    public string? State => Last.Snapshot.State?.Text;

    public int ProcessId => Convert.ToInt32(Property("executable.pid"), CultureInfo.InvariantCulture);

    /// <summary>The process's own listener for health and metrics, behind the address that the replicas share.</summary>
    public Uri Management => new($"http://localhost:{Variable("Management__Port")}");

    public string? Variable(string name) => Last.Snapshot.EnvironmentVariables.SingleOrDefault(variable => variable.Name == name)?.Value;

    public object? Property(string name) => Last.Snapshot.Properties.SingleOrDefault(property => property.Name == name)?.Value;
}
