using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Platform.ServiceDefaults.Errors;

namespace Platform.Tests.Observability;

/// <summary>Every error is a problem document (RFC 9457) of one shape, and tells nothing of the inside.</summary>
public sealed class ErrorTests
{
    private sealed record Order(string Name, int Count);

    [Theory]
    [InlineData("GET", "/nowhere", null, null, HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/orders", null, null, HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/orders", "text/plain", "x", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "/orders", "application/json", "{\"name\":", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/orders", "application/json", "{\"name\":\"a\",\"count\":\"many\"}", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/numbers/abc", null, null, HttpStatusCode.BadRequest)]
    [InlineData("GET", "/broken", null, null, HttpStatusCode.InternalServerError)]
    [InlineData("GET", "/away", null, null, HttpStatusCode.ServiceUnavailable)]
    [Trait("Defect", "D12")]
    public async Task Every_error_is_a_problem_document_of_one_shape(string method, string path, string? type, string? body, HttpStatusCode expected)
    {
        await using var service = await StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type!));
        }

        using var answer = await service.Client.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var text = await answer.Content.ReadAsStringAsync();
        var problem = JsonSerializer.Deserialize<JsonElement>(text);
        Assert.Equal((int)expected, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("title").GetString()));
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("type").GetString()));
        Assert.Equal(32, problem.GetProperty("traceId").GetString()!.Length);
        Assert.True(answer.Headers.Contains("X-Correlation-ID"));
        foreach (var inside in new[] { "secret detail", "Exception", "   at ", "10.0.0.7" })
        {
            Assert.DoesNotContain(inside, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_value_of_the_wrong_JSON_type_is_named()
    {
        await using var service = await StartAsync();
        using var answer = await service.Client.PostAsync("/orders", JsonContent.Create(new { name = "a", count = "many" }));
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(problem.GetProperty("errors").TryGetProperty("count", out _));
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_413()
    {
        await using var service = await StartAsync();
        using var answer = await service.Client.PostAsync("/small", new ByteArrayContent(new byte[5000]));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    [Trait("Defect", "D23")]
    public async Task An_unhandled_exception_is_logged_once_with_the_correlation_id_and_counted_as_a_500()
    {
        await using var service = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/broken") { Headers = { { "X-Correlation-ID", "order-66" } } };
        using var answer = await service.Client.SendAsync(request);
        var line = Assert.Single(service.Logs.Lines, line => line.Level >= LogLevel.Error);
        Assert.Equal("order-66", line.Scope["CorrelationId"]);
        Assert.Contains("secret detail", line.Exception!.Message, StringComparison.Ordinal);
        await service.ScrapeUntilAsync(text => text.Split('\n').Any(line =>
            line.StartsWith("http_server_request_duration_seconds_count{", StringComparison.Ordinal)
            && line.Contains("http_response_status_code=\"500\"", StringComparison.Ordinal)
            && line.Contains("http_route=\"/broken\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_dependency_that_is_away_says_when_to_try_again_and_is_one_line_in_the_log()
    {
        await using var service = await StartAsync();
        using var answer = await service.Client.GetAsync("/away");
        Assert.Equal(TimeSpan.FromSeconds(3), answer.Headers.RetryAfter?.Delta);
        var line = Assert.Single(service.Logs.Lines, line => line.Level >= LogLevel.Warning);
        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.Null(line.Exception);
    }

    private static Task<TestService> StartAsync() => TestService.StartAsync(map: app =>
    {
        app.MapPost("/orders", (Order order) => order);
        app.MapGet("/numbers/{number}", (int number) => number);
        app.MapGet("/broken", string () => throw new InvalidOperationException("secret detail"));
        app.MapGet("/away", string () => throw new ServiceUnavailableException(
            "database", TimeSpan.FromSeconds(3), new IOException("no route to 10.0.0.7")));
        app.MapPost("/small", async context =>
        {
            context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = 1000;
            await context.Request.Body.CopyToAsync(Stream.Null);
        });
    });
}
