using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Storage;

/// <summary>Creates the folder or the bucket, as soon as the store is there. The service starts without it.</summary>
internal sealed partial class ObjectStorePreparation(IObjectStore store, TimeProvider time, ILogger<ObjectStorePreparation> logger)
    : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await store.PrepareAsync(stoppingToken);
                return;
            }
            catch (ServiceUnavailableException away)
            {
                if (attempt == 1)
                {
                    LogAway(away.InnerException?.Message);
                }
            }
            await Task.Delay(Retry, time, stoppingToken);
        }
    }

    [LoggerMessage(
        LogLevel.Warning, "The object store is not available, documents cannot be stored yet: {Reason}", EventName = "ObjectStoreNotReady")]
    private partial void LogAway(string? reason);
}
