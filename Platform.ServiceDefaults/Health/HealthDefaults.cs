using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Platform.ServiceDefaults.Health;

/// <summary>
/// The tags that say which probe a health check answers. A check without any of them is a dependency: it counts for readiness.
/// </summary>
public static class HealthTags
{
    /// <summary>The process serves. Such a check asks no dependency: a failing one gets the process restarted.</summary>
    public const string Live = "live";

    /// <summary>The service cannot answer without it.</summary>
    public const string Ready = "ready";

    /// <summary>Has to pass once before the service is ready, such as "migrations".</summary>
    public const string Startup = "startup";
}

internal static class HealthDefaults
{
    /// <summary>The check that is healthy from the host's start to its stop.</summary>
    public const string HostCheck = "host";

    private const string SelfCheck = "self";

    /// <summary>Between two rounds for the metric.</summary>
    private static readonly TimeSpan PublishingPeriod = TimeSpan.FromSeconds(10);

    public static void AddHealth(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<HealthProbes>();
        services.AddHealthChecks()
            .AddCheck(SelfCheck, () => HealthCheckResult.Healthy(), [HealthTags.Live])
            .AddCheck<HostCheck>(HostCheck, tags: [HealthTags.Startup, HealthTags.Ready]);
        services.AddSingleton<IHealthCheckPublisher, HealthMetrics>();
        services.Configure<HealthCheckPublisherOptions>(options =>
        {
            options.Delay = TimeSpan.FromSeconds(1);
            options.Period = PublishingPeriod;
        });
        services.AddOptions<HealthCheckServiceOptions>().PostConfigure<IServiceScopeFactory, TimeProvider, ILogger<CachedHealthCheck>>(
            (options, scopes, time, logger) =>
            {
                // The two checks of the process itself cost nothing and are never stale.
                foreach (var registration in options.Registrations.Where(check => check.Name is not (SelfCheck or HostCheck)))
                {
                    var cached = new CachedHealthCheck(registration.Factory, registration.Timeout, scopes, time, logger);
                    registration.Factory = _ => cached;
                    registration.Timeout = Timeout.InfiniteTimeSpan;
                }
            });
    }
}
