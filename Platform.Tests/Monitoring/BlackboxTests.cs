using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Platform.Tests.Edge;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>The modules of the Blackbox exporter, with the real exporter in front of a real edge: each passes, and each fails.</summary>
public sealed class BlackboxTests(EdgeUnderTest edge) : IClassFixture<EdgeUnderTest>, IAsyncLifetime
{
    private static readonly string Configuration = Path.Combine(Repository.Root, "Platform.AppHost", "Blackbox", "blackbox.yaml");

    private readonly bool _isThere = Programs.AreThere("prometheus-blackbox-exporter");
    private HttpClient _client = null!;
    private MonitoringProgram? _exporter;

    public async Task InitializeAsync()
    {
        var address = $"127.0.0.1:{FreePort.Next()}";
        _client = new HttpClient { BaseAddress = new Uri($"http://{address}") };
        if (_isThere)
        {
            _exporter = await MonitoringProgram.StartAsync(
                MonitoringProgram.Start("prometheus-blackbox-exporter", $"--config.file={Configuration}", $"--web.listen-address={address}"),
                new Uri(_client.BaseAddress, "/-/healthy"));
        }
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        if (_exporter is not null)
        {
            await _exporter.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("http_ok", "/", true)]
    [InlineData("http_ok", "/contact", true)]
    [InlineData("http_ok", "/status", true)]
    [InlineData("http_ok", "/no-such-page", false)]
    [InlineData("http_ok", "/console/", false)]
    [InlineData("http_signed_out", "/console/", true)]
    [InlineData("http_signed_out", "/prometheus/", true)]
    [InlineData("http_signed_out", "/alertmanager/", true)]
    [InlineData("http_signed_out", "/docs/", true)]
    [InlineData("http_signed_out", "/", false)]
    [InlineData("http_signed_out", "/no-such-page", false)]
    [Trait("Defect", "D29")]
    public async Task A_page_of_the_edge_is_judged(string module, string path, bool passes) =>
        Assert.True(!_isThere || await PassesAsync(module, new Uri(edge.Client.BaseAddress!, path).AbsoluteUri) == passes);

    [Theory]
    [InlineData("/open", 200, "an operator's page", null, "http_ok")]
    [InlineData("/empty", 200, "", null, null)]
    [InlineData("/blank", 200, " \n", null, null)]
    [InlineData("/broken", 500, "broken", null, null)]
    [InlineData("/moved", 302, "", "/elsewhere", null)]
    [InlineData("/sign-in", 302, "", "/auth/sign-in?return=%2F", "http_signed_out")]
    [InlineData("/sign-in-at-host", 302, "", "https://example.org/auth/sign-in", "http_signed_out")]
    [InlineData("/sign-in-elsewhere", 302, "", "/elsewhere/auth/sign-in", null)]
    [InlineData("/refused", 401, "", null, "http_signed_out")]
    [InlineData("/forbidden", 403, "", null, null)]
    [Trait("Defect", "D29")]
    public async Task An_answer_passes_in_one_module_at_most(string path, int status, string body, string? location, string? passes)
    {
        await using var server = await ServeAsync(async context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = location;
            await context.Response.WriteAsync(body);
        });
        foreach (var module in (string[])["http_ok", "http_signed_out"])
        {
            Assert.True(!_isThere || await PassesAsync(module, server.Urls.Single() + path) == (module == passes), module);
        }
    }

    [Theory]
    [InlineData("http_ok", "/")]
    [InlineData("http_signed_out", "/console/")]
    [InlineData("tcp_connect", null)]
    public async Task An_edge_that_goes_away_fails_what_passed_before(string module, string? path)
    {
        await using var mortal = await EdgeUnderTest.StartAsync(
            [edge.Upstream.Url], new Dictionary<string, string> { ["Authentication__Administrator__Password"] = "a-password-of-a-test" });
        var target = path is null ? $"127.0.0.1:{mortal.Port}" : $"http://127.0.0.1:{mortal.Port}{path}";
        Assert.True(!_isThere || await PassesAsync(module, target));
        await mortal.KillAsync();
        Assert.False(_isThere && await PassesAsync(module, target));
    }

    private async Task<bool> PassesAsync(string module, string target)
    {
        var metrics = await _client.GetStringAsync($"/probe?module={module}&target={Uri.EscapeDataString(target)}");
        var success = metrics.Split('\n').Single(line => line.StartsWith("probe_success ", StringComparison.Ordinal));
        return double.Parse(success.Split(' ')[1], CultureInfo.InvariantCulture) == 1;
    }

    private static async Task<WebApplication> ServeAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }
}
