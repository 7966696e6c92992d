using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Observability;

/// <summary>A small service with the service defaults, in this process, on real sockets: a public and a management listener.</summary>
internal sealed class TestService : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private TestService(WebApplication app, int port, int managementPort, CapturedLogs logs)
    {
        App = app;
        Port = port;
        ManagementPort = managementPort;
        Logs = logs;
        Client = ClientOf(port);
        Management = ClientOf(managementPort);
    }

    public WebApplication App { get; }

    public int Port { get; }

    public int ManagementPort { get; }

    public HttpClient Client { get; }

    public HttpClient Management { get; }

    public CapturedLogs Logs { get; }

    /// <param name="configure">Registers services, after the defaults.</param>
    /// <param name="map">Maps endpoints.</param>
    /// <param name="settings">Configuration; it can name the environment.</param>
    public static async Task<TestService> StartAsync(
        Action<WebApplicationBuilder>? configure = null, Action<WebApplication>? map = null, Dictionary<string, string?>? settings = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (port, managementPort) = (FreePort.Next(), FreePort.Next());
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions
            {
                ApplicationName = typeof(TestService).Assembly.GetName().Name,
                EnvironmentName = settings?.GetValueOrDefault("Environment") ?? Environments.Production,
                ContentRootPath = AppContext.BaseDirectory,
            });
            builder.Configuration["Management:Port"] = managementPort.ToString(CultureInfo.InvariantCulture);
            builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = null;
            builder.Configuration.AddInMemoryCollection(settings);
            var logs = new CapturedLogs();
            builder.Logging.ClearProviders().AddProvider(logs);
            builder.AddServiceDefaults();
            configure?.Invoke(builder);
            var app = builder.Build();
            app.Urls.Add($"http://127.0.0.1:{port}");
            app.Urls.Add($"http://127.0.0.1:{managementPort}");
            app.UseServiceDefaults();
            map?.Invoke(app);
            app.MapDefaultEndpoints();
            try
            {
                await app.StartAsync();
                return new TestService(app, port, managementPort, logs);
            }
            catch (IOException) when (attempt < 3)
            {
                // Somebody else took a port between its choice and its use.
                await app.DisposeAsync();
            }
        }
    }

    /// <summary>
    /// A request written byte by byte, for what no HTTP client would send. Returns all that the service answers before it closes.
    /// </summary>
    public static async Task<string> SendRawAsync(int port, string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var patience = new CancellationTokenSource(Patience);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync(patience.Token);
    }

    public Task<string> ScrapeAsync() => Management.GetStringAsync("/metrics");

    /// <summary>Scrapes until the text is as expected: a request is counted a moment after its answer has been sent.</summary>
    public Task<string> ScrapeUntilAsync(Predicate<string> expected) => UntilAsync(ScrapeAsync, expected);

    /// <summary>Asks again and again until the answer is as expected, and fails with the last answer when that takes too long.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Predicate<T> expected)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await ask();
            if (expected(answer))
            {
                return answer;
            }
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < Patience, $"Not as expected in time: {answer}");
            await Task.Delay(20);
        }
    }

    // Without a propagator the traceparent that a test sends is what arrives.
    private static HttpClient ClientOf(int port) =>
        new(new SocketsHttpHandler { ActivityHeadersPropagator = null })
        { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = Patience };

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Management.Dispose();
        await App.DisposeAsync();
    }
}
