namespace Platform.Tests.Edge;

/// <summary>Whose word is taken for a client's address.</summary>
[Trait("Defect", "D46")]
public sealed class KnownProxiesTests : IAsyncLifetime
{
    private Upstream? _upstream;

    public async Task InitializeAsync() => _upstream = await Upstream.StartAsync();

    public async Task DisposeAsync() => await _upstream!.DisposeAsync();

    [Theory]
    [InlineData("false")]
    [InlineData("true")]
    public async Task By_default_nobodys(string forwardedHeadersEnabled)
    {
        await using var edge = await EdgeUnderTest.StartAsync(
            [_upstream!.Url], new Dictionary<string, string> { ["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = forwardedHeadersEnabled });

        var echo = await edge.Client.EchoAsync(
            "/contacts", ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example"),
            ("Forwarded", "for=203.0.113.9"), ("X-Real-IP", "203.0.113.9"), ("X-Forwarded-Prefix", "/evil"));

        Assert.Equal("127.0.0.1", echo.Headers["X-Forwarded-For"]);
        Assert.Equal("http", echo.Headers["X-Forwarded-Proto"]);
        Assert.Equal($"127.0.0.1:{edge.Port}", echo.Headers["X-Forwarded-Host"]);
        Assert.DoesNotContain("Forwarded", echo.Headers.Keys);
        Assert.DoesNotContain("X-Real-IP", echo.Headers.Keys);
        Assert.DoesNotContain("X-Forwarded-Prefix", echo.Headers.Keys);
    }

    [Fact]
    public async Task A_known_proxy_is_believed_and_a_client_behind_it_is_not()
    {
        await using var edge = await EdgeUnderTest.StartAsync(
            [_upstream!.Url], new Dictionary<string, string> { ["KnownProxies__0"] = "127.0.0.7", ["KnownProxies__1"] = "10.1.0.0/16" });
        using var proxy = EdgeUnderTest.ClientAt(edge, "127.0.0.7");
        using var stranger = EdgeUnderTest.ClientAt(edge, "127.0.0.8");

        // The client wrote the first address itself; the second was added by the known proxy at 10.1.2.3.
        var spoofed = await proxy.EchoAsync("/contacts", ("X-Forwarded-For", "198.51.100.1, 203.0.113.9, 10.1.2.3"), ("X-Forwarded-Proto", "https"));
        var direct = await stranger.EchoAsync("/contacts", ("X-Forwarded-For", "203.0.113.9"));

        Assert.Equal("203.0.113.9", spoofed.Headers["X-Forwarded-For"]);
        Assert.Equal("127.0.0.8", direct.Headers["X-Forwarded-For"]);
    }

    [Fact]
    public async Task An_entry_that_is_no_address_stops_the_start()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_upstream!.Url], new Dictionary<string, string> { ["KnownProxies__0"] = "everybody" });

        Assert.True(edge.HasExited);
        Assert.Contains("KnownProxies: 'everybody' is neither", edge.Log, StringComparison.Ordinal);
    }
}
