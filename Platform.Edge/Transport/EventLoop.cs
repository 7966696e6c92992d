using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Platform.Edge.Transport;

/// <summary>
/// Runs each request on the thread that its bytes arrived on, as other proxies do: a request is little work between four waits for the
/// network, and a change of threads at each of them would cost more than the work. There is one such thread a processor, so nothing in a
/// request may block; what computes for long belongs on the thread pool.
/// </summary>
internal static class EventLoop
{
    /// <summary>To be called before the first socket is made, since the runtime reads its variable then.</summary>
    public static void UseEventLoop(this WebApplicationBuilder builder)
    {
        // For the connections to the servers behind the edge; Kestrel has its own setting for those of the clients.
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.UnsafePreferInlineScheduling = true);
    }
}
