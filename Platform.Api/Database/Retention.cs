using System.Globalization;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Platform.Api.Database;

/// <summary>
/// Deletes rows whose time is over: at the start and every few minutes, so many at a time that nobody waits for it. Several instances do
/// not get in each other's way.
/// </summary>
internal sealed partial class Retention(
    NpgsqlDataSource database, Migrator migrator, TimeProvider time, ILogger<Retention> logger, string table, string condition)
    : BackgroundService
{
    private const int BatchSize = 1000;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await migrator.Completion.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                while (await DeleteAsync(stoppingToken) == BatchSize)
                {
                    // There is more.
                }
            }
            catch (Exception away) when (DatabaseExceptionHandler.IsUnavailable(away))
            {
                LogLater(table, away.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<int> DeleteAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {table} WHERE {condition} LIMIT {BatchSize} FOR UPDATE SKIP LOCKED))
            """);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(LogLevel.Warning, "Old rows of {Table} could not be deleted and wait for the next time: {Reason}", EventName = "RetentionDelayed")]
    private partial void LogLater(string table, string reason);
}

internal static class RetentionExtensions
{
    /// <summary>Has the rows of the table deleted for which the condition, which is SQL, holds.</summary>
    public static void AddRetention(this IServiceCollection services, string table, string condition) =>
        services.AddRetention(table, _ => condition);

    /// <summary>Has the rows of the table deleted whose time, in this column, is so many days ago.</summary>
    public static void AddRetention<TOptions>(this IServiceCollection services, string table, string column, Func<TOptions, int> days)
        where TOptions : class =>
        services.AddRetention(table, provider => string.Create(
            CultureInfo.InvariantCulture, $"{column} <= now() - interval '{days(provider.GetRequiredService<IOptions<TOptions>>().Value)} days'"));

    private static void AddRetention(this IServiceCollection services, string table, Func<IServiceProvider, string> condition) =>
        // AddHostedService would keep only the first of a type.
        services.AddSingleton<IHostedService>(
            provider => ActivatorUtilities.CreateInstance<Retention>(provider, table, condition(provider)));
}
