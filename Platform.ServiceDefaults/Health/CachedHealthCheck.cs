using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Platform.ServiceDefaults.Health;

/// <summary>
/// A health check that is asked at most once in <see cref="Age"/>, by one caller at a time, and that answers in time whatever the check
/// does. Only the status gets out: what the driver said is logged when the status changes and told to nobody.
/// </summary>
internal sealed partial class CachedHealthCheck(
    Func<IServiceProvider, IHealthCheck> factory, TimeSpan timeout,
    IServiceScopeFactory scopes, TimeProvider time, ILogger<CachedHealthCheck> logger)
    : IHealthCheck
{
    /// <summary>How old a result may be, counted from when its check began.</summary>
    public static readonly TimeSpan Age = TimeSpan.FromSeconds(2);

    private readonly TimeSpan _timeout = timeout > TimeSpan.Zero ? timeout : TimeSpan.FromSeconds(2);
    private readonly Lock _gate = new();
    private Task<HealthCheckResult>? _latest;
    private long _latestBegan;
    private Task<HealthCheckResult>? _running;
    private HealthStatus _lastLogged = HealthStatus.Healthy;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        Task<HealthCheckResult> latest;
        lock (_gate)
        {
            if (_latest is null || (_latest.IsCompleted && time.GetElapsedTime(_latestBegan) >= Age))
            {
                _latestBegan = time.GetTimestamp();
                // Not with the caller's token: others wait for the same result.
                _latest = Task.Run(() => CheckAsync(context), CancellationToken.None);
            }
            latest = _latest;
        }
        return latest.WaitAsync(cancellationToken);
    }

    private async Task<HealthCheckResult> CheckAsync(HealthCheckContext context)
    {
        HealthCheckResult result;
        try
        {
            // A check that ignores its token is not started again before it ends, so that none pile up.
            if (_running is null or { IsCompleted: true })
            {
                _running = AskAsync(context);
            }
            result = await _running.WaitAsync(_timeout, time);
        }
        catch (Exception exception)
        {
            result = new(context.Registration.FailureStatus, exception: exception);
        }
        if (result.Status != _lastLogged)
        {
            _lastLogged = result.Status;
            if (result.Status == HealthStatus.Healthy)
            {
                LogRecovered(context.Registration.Name);
            }
            else
            {
                LogFailed(context.Registration.Name, result.Status, result.Description, result.Exception);
            }
        }
        return new(result.Status);
    }

    private async Task<HealthCheckResult> AskAsync(HealthCheckContext context)
    {
        await Task.Yield();
        using var limit = new CancellationTokenSource(_timeout, time);
        await using var scope = scopes.CreateAsyncScope();
        return await factory(scope.ServiceProvider).CheckHealthAsync(context, limit.Token);
    }

    [LoggerMessage(LogLevel.Warning, "Health check {Check} is {Status}: {Description}", EventName = "HealthCheckFailed")]
    private partial void LogFailed(string check, HealthStatus status, string? description, Exception? exception);

    [LoggerMessage(LogLevel.Information, "Health check {Check} is healthy again", EventName = "HealthCheckRecovered")]
    private partial void LogRecovered(string check);
}
