using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.Tests.Edge;

/// <summary>
/// A server with pages, as the applications behind the edge are. What it is asked to answer with is in the query, so that it does so below
/// any prefix: <c>?header=Location:/x</c>, any number of times, with <c>{self}</c> for its own address. A WebSocket gets back what it sends.
/// </summary>
public sealed class ApplicationServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ApplicationServer(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    public static async Task<ApplicationServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        var app = builder.Build();
        var server = new ApplicationServer(app);
        app.UseWebSockets();
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.WebSockets.IsWebSocketRequest)
        {
            await EchoAsync(await context.WebSockets.AcceptWebSocketAsync(), context.RequestAborted);
            return;
        }

        var request = context.Request;
        foreach (var header in request.Query["header"])
        {
            var parts = header!.Split(':', 2);
            context.Response.Headers.Append(parts[0], parts[1].Replace("{self}", Url, StringComparison.Ordinal));
        }

        var size = 0L;
        var buffer = new byte[64 * 1024];
        while (await request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
        {
            size += read;
        }

        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        await context.Response.WriteAsJsonAsync(new Echo(request.Method, target, request.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString())) { BodySize = size });
    }

    private static async Task EchoAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var message = await socket.ReceiveAsync(buffer, cancellationToken);
            if (message.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(message.CloseStatus!.Value, message.CloseStatusDescription, cancellationToken);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, cancellationToken);
        }
    }
}
