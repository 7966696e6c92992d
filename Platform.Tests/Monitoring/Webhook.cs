using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>Somebody who is told of alerts over HTTP, as Alertmanager's webhook does it.</summary>
internal sealed class Webhook : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<JsonElement> _told = new();
    private readonly Task _listening;

    public Webhook()
    {
        Url = $"http://localhost:{FreePort.Next()}/";
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _listening = ListenAsync();
    }

    public string Url { get; }

    /// <summary>Every alert that was told so far, with its status.</summary>
    public IEnumerable<(string Name, string Status, JsonElement Alert)> Alerts => _told
        .SelectMany(message => message.GetProperty("alerts").EnumerateArray())
        .Select(alert => (alert.GetProperty("labels").GetProperty("alertname").GetString()!, alert.GetProperty("status").GetString()!, alert));

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _listening;
        _listener.Close();
    }

    private async Task ListenAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                _told.Enqueue((await JsonDocument.ParseAsync(context.Request.InputStream)).RootElement);
                context.Response.Close();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                // It was stopped.
                return;
            }
        }
    }
}
