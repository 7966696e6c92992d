using Microsoft.Extensions.Diagnostics.HealthChecks;
using Platform.Api.Contacts;
using Platform.Api.Database;
using Platform.Api.Visitors;

namespace Platform.Api.Health;

/// <summary>
/// Writes no contact and no visit before the service is ready: the first write of a process makes connections, code and plans, which takes
/// longer on a busy machine than somebody who writes would wait.
/// </summary>
internal sealed class WarmUp(ContactStore contacts, VisitStore visits, Migrator migrator) : BackgroundService, IHealthCheck
{
    public const string Check = "warm-up";

    private volatile bool _isDone;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_isDone ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("Nothing has been written yet."));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrator.Completion.WaitAsync(stoppingToken);
        try
        {
            await contacts.AddAsync([], stoppingToken);
            await visits.AddAsync([], stoppingToken);
        }
        catch (Exception away) when (DatabaseExceptionHandler.IsUnavailable(away))
        {
            // The database's own check says so.
        }
        _isDone = true;
    }
}
