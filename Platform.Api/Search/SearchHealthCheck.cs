using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.Api.Search;

/// <summary>Whether the index answers. Without it the service is degraded, not down.</summary>
internal sealed class SearchHealthCheck(ISearchIndex index) : IHealthCheck
{
    public const string Name = "search-index";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await index.GetStatisticsAsync(cancellationToken);
        return HealthCheckResult.Healthy();
    }
}
