using System.Globalization;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Platform.Tests.Fixtures;

/// <summary>The whole of Platform, as <c>dotnet run --project Platform.AppHost</c> starts it, on free ports and an empty data folder.</summary>
public sealed class PlatformGraph : IAsyncLifetime
{
    /// <summary>How long a test waits for what must happen.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private DistributedApplication? _app;

    public DistributedApplication App => _app ?? throw new InvalidOperationException("The graph is not running.");

    public string DataDirectory { get; } = Directory.CreateTempSubdirectory("platform-test-").FullName;

    /// <summary>A client of the edge, as a stranger.</summary>
    public HttpClient Edge { get; private set; } = new();

    /// <summary>The bootstrap key that the first run generated.</summary>
    public string ApiKey => Secret("api-key");

    public async Task InitializeAsync()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Platform_AppHost>(
            [$"--Platform:DataDirectory={DataDirectory}", "--Platform:Edge:Port=0"]);
        // A test fills in the form faster than a person does.
        builder.CreateResourceBuilder(builder.Resources.OfType<ProjectResource>().Single(service => service.Name == "api"))
            .WithEnvironment("Contacts__MinimumFillTime", "00:00:00");
        _app = await builder.BuildAsync();
        await _app.StartAsync().WaitAsync(Patience);
        await HealthyAsync("edge");
        Edge = _app.CreateHttpClient("edge", "http");
    }

    /// <summary>Returns when the resource is healthy.</summary>
    public Task HealthyAsync(string resource) =>
        App.ResourceNotifications.WaitForResourceHealthyAsync(resource, CancellationToken.None).WaitAsync(Patience);

    /// <summary>A client of the edge that sends the bootstrap key.</summary>
    public HttpClient WithKey()
    {
        var client = App.CreateHttpClient("edge", "http");
        client.DefaultRequestHeaders.Add("X-API-Key", ApiKey);
        return client;
    }

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
        }

        Directory.Delete(DataDirectory, recursive: true);
    }
}
