namespace Platform.AppHost.Tunnel;

/// <summary>A cloudflared: the edge reachable from the internet without an open port, over a connection that goes out.</summary>
internal sealed class TunnelResource(string name) : ContainerResource(name);
