#pragma warning disable ASPIREPIPELINES001 // Publishing is a pipeline of steps, which is for evaluation in Aspire 13,
#pragma warning disable ASPIREPIPELINES004 // and so is what knows the output folder.

using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Platform.AppHost.Publishing;

/// <summary>What a person who publishes is told: where the files are and what to do with them, or why there are none.</summary>
internal static partial class PublicationExtensions
{
    private const string OutputPath = "Pipeline:OutputPath";

    /// <summary>
    /// One line on the console when the files of the Compose environment are written, into <c>--output-path</c>: a relative one begins at the
    /// solution's folder, as <c>.platform</c> does.
    /// </summary>
    /// <remarks><c>dotnet run</c> starts the AppHost in the AppHost's own folder, wherever the person is who typed the path.</remarks>
    public static IDistributedApplicationBuilder AddPublicationReport(this IDistributedApplicationBuilder builder, string environment)
    {
        if (!builder.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        if (builder.Configuration[OutputPath] is { Length: > 0 } path)
        {
            builder.Configuration[OutputPath] = Path.GetFullPath(Path.Combine("..", path), builder.AppHostDirectory);
        }

        builder.Pipeline.AddStep(
            "report-publication",
            context =>
            {
                LogPublication(context.Logger, context.Services.GetRequiredService<IPipelineOutputService>().GetOutputDirectory());
                return Task.CompletedTask;
            },
            dependsOn: $"publish-{environment}",
            requiredBy: WellKnownPipelineSteps.Publish);
        builder.AddConfigFilesStep($"publish-{environment}");

        // They would write the same failure four times, with stack traces. RunOrFailAsync says it once; --include-exception-details brings
        // them back.
        if (!bool.TryParse(builder.Configuration["Pipeline:IncludeExceptionDetails"], out var asked) || !asked)
        {
            builder.Services.AddLogging(logging => logging
                .AddFilter<ConsoleLoggerProvider>("Aspire.Hosting.Publishing.PipelineExecutor", IsWorthALine)
                .AddFilter<ConsoleLoggerProvider>("Microsoft.Extensions.Hosting.Internal.Host", IsWorthALine));
        }

        return builder;
    }

    /// <summary>
    /// Runs the application, and fails when publishing did: Aspire publishes in a background service, whose failure ends the application as if it
    /// had been asked to end.
    /// </summary>
    public static async Task RunOrFailAsync(this DistributedApplication application)
    {
        // The application takes its services with it when it has run.
        BackgroundService[] pipeline = application.Services.GetRequiredService<DistributedApplicationExecutionContext>().IsPublishMode
            ? [.. application.Services.GetServices<IHostedService>().OfType<BackgroundService>()]
            : [];
        await application.RunAsync();
        var failure = pipeline.Select(service => service.ExecuteTask?.Exception).FirstOrDefault(failure => failure is not null);
        if (failure is { InnerException: { } reason })
        {
            throw new DistributedApplicationException($"Publishing failed: {reason.GetBaseException().Message}", reason);
        }
    }

    private static bool IsWorthALine(LogLevel level) => level is LogLevel.Information or LogLevel.Warning;

    [LoggerMessage(LogLevel.Information, "Wrote docker-compose.yaml, .env and the files that they need to {Folder}: fill in .env, then `docker compose up -d` there")]
    private static partial void LogPublication(ILogger logger, string folder);
}
