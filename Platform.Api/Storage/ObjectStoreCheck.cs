using Microsoft.Extensions.Diagnostics.HealthChecks;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Storage;

/// <summary>
/// Degraded while the store is away: everything but the content of documents works without it, so that it takes no readiness away. What the
/// store needs is created when it has gone missing.
/// </summary>
internal sealed class ObjectStoreCheck(IObjectStore store) : IHealthCheck
{
    public const string Name = "object-store";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await store.PrepareAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (ServiceUnavailableException away)
        {
            return new(context.Registration.FailureStatus, exception: away);
        }
    }
}
