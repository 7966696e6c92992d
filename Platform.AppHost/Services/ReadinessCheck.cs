using System.Net;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.AppHost.Services;

/// <summary>
/// Whether a service answers <c>/health/ready</c> with 200. It waits for that for a while: Aspire asks a resource that is not healthy after
/// 1, 3, 6, 10 ... seconds, and who depends on it should not wait for the next question when it is ready in between.
/// </summary>
internal sealed class ReadinessCheck(EndpointReference management) : IHealthCheck, IDisposable
{
    private const int LongestReason = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        // Behind the orchestrator's proxy each question is to reach any replica, not always the same.
        PooledConnectionLifetime = TimeSpan.Zero,
    })
    {
        Timeout = TimeSpan.FromSeconds(5),
    };

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var result = await AskAsync(cancellationToken);
            if (result.Status == HealthStatus.Healthy || TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                return result;
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HealthCheckResult> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _client.GetAsync(new Uri(new Uri(management.Url), "/health/ready"), cancellationToken);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return HealthCheckResult.Healthy();
            }

            var reason = await answer.Content.ReadAsStringAsync(cancellationToken);
            reason = reason[..Math.Min(reason.Length, LongestReason)];
            return HealthCheckResult.Unhealthy($"/health/ready answered {(int)answer.StatusCode}: {reason}");
        }
        catch (Exception exception) when (
            exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return HealthCheckResult.Unhealthy("/health/ready does not answer.");
        }
    }
}
