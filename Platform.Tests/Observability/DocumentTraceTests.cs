using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Tests.Api;
using Platform.Tests.Edge;

namespace Platform.Tests.Observability;

/// <summary>One trace follows a document from whoever uploads it to the search index, across two processes and the queue.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class DocumentTraceTests(ApiFixture api)
{
    [Fact]
    public async Task The_trace_of_an_upload_leads_through_the_edge_the_API_and_the_queue_to_the_index()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await (await ApiFixture.StartAsync(database, [.. receiver.Environment, ("OTEL_SERVICE_NAME", "api")])).WhenReadyAsync();
        await using var edge = await EdgeUnderTest.StartAsync(
            [service.Client.BaseAddress!.ToString()],
            receiver.Environment.Append(("OTEL_SERVICE_NAME", "edge")).Select(setting => KeyValuePair.Create(setting.Item1, setting.Item2)));
        using var form = Uploads.Form(await Uploads.ContactAsync(service), "A zeppelin over the lake."u8.ToArray());
        using var client = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = edge.Client.BaseAddress };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/documents/upload") { Content = form };
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        const string Client = "00f067aa0ba902b7";
        request.Headers.Add("traceparent", $"00-{trace}-{Client}-01");
        request.Headers.Add("X-API-Key", ApiFixture.BootstrapKey);
        using var answer = await client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("document_id").GetString();

        List<OtlpSpan> spans = [];
        await TestService.UntilAsync(
            () =>
            {
                spans = [.. receiver.Spans().Where(span => span.TraceId == trace)];
                return Task.FromResult(string.Join('\n', spans.Select(span => $"{span.Service} {span.Name}")));
            },
            _ => spans.Any(span => span.Name == "search_index.put") && spans.Any(span => span.Name == "document.process")
                && spans.Any(span => span is { Service: "edge", ParentId: Client }));
        var bySpanId = spans.ToDictionary(span => span.SpanId);

        Assert.Equal(
            ["api search_index.put", "api document.index", "api document.process", "api POST /documents/upload", "edge POST", "edge POST /documents/upload"],
            WayOf("search_index.put"));
        Assert.Equal(
            ["api object_store.put", "api POST /documents/upload", "edge POST", "edge POST /documents/upload"],
            WayOf("object_store.put"));
        Assert.Equal(id, Assert.Single(spans, span => span.Name == "document.process").Attributes["document.id"]);
        Assert.All(
            (string[])["document.fetch", "document.read", "document.store", "document.enrich"],
            stage => Assert.Equal("api document.process", WayOf(stage)[1]));

        // A span, and those that it is in, up to the client's.
        List<string> WayOf(string name)
        {
            var way = new List<string>();
            for (var span = Assert.Single(spans, span => span.Name == name); span is not null; span = bySpanId.GetValueOrDefault(span.ParentId))
            {
                way.Add($"{span.Service} {span.Name}");
                Assert.True(span.ParentId == Client || bySpanId.ContainsKey(span.ParentId), $"The parent of {span.Name} is not there.");
            }
            return way;
        }
    }
}
