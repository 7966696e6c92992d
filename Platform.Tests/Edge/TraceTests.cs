using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Platform.Tests.Fixtures;
using Platform.Tests.Observability;

namespace Platform.Tests.Edge;

/// <summary>The trace of a request goes on to the server behind the edge, recorded or not.</summary>
public sealed class TraceTests
{
    private const string Caller = "00f067aa0ba902b7";

    [Theory, InlineData("01"), InlineData("00")]
    public async Task The_server_behind_is_told_of_the_trace_that_the_client_began(string flags)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await StartAsync(receiver, upstream);
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        using var answer = await SendAsync(edge, "/documents/7?token=secret", trace, flags);

        var told = (await answer.Content.ReadFromJsonAsync<Echo>())!.Headers;
        var parent = told["traceparent"].Split('-');
        Assert.Equal(["00", trace, flags], [parent[0], parent[1], parent[3]]);
        Assert.NotEqual(Caller, parent[2]);
        Assert.Equal("vendor=1", told["tracestate"]);
        await edge.StopAsync();
        var spans = receiver.Spans().Where(span => span.TraceId == trace).ToList();
        if (flags == "00")
        {
            Assert.Empty(spans);
            return;
        }

        var span = Assert.Single(spans, span => span.SpanId == parent[2]);
        Assert.Equal(("edge", "GET"), (span.Service, span.Name));
        Assert.Equal(Caller, Assert.Single(spans, server => server.SpanId == span.ParentId).ParentId);
        Assert.Equal(
            new SortedDictionary<string, string>
            {
                ["http.request.method"] = "GET",
                ["http.response.status_code"] = "200",
                ["server.address"] = "127.0.0.1",
                ["server.port"] = new Uri(upstream.Url).Port.ToString(CultureInfo.InvariantCulture),
                ["url.full"] = $"{upstream.Url}/documents/7",
            },
            new SortedDictionary<string, string>(span.Attributes.ToDictionary()));
    }

    [Fact]
    public async Task A_span_says_what_went_wrong_and_nothing_that_is_secret()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var upstream = await Upstream.StartAsync();
        var url = upstream.Url;
        await using var edge = await StartAsync(receiver, upstream);
        var (missing, away, link) = (NewTrace(), NewTrace(), NewTrace());
        using var first = await SendAsync(edge, "/contacts/missing", missing, "01");
        using var second = await SendAsync(edge, "/api/d/very-secret", link, "01");
        await upstream.DisposeAsync();
        using var third = await SendAsync(edge, "/stats", away, "01");
        await edge.StopAsync();

        Assert.Equal("404", Assert.Single(ToServer(missing, "/contacts/missing"))["error.type"]);
        Assert.Equal("GET", Assert.Single(ToServer(link, "/d/***"))["http.request.method"]);
        // Each try is one.
        Assert.Equal(["connection_error", "connection_error", "connection_error"], ToServer(away, "/stats").Select(span => span["error.type"]));
        Assert.DoesNotContain(receiver.Spans(), span => span.Attributes.Values.Any(value => value.Contains("very-secret", StringComparison.Ordinal)));

        IEnumerable<IReadOnlyDictionary<string, string>> ToServer(string trace, string path) => receiver.Spans()
            .Where(span => span.TraceId == trace && span.Attributes.GetValueOrDefault("url.full") == url + path)
            .Select(span => span.Attributes);
    }

    private static string NewTrace() => ActivityTraceId.CreateRandom().ToHexString();

    private static Task<ServiceProcess> StartAsync(OtlpReceiver receiver, Upstream upstream) => EdgeUnderTest.StartAsync(
        [upstream.Url],
        receiver.Environment.Append(("OTEL_SERVICE_NAME", "edge")).Select(setting => KeyValuePair.Create(setting.Item1, setting.Item2)));

    private static async Task<HttpResponseMessage> SendAsync(ServiceProcess edge, string path, string trace, string flags)
    {
        using var client = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = edge.Client.BaseAddress };
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("X-API-Key", Upstream.GoodKey);
        request.Headers.Add("traceparent", $"00-{trace}-{Caller}-{flags}");
        request.Headers.Add("tracestate", "vendor=1");
        return await client.SendAsync(request);
    }
}
