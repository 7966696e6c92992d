using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.ServiceDefaults.Health;

/// <summary>
/// The gauge <c>health_check_status{check}</c>: 1 is healthy, 0.5 degraded, 0 unhealthy. .NET's publisher asks every check now and then,
/// whether or not a probe does.
/// </summary>
internal sealed class HealthMetrics : IHealthCheckPublisher
{
    private volatile HealthReport? _latest;

    public HealthMetrics(IMeterFactory meters) => meters.Create("Platform.ServiceDefaults").CreateObservableGauge(
        "health_check_status", Measure, description: "1 is healthy, 0.5 degraded, 0 unhealthy.");

    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        _latest = report;
        return Task.CompletedTask;
    }

    private IEnumerable<Measurement<double>> Measure() => _latest?.Entries.Select(check => new Measurement<double>(
        check.Value.Status switch
        {
            HealthStatus.Healthy => 1,
            HealthStatus.Degraded => 0.5,
            _ => 0,
        },
        new KeyValuePair<string, object?>("check", check.Key))) ?? [];
}
