using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Platform.Api.Database;

/// <summary>
/// Brings the schema up to date before the service is ready. PostgreSQL may come later than this process, or go away meanwhile: it tries
/// again, with backoff, for as long as it takes. Only an applied migration that has changed since ends the process, with exit code 1.
/// </summary>
internal sealed partial class Migrator(
    NpgsqlDataSource database, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<Migrator> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the schema is the one that this build was written for.</summary>
    public Task Completion => _completion.Task;

    public bool IsComplete => Completion.IsCompleted;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(IsComplete
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The database schema is not up to date yet."));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var delay = TimeSpan.FromMilliseconds(250); !IsComplete; delay = delay * 2 > MaxDelay ? MaxDelay : delay * 2)
        {
            try
            {
                await ApplyAsync(Migration.Embedded, stoppingToken);
                _completion.SetResult();
            }
            catch (MigrationChangedException changed)
            {
                LogChanged(changed.Message);
                Environment.ExitCode = 1;
                // A host that is asked to stop while it starts ends in a stack trace.
                using var started = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStarted, stoppingToken);
                await Task.Delay(Timeout.InfiniteTimeSpan, started.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                lifetime.StopApplication();
                return;
            }
            catch (Exception failure) when (failure is NpgsqlException or TimeoutException)
            {
                LogFailed(failure.Message, delay);
                await Task.Delay(delay, time, stoppingToken);
            }
        }
    }

    /// <summary>Applies what is missing in one transaction: all of it or nothing. Several instances take turns.</summary>
    /// <exception cref="MigrationChangedException">A migration differs from what was applied under its number.</exception>
    internal async Task ApplyAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ApplyAsync(connection, migrations, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Applies what is missing, in the transaction of the connection.</summary>
    /// <exception cref="MigrationChangedException">A migration differs from what was applied under its number.</exception>
    internal async Task ApplyAsync(NpgsqlConnection connection, IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        // The lock goes with the transaction, however that ends. The number is arbitrary and ours.
        await ExecuteAsync("SELECT pg_advisory_xact_lock(7350461528303)");
        await ExecuteAsync("""
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number     integer PRIMARY KEY,
                name       text NOT NULL,
                checksum   text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """);
        var applied = await ReadAppliedAsync(connection, cancellationToken);
        foreach (var migration in migrations)
        {
            if (applied.TryGetValue(migration.Number, out var checksum))
            {
                if (checksum != migration.Checksum)
                {
                    throw new MigrationChangedException(
                        $"Migration {migration.Name} was changed after it had been applied to this database. "
                        + "Restore the file and add a new migration.");
                }
                continue;
            }
            await ExecuteAsync(migration.Sql);
            await using var record = new NpgsqlCommand(
                "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)", connection)
            {
                Parameters = { new() { Value = migration.Number }, new() { Value = migration.Name }, new() { Value = migration.Checksum } },
            };
            await record.ExecuteNonQueryAsync(cancellationToken);
            LogApplied(migration.Name);
        }

        async Task ExecuteAsync(string sql)
        {
            // Another instance may be migrating, and a migration may rewrite a large table.
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static async Task<Dictionary<int, string>> ReadAppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var applied = new Dictionary<int, string>();
        await using var command = new NpgsqlCommand("SELECT number, checksum FROM schema_migrations", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add(reader.GetInt32(0), reader.GetString(1));
        }
        return applied;
    }

    [LoggerMessage(LogLevel.Information, "Applied migration {Name}", EventName = "MigrationApplied")]
    private partial void LogApplied(string name);

    [LoggerMessage(
        LogLevel.Warning, "The database schema could not be brought up to date, trying again in {Delay}: {Reason}", EventName = "MigrationDelayed")]
    private partial void LogFailed(string reason, TimeSpan delay);

    [LoggerMessage(LogLevel.Critical, "{Reason}", EventName = "MigrationChanged")]
    private partial void LogChanged(string reason);
}

/// <summary>A migration differs from what was applied to the database under its number.</summary>
internal sealed class MigrationChangedException(string message) : Exception(message);
