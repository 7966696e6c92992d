using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Platform.Tests.Observability;

public sealed class HttpClientTests
{
    [Theory]
    [InlineData("GET", 3, HttpStatusCode.OK)]
    [InlineData("HEAD", 3, HttpStatusCode.OK)]
    [InlineData("POST", 1, HttpStatusCode.ServiceUnavailable)]
    [InlineData("PATCH", 1, HttpStatusCode.ServiceUnavailable)]
    [InlineData("PUT", 1, HttpStatusCode.ServiceUnavailable)]
    [InlineData("DELETE", 1, HttpStatusCode.ServiceUnavailable)]
    public async Task Only_a_request_that_changes_nothing_is_sent_again(string method, int attempts, HttpStatusCode status)
    {
        await using var upstream = await Upstream.StartAsync((context, attempt) => context.Response.StatusCode = attempt <= 2 ? 503 : 200);
        await using var service = await TestService.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), upstream.Address);
        using var answer = await Client(service).SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(attempts, upstream.Requests);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_tried_again()
    {
        await using var upstream = await Upstream.StartAsync((context, attempt) =>
        {
            if (attempt == 1)
            {
                context.Abort();
            }
        });
        await using var service = await TestService.StartAsync();
        using var answer = await Client(service).GetAsync(upstream.Address);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(2, upstream.Requests);
    }

    [Fact]
    public async Task An_upstream_that_keeps_failing_is_left_alone()
    {
        await using var upstream = await Upstream.StartAsync((context, _) => context.Response.StatusCode = 500);
        await using var service = await TestService.StartAsync();
        var client = Client(service);
        await Assert.ThrowsAsync<BrokenCircuitException>(async () =>
        {
            for (var i = 0; i < 300; i++)
            {
                using var answer = await client.PostAsync(upstream.Address, null);
            }
        });
        var before = upstream.Requests;
        await Assert.ThrowsAsync<BrokenCircuitException>(() => client.PostAsync(upstream.Address, null));
        Assert.Equal(before, upstream.Requests);
    }

    [Fact]
    public async Task An_attempt_that_gets_no_answer_is_given_up_after_ten_seconds()
    {
        await using var upstream = await Upstream.StartAsync((context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var service = await TestService.StartAsync();
        var began = TimeProvider.System.GetTimestamp();
        await Assert.ThrowsAsync<TimeoutRejectedException>(() => Client(service).PostAsync(upstream.Address, null));
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 9, 20);
    }

    [Fact]
    public async Task A_service_is_found_by_name_and_every_instance_of_it_is_used()
    {
        await using var first = await Upstream.StartAsync((context, _) => context.Response.WriteAsync("first"));
        await using var second = await Upstream.StartAsync((context, _) => context.Response.WriteAsync("second"));
        await using var service = await TestService.StartAsync(settings: new()
        {
            ["services:api:http:0"] = first.Address.ToString(),
            ["services:api:http:1"] = second.Address.ToString(),
        });
        var answers = new ConcurrentBag<string>();
        for (var i = 0; i < 10; i++)
        {
            answers.Add(await Client(service).GetStringAsync(new Uri("http://api/hello")));
        }
        Assert.Equal(["first", "second"], answers.Distinct().Order());
    }

    private static HttpClient Client(TestService service) => service.App.Services.GetRequiredService<IHttpClientFactory>().CreateClient();

    private sealed class Upstream(WebApplication app) : IAsyncDisposable
    {
        private int _requests;

        public int Requests => _requests;

        public Uri Address => new(app.Urls.Single());

        public static Task<Upstream> StartAsync(Action<HttpContext, int> answer) => StartAsync((context, attempt) =>
        {
            answer(context, attempt);
            return Task.CompletedTask;
        });

        public static async Task<Upstream> StartAsync(Func<HttpContext, int, Task> answer)
        {
            var builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            var app = builder.Build();
            var upstream = new Upstream(app);
            app.Urls.Add("http://127.0.0.1:0");
            app.Run(context => answer(context, Interlocked.Increment(ref upstream._requests)));
            await app.StartAsync();
            return upstream;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
