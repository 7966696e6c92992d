using Microsoft.Extensions.Options;
using Platform.Api.Audit;
using Platform.ServiceDefaults.Correlation;

namespace Platform.Api.Backups;

/// <summary>
/// Reads an archive when somebody asks for that, one at a time. A large one takes longer than an answer may: it is read to its end whether or
/// not anybody waits, and the list of the backups tells what has come of it.
/// </summary>
internal sealed partial class BackupVerification(
    BackupArchives archives,
    IOptions<BackupOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<BackupVerification> logger)
{
    private int _isBusy;

    /// <summary>Begins to read the archive, and waits for a while. False when it goes on.</summary>
    /// <exception cref="BackupException">Another one is being read, or this one cannot be.</exception>
    /// <exception cref="Storage.ObjectNotFoundException">There is no such archive.</exception>
    public async Task<bool> VerifyAsync(ArchiveName name, HttpContext context, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isBusy, 1) == 1)
        {
            throw new BackupException("An archive is being verified. Try again when that is done.");
        }
        var (actor, correlationId) = (context.Actor(), context.GetCorrelationId());
        Task run;
        // No part of the trace of the request, which may be over before.
        using (ExecutionContext.SuppressFlow())
        {
            run = Task.Run(() => RunAsync(name, actor, correlationId, lifetime.ApplicationStopping), CancellationToken.None);
        }
        if (await Task.WhenAny(run, Task.Delay(options.Value.VerifyWait, time, cancellationToken)) != run)
        {
            return false;
        }
        await run;
        return true;
    }

    private async Task RunAsync(ArchiveName name, string actor, string? correlationId, CancellationToken cancellationToken)
    {
        try
        {
            await archives.VerifyAsync(
                name,
                details => AuditLog.Entry(actor, correlationId, "backup.verified", BackupArchives.Subject(name), details),
                cancellationToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            LogFailed(name, failure.Message);
            throw;
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The backup {Name} could not be verified: {Reason}", EventName = "BackupUnverified")]
    private partial void LogFailed(ArchiveName name, string reason);
}
