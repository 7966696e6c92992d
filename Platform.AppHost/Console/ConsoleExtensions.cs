using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Platform.AppHost.Console;

/// <summary>What a person who starts the AppHost in a terminal sees.</summary>
internal static class ConsoleExtensions
{
    /// <summary>One line for every change of a resource, what went wrong where it did, and a table when everything is healthy.</summary>
    public static IDistributedApplicationBuilder AddReadableConsole(this IDistributedApplicationBuilder builder)
    {
        builder.Services.AddLogging(logging => logging
            .AddConsole(console => console.FormatterName = ReadableConsole.FormatterName)
            .AddConsoleFormatter<ReadableConsole, ConsoleFormatterOptions>()
            .AddFilter("Aspire.Hosting.Dcp", LogLevel.Warning)
            .AddFilter("Aspire.Hosting.DistributedApplication", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            // The keys of Aspire's own web server, which protects nothing that outlives it.
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
            .AddFilter("System.Net.Http", LogLevel.Warning));

        // When the AppHost has ended, so has everything that it started.
        builder.Configuration["DcpPublisher:WaitForResourceCleanup"] ??= "true";
        OrchestratorProcesses.MarkWhatIsStarted();

        if (builder.ExecutionContext.IsRunMode)
        {
            builder.Services.AddSingleton(services =>
                ActivatorUtilities.CreateInstance<ResourceConsoles>(services, Path.Combine(builder.DataDirectory(), "logs")));
            // First of all: the orchestrator's own service comes back only when everything is on its way.
            builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(services => services.GetRequiredService<ResourceConsoles>()));
            builder.Services.Insert(1, ServiceDescriptor.Singleton<IHostedService, ResourceReporter>());
        }

        return builder;
    }

    /// <summary>Runs the application; what keeps it from starting is one line on the console.</summary>
    /// <returns>The exit code: 0 when it was asked to end.</returns>
    public static async Task<int> RunToExitCodeAsync(this DistributedApplication application)
    {
        try
        {
            await application.RunOrFailAsync();
            return Environment.ExitCode;
        }
        catch (DistributedApplicationException exception)
        {
            await System.Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
        finally
        {
            await application.DisposeAsync();
            await OrchestratorProcesses.WaitForExitAsync();
        }
    }
}
