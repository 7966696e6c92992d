using System.IO.Pipelines;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Backups.Archive;
using Platform.Api.Database;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Backups;

/// <summary>
/// Makes backups, when one is due or asked for, one at a time over all instances: whoever makes one holds an advisory lock on a connection of
/// its own, which goes when the process dies. An archive counts when it was read back from the destination and is whole.
/// </summary>
internal sealed partial class BackupRunner(
    BackupStore store,
    BackupArchives archives,
    BackupMetrics metrics,
    IObjectStore objects,
    Migrator migrator,
    IConfiguration configuration,
    IOptions<BackupOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<BackupRunner> logger) : BackgroundService
{
    public const string Scheduled = "scheduled";
    public const string Requested = "requested";

    /// <summary>Bytes between the writing of an archive and its storing.</summary>
    private const int PipeSize = 1024 * 1024;

    private const string Interrupted = "It was interrupted: the service was stopped.";

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CleanupTimeout = TimeSpan.FromSeconds(5);

    private static readonly string Version = typeof(BackupRunner).Assembly.GetName().Version!.ToString(3);

    private readonly BackupOptions _options = options.Value;
    private readonly DateTime _startAt = time.GetUtcNow().UtcDateTime + options.Value.StartDelay;
    private Task _run = Task.CompletedTask;

    /// <summary>When the next backup is due, or was; null when none is scheduled.</summary>
    public DateTime? DueAt(BackupHistory history) =>
        !archives.IsEnabled || _options.Interval == TimeSpan.Zero ? null
        : history.LastSuccess is { } last ? last.StartedAt + _options.Interval
        : _startAt;

    /// <summary>Begins a backup that somebody asks for, and returns while it is made. Null when one is being made already.</summary>
    /// <exception cref="ServiceUnavailableException">The destination is away.</exception>
    public async Task<ArchiveName?> TryStartAsync(HttpContext context, CancellationToken cancellationToken)
    {
        await archives.Destination.PrepareAsync(cancellationToken);
        return (await store.ReadAsync(cancellationToken)).Running is not null ? null : await TryStartAsync(
            Requested, name => AuditLog.Entry(context, "backup.requested", BackupArchives.Subject(name)), cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!archives.IsEnabled)
        {
            return;
        }
        await migrator.Completion.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(_options.CheckInterval, time);
        do
        {
            try
            {
                await CheckAsync(stoppingToken);
            }
            catch (Exception away) when (DatabaseExceptionHandler.IsUnavailable(away))
            {
                // No number is better than an old one.
                metrics.Observe(history: null, dueAt: null);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // It is told to stop as the service is, and says so in the table.
        await _run.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var history = await store.ReadAsync(cancellationToken);
        metrics.Observe(history, DueAt(history));
        if (history.Running is null && IsDue(history))
        {
            await TryStartAsync(
                Scheduled,
                name => AuditLog.Entry(AuditLog.System, correlationId: null, "backup.scheduled", BackupArchives.Subject(name)),
                cancellationToken);
        }
    }

    private bool IsDue(BackupHistory history)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return DueAt(history) <= now && _startAt <= now && !(history.LastFailure?.FinishedAt + _options.RetryDelay > now);
    }

    private async Task<ArchiveName?> TryStartAsync(
        string trigger, Func<ArchiveName, NpgsqlBatchCommand> audit, CancellationToken cancellationToken)
    {
        var connection = configuration.CreateLongConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);
            if (!await TryLockAsync(connection, cancellationToken)
                // It may have been made since the table was read.
                || (trigger == Scheduled && !IsDue(await store.ReadAsync(cancellationToken))))
            {
                await connection.DisposeAsync();
                return null;
            }
            var now = time.GetUtcNow().UtcDateTime;
            var name = new ArchiveName(now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)), _options.IsEncrypted);
            var taken = await ReadNamesAsync(cancellationToken);
            while (taken.Contains(name) || !await store.AddAsync(name, trigger, audit(name), cancellationToken))
            {
                // Two within a second, of this system or of another one with the same destination.
                name = name with { CreatedAt = name.CreatedAt.AddSeconds(1) };
            }
            LogStarted(name, trigger);
            // No part of the trace of the request.
            using (ExecutionContext.SuppressFlow())
            {
                _run = Task.Run(() => RunAsync(connection, name, lifetime.ApplicationStopping), CancellationToken.None);
            }
            return name;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task RunAsync(NpgsqlConnection lockHolder, ArchiveName name, CancellationToken cancellationToken)
    {
        await using var connection = lockHolder;
        var start = time.GetTimestamp();
        try
        {
            await archives.Destination.PrepareAsync(cancellationToken);
            await DeleteUnfinishedAsync(name, cancellationToken);
            var sha256 = await WriteAsync(connection, name, cancellationToken);
            await archives.Destination.PutChecksumAsync(name, sha256, cancellationToken);
            var archive = await archives.ReadAsync(name, sha256, cancellationToken);
            await DeleteOldAsync(cancellationToken);
            await store.CompleteAsync(name, archive, cancellationToken);
            metrics.Ran(isSuccess: true);
            LogCompleted(name, archive.Size, archive.Contacts, archive.Documents, time.GetElapsedTime(start).TotalSeconds);
        }
        catch (Exception failure)
        {
            await FailAsync(name, failure);
        }
    }

    private async Task DeleteOldAsync(CancellationToken cancellationToken)
    {
        try
        {
            await archives.ApplyRetentionAsync(cancellationToken);
        }
        catch (Exception away) when (away is ServiceUnavailableException || DatabaseExceptionHandler.IsUnavailable(away))
        {
            // The next backup does it.
            LogRetentionDelayed(away.Message);
        }
    }

    private async Task<HashSet<ArchiveName>> ReadNamesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await archives.Destination.ListAsync(cancellationToken)).Select(archive => archive.Name)];
        }
        catch (ServiceUnavailableException)
        {
            // The backup fails, and says why.
            return [];
        }
    }

    /// <summary>Deletes what backups have left that failed, or whose process died.</summary>
    private async Task DeleteUnfinishedAsync(ArchiveName current, CancellationToken cancellationToken)
    {
        foreach (var record in (await store.ReadAsync(cancellationToken)).Records)
        {
            if (record.State != "completed" && ArchiveName.TryParse(record.Name, out var name) && name != current)
            {
                await archives.Destination.DeleteAsync(name, cancellationToken);
                if (record.State == "running")
                {
                    metrics.Ran(isSuccess: false);
                    LogFailed(name, Interrupted, exception: null);
                    await store.FailAsync(name, Interrupted, cancellationToken);
                }
            }
        }
    }

    /// <summary>Writes the archive to the destination, and returns its checksum.</summary>
    private async Task<string> WriteAsync(NpgsqlConnection connection, ArchiveName name, CancellationToken cancellationToken)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: PipeSize, resumeWriterThreshold: PipeSize / 2, useSynchronizationContext: false));
        await using var stored = new HashedContent(pipe.Reader.AsStream());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var storing = StoreAsync();
        Exception? failure = null;
        try
        {
            await WriteArchiveAsync(connection, name, pipe.Writer.AsStream(), stop.Token);
        }
        catch (Exception thrown)
        {
            // Whoever stores it is told, and throws it.
            failure = thrown;
        }
        await pipe.Writer.CompleteAsync(failure);
        await storing;
        return stored.GetHash();

        async Task StoreAsync()
        {
            try
            {
                await archives.Destination.PutAsync(name, stored, cancellationToken);
            }
            catch
            {
                // There is nobody to write for.
                await stop.CancelAsync();
                throw;
            }
            finally
            {
                await pipe.Reader.CompleteAsync();
            }
        }
    }

    private async Task WriteArchiveAsync(NpgsqlConnection connection, ArchiveName name, Stream output, CancellationToken cancellationToken)
    {
        // What is being deleted now is deleted; from here on every object stays, until it is unlocked or the connection ends.
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({UnreferencedObjects.DeletionLock})", cancellationToken);
        await using var archive = new ArchiveWriter(output, _options.IsEncrypted ? _options.EncryptionKey : null, name.CreatedAt);
        var progress = (Objects: 0L, Bytes: 0L, SavedAt: time.GetTimestamp());
        ArchiveManifest manifest;
        List<ArchiveEntry> referenced;
        await using (var snapshot = await DatabaseSnapshot.BeginAsync(connection, cancellationToken))
        {
            referenced = await snapshot.ReadObjectsAsync(cancellationToken);
            manifest = new(
                ArchiveManifest.CurrentFormat,
                name.ToString(),
                Version,
                await snapshot.ReadSchemaAsync(cancellationToken),
                name.CreatedAt,
                await snapshot.CopyToAsync(archive, NoteAsync, cancellationToken),
                await snapshot.ReadSequencesAsync(cancellationToken),
                archive.Entries);
        }
        foreach (var expected in referenced)
        {
            await CopyObjectAsync(archive, expected, cancellationToken);
            progress.Objects++;
            await NoteAsync(expected);
        }
        await archive.CompleteAsync(manifest with { Entries = [.. archive.Entries] }, cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({UnreferencedObjects.DeletionLock})", cancellationToken);

        async Task NoteAsync(ArchiveEntry added)
        {
            progress.Bytes += added.Size;
            if (time.GetElapsedTime(progress.SavedAt) > ProgressInterval)
            {
                await store.SaveProgressAsync(name, progress.Objects, progress.Bytes, cancellationToken);
                progress.SavedAt = time.GetTimestamp();
            }
        }
    }

    /// <summary>Adds an object to the archive, if it is the one that was uploaded.</summary>
    private async Task CopyObjectAsync(ArchiveWriter archive, ArchiveEntry expected, CancellationToken cancellationToken)
    {
        var key = expected.Name[ArchiveManifest.ObjectsFolder.Length..];
        try
        {
            await using var content = await objects.OpenAsync(key, cancellationToken);
            if (content.Length == expected.Size
                && await archive.AddAsync(expected.Name, content, expected.Size, cancellationToken) == expected)
            {
                return;
            }
        }
        catch (ObjectNotFoundException missing)
        {
            throw new BackupException($"The object {key} is missing in the object store. Put it back, or delete the document for good.", missing);
        }
        throw new BackupException($"The object {key} is not what was uploaded. Put it back, or delete the document for good.");
    }

    private async Task FailAsync(ArchiveName name, Exception failure)
    {
        var isExpected = failure is BackupException or ServiceUnavailableException or OperationCanceledException
            || DatabaseExceptionHandler.IsUnavailable(failure);
        var reason = failure switch
        {
            OperationCanceledException => Interrupted,
            ServiceUnavailableException { InnerException: { } cause } => $"{failure.Message} {cause.Message}",
            _ => isExpected ? failure.Message : "It failed unexpectedly; the log says more.",
        };
        metrics.Ran(isSuccess: false);
        LogFailed(name, reason, isExpected ? null : failure);
        // Not with the token of a service that stops.
        using var limit = new CancellationTokenSource(CleanupTimeout);
        try
        {
            await store.FailAsync(name, reason, limit.Token);
            await archives.Destination.DeleteAsync(name, limit.Token);
        }
        catch (Exception away) when (
            away is ServiceUnavailableException or OperationCanceledException || DatabaseExceptionHandler.IsUnavailable(away))
        {
            // The next backup does it.
            LogRetentionDelayed(away.Message);
        }
    }

    /// <summary>Takes the lock; one that has just made a backup may hold it for a moment longer.</summary>
    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            // Of a machine that is gone without a word, PostgreSQL hears in two hours, and in a minute when it asks for it.
            await ExecuteAsync(
                connection,
                $"""
                SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
                SET lock_timeout = '1s'; SELECT pg_advisory_lock({BackupStore.Lock}); RESET lock_timeout
                """,
                cancellationToken);
            return true;
        }
        catch (PostgresException held) when (held.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return false;
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "The backup {Name} is begun ({Trigger})", EventName = "BackupStarted")]
    private partial void LogStarted(ArchiveName name, string trigger);

    [LoggerMessage(
        LogLevel.Information, "The backup {Name} is there: {Size} bytes, {Contacts} contacts and {Documents} documents, in {Seconds:0.0} s",
        EventName = "BackupCompleted")]
    private partial void LogCompleted(ArchiveName name, long size, long contacts, long documents, double seconds);

    [LoggerMessage(LogLevel.Error, "The backup {Name} has failed: {Reason}", EventName = "BackupFailed")]
    private partial void LogFailed(ArchiveName name, string reason, Exception? exception);

    [LoggerMessage(LogLevel.Warning, "What is left of backups cannot be deleted now: {Reason}", EventName = "BackupsNotDeleted")]
    private partial void LogRetentionDelayed(string reason);
}
