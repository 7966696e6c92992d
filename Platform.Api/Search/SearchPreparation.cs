using Platform.Api.Database;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Search;

/// <summary>Prepares the index in the background, for as long as that takes: the service starts without it.</summary>
internal sealed partial class SearchPreparation(
    ISearchIndex index, Migrator migrator, TimeProvider time, ILogger<SearchPreparation> logger) : BackgroundService
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // One of the indexes is made by a migration.
        await migrator.Completion.WaitAsync(stoppingToken);
        for (var delay = TimeSpan.FromMilliseconds(250); ; delay = delay * 2 > MaxDelay ? MaxDelay : delay * 2)
        {
            try
            {
                await index.PrepareAsync(stoppingToken);
                return;
            }
            catch (Exception failure) when (failure is ServiceUnavailableException or SearchIndexException)
            {
                LogFailed((failure.InnerException ?? failure).Message, delay);
            }
            await Task.Delay(delay, time, stoppingToken);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The search index is not ready, trying again in {Delay}: {Reason}", EventName = "SearchIndexNotReady")]
    private partial void LogFailed(string reason, TimeSpan delay);
}
