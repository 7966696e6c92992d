namespace Platform.AppHost.Tunnel;

internal static class TunnelExtensions
{
    private const string Image = "cloudflare/cloudflared";
    private const string Tag = "2026.1.2";
    private const string Metrics = "127.0.0.1:2000";

    /// <summary>A named Cloudflare tunnel to the edge, where the parameter <c>tunnel-token</c> is given; else nothing.</summary>
    public static void AddTunnelIfGiven(this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ProjectResource> edge)
    {
        if (builder.Given(KnownParameters.TunnelToken) is not { Length: > 0 } token)
        {
            return;
        }

        builder.AddResource(new TunnelResource(name))
            .WithImage(Image, Tag)
            .WithImageRegistry("docker.io")
            .WithArgs("tunnel", "--no-autoupdate", "run")
            .WithEnvironment("TUNNEL_TOKEN", builder.AddChoice(KnownParameters.TunnelToken, token, secret: true))
            .WithEnvironment("TUNNEL_METRICS", Metrics)
            .WaitFor(edge)
            .PublishAs(new()
            {
                Healthcheck = ["CMD", "cloudflared", "tunnel", "--metrics", Metrics, "ready"],
                Memory = "128M",
                Cpus = "0.5",
            });
    }
}
