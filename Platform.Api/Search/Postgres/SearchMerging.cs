using Npgsql;
using Platform.Api.Database;

namespace Platform.Api.Search.Postgres;

/// <summary>Merges segments of the index a moment after something was put or removed, for as long as there are some to merge.</summary>
internal sealed partial class SearchMerging(
    PostgresSearchIndex index,
    NpgsqlDataSource database,
    IConfiguration configuration,
    Migrator migrator,
    TimeProvider time,
    ILogger<SearchMerging> logger)
    : BackgroundService
{
    /// <summary>What comes meanwhile is merged at once.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private bool _isAway;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrator.Completion.WaitAsync(stoppingToken);
        do
        {
            try
            {
                while (await IsDueAsync(stoppingToken) && await MergeAsync(stoppingToken))
                {
                }
                _isAway = false;
            }
            catch (Exception away) when ((DatabaseExceptionHandler.IsUnavailable(away) || away is PostgresException or InvalidDataException)
                && !stoppingToken.IsCancellationRequested)
            {
                // Said once, and tried again with the next change.
                if (!_isAway)
                {
                    _isAway = true;
                    LogAway(away.Message);
                }
            }
            await Task.Delay(Pause, time, stoppingToken);
        }
        while (await index.Changes.ReadAsync(stoppingToken));
    }

    private async Task<bool> IsDueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await SearchSegments.IsDueAsync(connection, cancellationToken);
    }

    private async Task<bool> MergeAsync(CancellationToken cancellationToken)
    {
        await using var connection = configuration.CreateLongConnection();
        await connection.OpenAsync(cancellationToken);
        await using var reader = configuration.CreateLongConnection();
        await reader.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var merged = await SearchSegments.MergeAsync(connection, reader, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return merged;
    }

    [LoggerMessage(
        LogLevel.Warning, "The search index could not be merged, and will be after the next change: {Reason}", EventName = "SearchMergeFailed")]
    private partial void LogAway(string reason);
}
