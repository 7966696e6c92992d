using System.Net;

namespace Platform.Tests.Edge;

[Trait("Defect", "D17")]
[Trait("Defect", "R08")]
public sealed class CrossOriginTests(EdgeUnderTest edge) : IClassFixture<EdgeUnderTest>
{
    private const string Known = "https://www.example.org";

    [Fact]
    public async Task A_preflight_that_names_the_api_key_is_granted_at_the_edge()
    {
        var before = edge.Upstream.Requests.Count;

        using var answer = await edge.Client.SendAsync(
            HttpMethod.Options,
            "/contact",
            ("Origin", Known),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "content-type,idempotency-key,x-api-key,x-correlation-id"));

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal([Known], answer.Header("Access-Control-Allow-Origin"));
        Assert.Contains("X-API-Key", string.Join(',', answer.Header("Access-Control-Allow-Headers")), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("POST", string.Join(',', answer.Header("Access-Control-Allow-Methods")), StringComparison.Ordinal);
        Assert.Empty(answer.Header("Access-Control-Allow-Credentials"));
        Assert.Contains("Origin", answer.Headers.Vary);
        Assert.Equal(before, edge.Upstream.Requests.Count);
    }

    [Theory]
    [InlineData("/stats", HttpStatusCode.OK)]
    [InlineData("/contacts/abort", HttpStatusCode.BadGateway)]
    public async Task A_known_origin_may_read_every_answer(string path, HttpStatusCode status)
    {
        using var answer = await edge.Client.GetAsync(path, ("Origin", Known));

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal([Known], answer.Header("Access-Control-Allow-Origin"));
        Assert.Contains("Origin", answer.Headers.Vary);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://www.example.org")]
    [InlineData("https://www.example.org.evil.example")]
    [InlineData("https://www.example.org:8443")]
    [InlineData("null")]
    public async Task Any_other_origin_may_not(string origin)
    {
        using var answer = await edge.Client.GetAsync("/contacts/hostile", ("Origin", origin));
        using var preflight = await edge.Client.SendAsync(HttpMethod.Options, "/contact", ("Origin", origin), ("Access-Control-Request-Method", "POST"));

        Assert.Empty(answer.Header("Access-Control-Allow-Origin"));
        Assert.Contains("Origin", answer.Headers.Vary);
        Assert.Empty(preflight.Header("Access-Control-Allow-Origin"));
        Assert.Empty(preflight.Header("Access-Control-Allow-Methods"));
    }

    [Fact]
    public async Task A_star_in_the_configuration_stops_the_start()
    {
        await using var open = await EdgeUnderTest.StartAsync([edge.Upstream.Url], new Dictionary<string, string> { ["Cors__Origins__0"] = "*" });

        Assert.True(open.HasExited);
        Assert.Contains("Cors:Origins: '*' is not an origin", open.Log, StringComparison.Ordinal);
    }
}
