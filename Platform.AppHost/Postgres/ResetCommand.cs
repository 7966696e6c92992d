using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Platform.AppHost.Postgres;

/// <summary>A command of the dashboard that throws away what development has left.</summary>
internal static class ResetCommand
{
    public const string Name = "reset-development-data";

    /// <summary>
    /// Stops the service, makes its database anew and empties the folder of its objects, and starts it again. What is published has no such
    /// command.
    /// </summary>
    public static IResourceBuilder<PostgresProcessDatabaseResource> WithResetCommand(
        this IResourceBuilder<PostgresProcessDatabaseResource> database, IResourceBuilder<ProjectResource> service, string objects)
    {
        return database.WithCommand(Name, "Reset development data", ResetAsync, new CommandOptions
        {
            Description = "Starts over with an empty database and no documents.",
            ConfirmationMessage = "All contacts, documents and settings of this machine's Platform will be gone. Go on?",
            IconName = "DatabaseWarning",
        });

        async Task<ExecuteCommandResult> ResetAsync(ExecuteCommandContext context)
        {
            var commands = context.Services.GetRequiredService<ResourceCommandService>();
            var stopped = await commands.ExecuteCommandAsync(service.Resource, KnownResourceCommands.StopCommand, context.CancellationToken);
            if (!stopped.Success)
            {
                return stopped;
            }

            try
            {
                await database.Resource.DropAsync(context.CancellationToken);
                await database.Resource.CreateAsync(context.CancellationToken);
                if (Directory.Exists(objects))
                {
                    Directory.Delete(objects, recursive: true);
                }
            }
            catch (Exception exception) when (exception is NpgsqlException or IOException or UnauthorizedAccessException)
            {
                return CommandResults.Failure($"The data could not be removed: {exception.Message}");
            }
            finally
            {
                await commands.ExecuteCommandAsync(service.Resource, KnownResourceCommands.StartCommand, CancellationToken.None);
            }

            return CommandResults.Success();
        }
    }
}
