using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;
using Platform.ServiceDefaults.Correlation;
using Platform.ServiceDefaults.Errors;

namespace Platform.Tests.Observability;

[Trait("Defect", "D12")]
public sealed class ProblemDocumentTests
{
    private const string Secret = "Host=db.internal;Password=hunter2";

    public static TheoryData<string, HttpMethod, string, string?, string?, HttpStatusCode> Errors => new()
    {
        { "unknown path", HttpMethod.Get, "/unknown", null, null, HttpStatusCode.NotFound },
        { "wrong method", HttpMethod.Delete, "/people", null, null, HttpStatusCode.MethodNotAllowed },
        { "wrong type of body", HttpMethod.Post, "/people",
          "name=Ada", "application/x-www-form-urlencoded", HttpStatusCode.UnsupportedMediaType },
        { "no body", HttpMethod.Post, "/people", "", "application/json", HttpStatusCode.BadRequest },
        { "malformed JSON", HttpMethod.Post, "/people", """{"name":"Ada",}""", "application/json", HttpStatusCode.BadRequest },
        { "text cut short", HttpMethod.Post, "/people", """{"name":"Ad""", "application/json", HttpStatusCode.BadRequest },
        { "lone surrogate", HttpMethod.Post, "/people", """{"name":"\ud800"}""", "application/json", HttpStatusCode.BadRequest },
        { "wrong JSON type", HttpMethod.Post, "/people", """{"name":42}""", "application/json", HttpStatusCode.BadRequest },
        { "missing property", HttpMethod.Post, "/people", "{}", "application/json", HttpStatusCode.BadRequest },
        { "body too large", HttpMethod.Post, "/people",
          $$"""{"name":"{{new string('a', 2000)}}"}""", "application/json", HttpStatusCode.RequestEntityTooLarge },
        { "stream too large", HttpMethod.Post, "/stream", new string('a', 2000), "text/plain", HttpStatusCode.RequestEntityTooLarge },
        { "wrong query", HttpMethod.Get, "/people?limit=many", null, null, HttpStatusCode.BadRequest },
        { "missing query", HttpMethod.Get, "/people", null, null, HttpStatusCode.BadRequest },
        { "defect", HttpMethod.Get, "/defect", null, null, HttpStatusCode.InternalServerError },
        { "dependency away", HttpMethod.Get, "/away", null, null, HttpStatusCode.ServiceUnavailable },
        { "bare status", HttpMethod.Get, "/status/429", null, null, HttpStatusCode.TooManyRequests },
        { "odd status", HttpMethod.Get, "/status/418", null, null, (HttpStatusCode)418 },
        { "problem result", HttpMethod.Get, "/problem", null, null, HttpStatusCode.Conflict },
        { "validation result", HttpMethod.Get, "/validation", null, null, HttpStatusCode.BadRequest },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task Every_error_has_one_shape_and_no_exception_text(
        string cause, HttpMethod method, string path, string? body, string? type, HttpStatusCode status)
    {
        // What a browser accepts and what the environment is changes nothing.
        foreach (var (environment, accept) in
            new[] { ("Production", "application/json"), ("Production", "text/html"), ("Development", "*/*") })
        {
            await using var service = await TestService.StartAsync(map: Map, settings: new() { ["Environment"] = environment });
            using var request = Request(method, path, body, type);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
            using var answer = await service.Client.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.Equal((cause, status), (cause, answer.StatusCode));
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.True(answer.Headers.Contains(CorrelationId.HeaderName));
            var problem = JsonDocument.Parse(text).RootElement;
            Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
            Assert.NotEqual("", problem.GetProperty("type").GetString());
            Assert.NotEqual("", problem.GetProperty("title").GetString());
            Assert.Matches("^[0-9a-f]{32}$", problem.GetProperty("traceId").GetString());
            Assert.Subset(
                new HashSet<string> { "type", "title", "status", "detail", "errors", "traceId" },
                problem.EnumerateObject().Select(member => member.Name).ToHashSet());
            foreach (var leak in
                new[] { Secret, "hunter2", "Exception", "Person", "System.", "Microsoft.", "   at ", "ProblemDocumentTests", "Int32" })
            {
                Assert.DoesNotContain(leak, text, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("""{"name":42}""", "name")]
    [InlineData("""{"name":"Ada","address":{"zip":"x"}}""", "address.zip")]
    [InlineData("""{"name":"Ada","tags":["a",1]}""", "tags[1]")]
    public async Task A_value_of_the_wrong_JSON_type_is_named(string body, string field)
    {
        await using var service = await TestService.StartAsync(map: Map);
        var problem = await ProblemAsync(service, Request(HttpMethod.Post, "/people", body, "application/json"));
        Assert.Equal(field, Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("/people?limit=many")]
    [InlineData("/people")]
    public async Task A_query_parameter_that_cannot_be_read_is_named(string path)
    {
        await using var service = await TestService.StartAsync(map: Map);
        var problem = await ProblemAsync(service, Request(HttpMethod.Get, path));
        Assert.Equal("limit", Assert.Single(problem.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public async Task Malformed_JSON_is_told_where()
    {
        await using var service = await TestService.StartAsync(map: Map);
        var problem = await ProblemAsync(service, Request(HttpMethod.Post, "/people", "{\n\"name\": oops}", "application/json"));
        Assert.Contains("line 2, byte 9", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_method_is_told_which_are_right()
    {
        await using var service = await TestService.StartAsync(map: Map);
        using var answer = await service.Client.DeleteAsync("/people");
        Assert.Equal(["GET", "POST"], answer.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task A_defect_is_logged_once_with_the_correlation_id()
    {
        await using var service = await TestService.StartAsync(map: Map);
        using var request = Request(HttpMethod.Get, "/defect");
        request.Headers.Add(CorrelationId.HeaderName, "find-me");
        using var answer = await service.Client.SendAsync(request);
        var line = Assert.Single(service.Logs.Lines, line => line.Level >= LogLevel.Warning);
        Assert.Equal(LogLevel.Error, line.Level);
        Assert.Equal(Secret, line.Exception?.Message);
        Assert.Equal("find-me", line.Scope["CorrelationId"]);
    }

    [Fact]
    public async Task A_client_s_mistake_is_no_warning()
    {
        await using var service = await TestService.StartAsync(map: Map);
        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Get, "/unknown", ""), (HttpMethod.Get, "/people?limit=many", ""), (HttpMethod.Post, "/people", "{"),
            (HttpMethod.Post, "/people", $"\"{new string('a', 5000)}\""),
        })
        {
            using var answer = await service.Client.SendAsync(Request(method, path, body, "application/json"));
            Assert.InRange((int)answer.StatusCode, 400, 499);
        }
        Assert.DoesNotContain(service.Logs.Lines, line => line.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task A_dependency_that_is_away_gives_Retry_After_and_one_line_without_a_stack()
    {
        await using var service = await TestService.StartAsync(map: Map);
        using var answer = await service.Client.GetAsync("/away");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(3), answer.Headers.RetryAfter?.Delta);
        Assert.Contains("database", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var line = Assert.Single(service.Logs.Lines, line => line.Level >= LogLevel.Warning);
        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.Null(line.Exception);
        Assert.DoesNotContain("hunter2", line.Message, StringComparison.Ordinal);
        Assert.NotNull(line.Scope["CorrelationId"]);
    }

    [Fact]
    public async Task A_request_that_the_client_gives_up_is_no_error()
    {
        var entered = new TaskCompletionSource();
        var left = new TaskCompletionSource();
        await using var service = await TestService.StartAsync(
            map: app => app.MapGet("/given-up", async (CancellationToken cancellationToken) =>
        {
            entered.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            finally
            {
                left.SetResult();
            }
        }));
        using var giveUp = new CancellationTokenSource();
        var request = service.Client.GetAsync("/given-up", giveUp.Token);
        await entered.Task.WaitAsync(TestService.Patience);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await left.Task.WaitAsync(TestService.Patience);
        await service.ScrapeUntilAsync(text => text.Split('\n').Any(line =>
            line.Contains("http_server_request_duration_seconds_count", StringComparison.Ordinal)
            && line.Contains("http_response_status_code=\"499\"", StringComparison.Ordinal)
            && line.Contains("http_route=\"/given-up\"", StringComparison.Ordinal)));
        Assert.DoesNotContain(service.Logs.Lines, line => line.Level >= LogLevel.Warning);
    }

    private static void Map(WebApplication app)
    {
        app.MapPost("/people", (Person person) => person.Name).WithMetadata(new RequestSizeLimitAttribute(1000));
        app.MapPost("/stream", (HttpRequest request) => request.Body.CopyToAsync(Stream.Null))
            .WithMetadata(new RequestSizeLimitAttribute(1000));
        app.MapGet("/people", (int limit) => limit);
        app.MapGet("/defect", string () => throw new InvalidOperationException(Secret));
        app.MapGet("/away", string () =>
            throw new ServiceUnavailableException("database", TimeSpan.FromSeconds(2.5), new TimeoutException(Secret)));
        app.MapGet("/status/{code:int}", (int code) => Results.StatusCode(code));
        app.MapGet("/problem", () => TypedResults.Problem("Somebody was faster.", statusCode: StatusCodes.Status409Conflict));
        app.MapGet("/validation", () =>
            TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["email"] = ["Not an address."] }));
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string? body = null, string? type = null) => new(method, path)
    {
        Content = body is null || method == HttpMethod.Get ? null : new StringContent(body, Encoding.UTF8, type!),
    };

    private static async Task<JsonElement> ProblemAsync(TestService service, HttpRequestMessage request)
    {
        using var answer = await service.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
    }

    private sealed record Address(int Zip);

    private sealed record Person
    {
        public required string Name { get; init; }

        public Address? Address { get; init; }

        public string[]? Tags { get; init; }
    }
}
