using System.Runtime.InteropServices;
using Npgsql;
using Platform.Api.Database;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Backups;

/// <summary>
/// <c>--restore {archive}</c> and <c>--verify {archive}</c>: the service's own program, with the service's configuration, restores or reads an
/// archive, says how it gets on in plain lines, and ends with 0, or with 1 and one line on the standard error that says why.
/// </summary>
internal static class BackupCommand
{
    private const string RestoreArgument = "--restore";
    private const string VerifyArgument = "--verify";

    /// <summary>Does it, if that is what the program was started for.</summary>
    /// <returns>Whether it was; the program's exit code is set then.</returns>
    public static async Task<bool> TryRunAsync(string[] arguments)
    {
        if (arguments is not [RestoreArgument or VerifyArgument, ..])
        {
            return false;
        }
        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        try
        {
            if (arguments is not [var command, var archive])
            {
                throw new BackupException(
                    $"Usage: {RestoreArgument} or {VerifyArgument}, and the name of a backup, the path of a file, or {BackupArchives.Latest}");
            }
            using var host = Build();
            await RunAsync(host.Services, command, archive, stop.Token);
        }
        catch (Exception failure) when (Reason(failure) is { } reason)
        {
            await Console.Error.WriteLineAsync(reason.ReplaceLineEndings(" "));
            Environment.ExitCode = 1;
        }
        return true;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private static IHost Build()
    {
        var builder = Host.CreateApplicationBuilder();
        if (string.IsNullOrWhiteSpace(builder.Configuration.GetConnectionString(DatabaseExtensions.ConnectionName)))
        {
            throw new BackupException(
                $"No database: set ConnectionStrings__{DatabaseExtensions.ConnectionName}, and the rest of the service's settings as well.");
        }
        // The lines are for a person; collectors hear of it as of everything else.
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.AddDatabase();
        builder.AddObjectStore();
        builder.AddBackups();
        return builder.Build();
    }

    private static async Task RunAsync(IServiceProvider services, string command, string archive, CancellationToken cancellationToken)
    {
        if (command == RestoreArgument)
        {
            await services.GetRequiredService<Restore>().RunAsync(archive, Console.Out.WriteLine, cancellationToken);
            return;
        }
        var source = await services.GetRequiredService<BackupArchives>().FindAsync(archive, cancellationToken);
        var whole = await source.ReadAsync(handle: null, cancellationToken);
        await Console.Out.WriteLineAsync(
            $"{source.Name} is whole: {whole.Contacts} contacts and {whole.Documents} documents of {whole.Manifest.CreatedAt:u}");
    }

    /// <summary>What a person is told; null for what is a defect.</summary>
    private static string? Reason(Exception failure) => failure switch
    {
        BackupException or MigrationChangedException => failure.Message,
        Microsoft.Extensions.Options.OptionsValidationException invalid => string.Join(' ', invalid.Failures),
        ServiceUnavailableException { InnerException: { } cause } => $"{failure.Message} {cause.Message}",
        ServiceUnavailableException => failure.Message,
        ObjectNotFoundException => "The backup is not there any more.",
        OperationCanceledException => "It was interrupted, and nothing was changed.",
        PostgresException refused => $"The database: {refused.MessageText}",
        NpgsqlException or TimeoutException => $"The database: {failure.Message}",
        IOException or UnauthorizedAccessException => failure.Message,
        _ => null,
    };
}
