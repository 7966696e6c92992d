using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Platform.ServiceDefaults.Correlation;

namespace Platform.Tests.Observability;

[Trait("Defect", "D16")]
public sealed class CorrelationIdTests
{
    private static void Map(WebApplication app)
    {
        app.MapGet("/log", (HttpContext context, ILogger<CorrelationIdTests> logger) =>
        {
            logger.LogInformation("logged");
            return context.GetCorrelationId();
        });
        app.MapGet("/fail", string () => throw new InvalidOperationException());
        app.MapGet("/proxied", (HttpContext context) => context.Response.Headers[CorrelationId.HeaderName] = "from-upstream");
    }

    [Fact]
    public async Task A_valid_id_is_taken_echoed_and_in_the_log_scope()
    {
        await using var service = await TestService.StartAsync(map: Map);
        var (id, body) = await SendAsync(service, "/log", "Order_42.retry-1");
        Assert.Equal("Order_42.retry-1", id);
        Assert.Equal("Order_42.retry-1", body);
        var line = Assert.Single(service.Logs.Lines, line => line.Message == "logged");
        Assert.Equal("Order_42.retry-1", line.Scope["CorrelationId"]);
    }

    [Fact]
    public async Task A_missing_id_is_generated_and_differs_each_time()
    {
        await using var service = await TestService.StartAsync(map: Map);
        var ids = new HashSet<string>();
        for (var i = 0; i < 10; i++)
        {
            var (id, body) = await SendAsync(service, "/log", null);
            Assert.Equal(id, body);
            Assert.True(CorrelationId.IsValid(id));
            Assert.True(ids.Add(id!));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("has space")]
    [InlineData("a%0d%0ab")]
    [InlineData("semi;colon")]
    [InlineData("<script>")]
    [InlineData("naïve")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123x")]
    public async Task An_invalid_id_is_replaced_everywhere(string sent)
    {
        await using var service = await TestService.StartAsync(map: Map);
        var (id, body) = await SendAsync(service, "/log", sent);
        Assert.NotEqual(sent, id);
        Assert.True(CorrelationId.IsValid(id));
        Assert.Equal(id, body);
        Assert.Equal(id, Assert.Single(service.Logs.Lines, line => line.Message == "logged").Scope["CorrelationId"]);
    }

    [Fact]
    public async Task Two_ids_in_one_request_are_replaced_by_one()
    {
        await using var service = await TestService.StartAsync(map: Map);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/log");
        request.Headers.Add(CorrelationId.HeaderName, ["first", "second"]);
        using var answer = await service.Client.SendAsync(request);
        var id = Assert.Single(answer.Headers.GetValues(CorrelationId.HeaderName));
        Assert.True(CorrelationId.IsValid(id));
        Assert.False(id is "first" or "second");
    }

    [Theory]
    [InlineData("abc\r\n Injected: yes")]
    [InlineData("abc\r\n\tInjected: yes")]
    [InlineData("abc\rInjected: yes")]
    [InlineData("abc\0Injected: yes")]
    [InlineData("abc\u0085Injected: yes")]
    public async Task Line_breaks_in_an_id_reach_neither_the_answer_nor_the_log(string id)
    {
        await using var service = await TestService.StartAsync(map: Map);
        var answer = await TestService.SendRawAsync(
            service.Port, $"GET /log HTTP/1.1\r\nHost: localhost\r\n{CorrelationId.HeaderName}: {id}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 ", answer);
        Assert.DoesNotContain("Injected", answer, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(service.Logs.Lines, line =>
            line.Level >= LogLevel.Information
            && (line.Message + string.Join(' ', line.Scope.Values)).Contains("Injected", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("/fail", HttpStatusCode.InternalServerError)]
    [InlineData("/unknown", HttpStatusCode.NotFound)]
    public async Task Errors_carry_the_id(string path, HttpStatusCode status)
    {
        await using var service = await TestService.StartAsync(map: Map);
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { CorrelationId.HeaderName, "of-a-failure" } } };
        using var answer = await service.Client.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("of-a-failure", Assert.Single(answer.Headers.GetValues(CorrelationId.HeaderName)));
    }

    [Fact]
    public async Task An_id_that_an_upstream_answered_with_does_not_come_second()
    {
        await using var service = await TestService.StartAsync(map: Map);
        var (id, _) = await SendAsync(service, "/proxied", "mine");
        Assert.Equal("mine", id);
    }

    private static async Task<(string? Id, string Body)> SendAsync(TestService service, string path, string? id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (id is not null)
        {
            request.Headers.TryAddWithoutValidation(CorrelationId.HeaderName, id);
        }
        using var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.UTF8 };
        using var client = new HttpClient(handler) { BaseAddress = service.Client.BaseAddress };
        using var answer = await client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return (Assert.Single(answer.Headers.GetValues(CorrelationId.HeaderName)), await answer.Content.ReadAsStringAsync());
    }
}
