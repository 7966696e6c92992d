using System.Diagnostics;
using System.Net.Http.Json;
using Platform.Tests.Api;

namespace Platform.Tests.Observability;

/// <summary>A commit that many share is in the traces of those who wrote, and of nobody else.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class CommitTraceTests(ApiFixture api)
{
    [Fact]
    public async Task What_is_written_for_others_is_neither_in_the_first_trace_nor_in_one_of_its_own()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await (await ApiFixture.StartAsync(
            database, [.. receiver.Environment, ("Telemetry__TracesPerSecond", "0")])).WhenReadyAsync();
        using var client = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = service.Client.BaseAddress };
        var (first, last) = (ActivityTraceId.CreateRandom().ToHexString(), ActivityTraceId.CreateRandom().ToHexString());
        await SubmitAsync(first);
        for (var i = 0; i < 20; i++)
        {
            await SubmitAsync(trace: null);
        }

        await SubmitAsync(last);
        List<OtlpSpan> spans = [];
        await TestService.UntilAsync(
            () => Task.FromResult(string.Join('\n', (spans = receiver.Spans()).Select(span => $"{span.TraceId} {span.Name}"))),
            _ => spans.Any(span => span.TraceId == last && span.Name == "commit") && spans.Any(span => span.TraceId == last && span.Name == "POST /contact"));
        Assert.Equal([first, last], spans.Select(span => span.TraceId).Distinct().OrderBy(trace => trace == last));
        Assert.Equal(NamesOf(first), NamesOf(last));
        Assert.Single(NamesOf(first), "commit");

        IEnumerable<string> NamesOf(string trace) =>
            spans.Where(span => span.TraceId == trace).Select(span => span.Name).Order(StringComparer.Ordinal);

        async Task SubmitAsync(string? trace)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/contact") { Content = JsonContent.Create(ApiFixture.Submission()) };
            if (trace is not null)
            {
                request.Headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
            }

            using var answer = await client.SendAsync(request);
            answer.EnsureSuccessStatusCode();
        }
    }
}
