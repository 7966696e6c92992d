using System.Text.Json;
using Aspire.Hosting.Testing;
using Platform.Tests.Edge.Authentication;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>Platform with all that watches it: Debian's Prometheus, Alertmanager and exporters as processes of the graph.</summary>
public sealed class WatchedGraph : PlatformGraph, IAsyncLifetime
{
    internal Webhook Webhook { get; } = new();

    protected override string[] Arguments => [$"--Parameters:alert-webhook-url={Webhook.Url}"];

    /// <summary>A client of the edge that keeps its cookies to itself and goes nowhere by itself.</summary>
    internal Person Stranger() =>
        new(new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Edge.BaseAddress });

    /// <summary>The administrator, signed in.</summary>
    internal async Task<Person> AdministratorAsync()
    {
        var person = Stranger();
        using var answer = await person.SignInAsync(Secret("admin-password"));
        Assert.NotNull(person.Session);
        return person;
    }

    /// <summary>What Prometheus answers, asked on this machine as the edge does.</summary>
    /// <param name="path">Below <c>/prometheus/api/v1/</c>.</param>
    internal async Task<JsonElement> PrometheusAsync(string path)
    {
        using var client = App.CreateHttpClient("prometheus", "http");
        using var answer = await client.GetAsync("/prometheus/api/v1/" + path);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("data");
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        await DisposeAsync();
        await Webhook.DisposeAsync();
    }
}
