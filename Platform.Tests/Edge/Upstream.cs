using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.Tests.Edge;

/// <summary>What stands behind the edge in its tests: a server that answers like the API where that matters, and badly where it is told to.</summary>
public sealed class Upstream : IAsyncDisposable
{
    public const string GoodKey = "a-good-key";

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<string> _requests = new();

    private Upstream(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    /// <summary>Method and path of every request that was not a health probe, in order.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    /// <summary>How often the edge asked whether a key is good.</summary>
    public int Verifications => _verifications;

    private int _verifications;

    public static async Task<Upstream> StartAsync(int port = 0, string name = "upstream")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null).UseUrls($"http://127.0.0.1:{port}");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        var app = builder.Build();
        var upstream = new Upstream(app);
        app.Run(context => upstream.AnswerAsync(context, name));
        await app.StartAsync();
        return upstream;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context, string name)
    {
        var request = context.Request;
        var response = context.Response;
        var path = request.Path.Value!;
        if (request.Headers.TryGetValue("X-API-Key", out var key))
        {
            if (path == "/api")
            {
                Interlocked.Increment(ref _verifications);
                // Long enough for others with the same key to come.
                await Task.Delay(100);
            }

            if (key != GoodKey)
            {
                response.StatusCode = 401;
                return;
            }
        }

        if (path != "/api" || request.Headers.ContainsKey("X-Correlation-ID"))
        {
            _requests.Enqueue($"{request.Method} {path}");
        }

        response.Headers["X-Replica"] = name;
        switch (request.Method, path)
        {
            case ("POST", "/contact"):
                await ContactAsync(context);
                return;
            case ("POST", "/visits"):
                await request.Body.CopyToAsync(Stream.Null);
                response.StatusCode = 202;
                return;
            case (_, "/health"):
                await response.WriteAsJsonAsync(new
                {
                    status = "healthy", timestamp = DateTime.UtcNow, version = "1.0.0", services = new { database = "connected" },
                });
                return;
            case (_, "/stats"):
                await response.WriteAsJsonAsync(new { visitor_count = 1284, timestamp = DateTime.UtcNow, enhanced_features = true });
                return;
            case (_, "/contacts/abort"):
                context.Abort();
                return;
            case (_, "/contacts/hang"):
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return;
            case (_, "/contacts/missing"):
                response.StatusCode = 404;
                await response.WriteAsJsonAsync(new { title = "Not Found", status = 404 }, options: null, "application/problem+json");
                return;
            case (_, "/contacts/large"):
                await response.WriteAsJsonAsync(Enumerable.Range(0, 2000));
                return;
            case (_, "/contacts/hostile"):
                response.Headers.Server = "Apache/1.3";
                response.Headers.XPoweredBy = "PHP/4";
                response.Headers.XFrameOptions = "ALLOWALL";
                response.Headers.ContentSecurityPolicy = "script-src 'unsafe-inline'";
                response.Headers.StrictTransportSecurity = "max-age=63072000; preload";
                response.Headers.AccessControlAllowOrigin = "*";
                response.Headers.AccessControlAllowCredentials = "true";
                response.Headers["X-Correlation-ID"] = "from-the-upstream";
                await response.WriteAsJsonAsync(new { });
                return;
            default:
                await response.WriteAsJsonAsync(new Echo(
                    request.Method, path + request.QueryString, request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString())));
                return;
        }
    }

    private static async Task ContactAsync(HttpContext context)
    {
        var response = context.Response;
        if (context.Request.HasFormContentType)
        {
            var form = await context.Request.ReadFormAsync();
            response.StatusCode = 303;
            response.Headers.Location = form["email"] == "refused@example.org" ? "/contact.html?invalid=name,email" : "/contact-thanks.html";
            return;
        }

        var body = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
        if (body.TryGetProperty("email", out var email) && email.GetString() == "refused@example.org")
        {
            response.StatusCode = 422;
            var errors = new { email = new[] { "must be a valid e-mail address" }, message = new[] { "is too long" } };
            await response.WriteAsJsonAsync(new { title = "Unprocessable", status = 422, errors }, options: null, "application/problem+json");
            return;
        }

        await response.WriteAsJsonAsync(new
        {
            message = "Contact form submitted successfully", contactId = "contact_0193", timestamp = DateTime.UtcNow, visitor_count = 7, documents_count = 0,
        });
    }
}

/// <summary>A request as it reached the upstream.</summary>
public sealed record Echo(string Method, string Target, Dictionary<string, string> Headers)
{
    /// <summary>Bytes of the body, where the upstream has counted them.</summary>
    public long BodySize { get; init; }
}
