using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.AppHost.Backups;

/// <summary>A start that begins with what an archive has.</summary>
internal static partial class RestoreExtensions
{
    private const string Option = "restore";

    // What the API's program finds its data with. Its own endpoints are not those of the program that restores.
    private static readonly string[] Settings = ["Backups__", "ConnectionStrings__", "Search__", "Storage__"];

    /// <summary>
    /// With <c>--restore {archive}</c> the API's program first restores an archive into the system, which has to be empty, and the API waits for
    /// it. When that fails, nothing else starts: the AppHost says why and ends with exit code 1.
    /// </summary>
    /// <param name="api">The API, with everything that it needs.</param>
    /// <param name="name">The name of the program that restores.</param>
    /// <param name="arguments">The AppHost's own. A variable of its environment does not ask for this.</param>
    public static IResourceBuilder<ProjectResource> WithRestoreIfAsked(
        this IResourceBuilder<ProjectResource> api, string name, string[] arguments)
    {
        var builder = api.ApplicationBuilder;
        var archive = new ConfigurationBuilder().AddCommandLine(arguments).Build()[Option];
        if (archive is null && !arguments.Contains($"--{Option}"))
        {
            return api;
        }

        if (string.IsNullOrWhiteSpace(archive) || archive.StartsWith('-'))
        {
            builder.Refuse($"--{Option} needs an archive's name, `latest`, or the path of a file, such as `-- --{Option} latest`.");
            return api;
        }

        if (builder.ExecutionContext.IsPublishMode)
        {
            builder.Refuse($"--{Option} belongs to a start. What is published restores with `docker compose run --rm api --{Option} {archive}`.");
            return api;
        }

        if (archive.Contains(Path.DirectorySeparatorChar))
        {
            // The AppHost is started in its own folder, wherever the person is who typed the path.
            archive = Path.GetFullPath(Path.Combine("..", archive), builder.AppHostDirectory);
            builder.Check(() => File.Exists(archive)
                ? null
                : $"The archive {archive} is not there: correct its path, or name one that is where backups go.");
        }

        var restore = builder.AddProject<Projects.Platform_Api>(name, launchProfileName: null)
            .WithArgs($"--{Option}", archive)
            .WithSettingsOf(api)
            .OnResourceStopped(async (_, stopped, cancellationToken) =>
            {
                var (services, ended) = (stopped.Services, stopped.ResourceEvent);
                var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Platform.AppHost");
                var failed = ended.Snapshot.ExitCode != 0;
                var lastLine = await LastLineAsync(
                    services.GetRequiredService<ResourceLoggerService>(), ended.ResourceId, isError: failed, cancellationToken);
                if (!failed)
                {
                    LogRestored(log, lastLine);
                    return;
                }

                LogFailed(log, archive, lastLine);
                Environment.ExitCode = 1;
                services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
            });
        return api.WaitForCompletion(restore);
    }

    /// <summary>The same database, objects, index and archives as the service's, the same program, and the same servers to wait for.</summary>
    private static IResourceBuilder<ProjectResource> WithSettingsOf(
        this IResourceBuilder<ProjectResource> program, IResourceBuilder<ProjectResource> service)
    {
        foreach (var annotation in service.Resource.Annotations.Where(annotation => annotation is WaitAnnotation or ExecutableAnnotation).ToArray())
        {
            program.WithAnnotation(annotation);
        }

        return program.WithEnvironment(async context =>
        {
            var all = new EnvironmentCallbackContext(context.ExecutionContext, service.Resource, cancellationToken: context.CancellationToken);
            foreach (var annotation in service.Resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
            {
                await annotation.Callback(all);
            }

            foreach (var (variable, value) in all.EnvironmentVariables.Where(variable => IsSetting(variable.Key)))
            {
                context.EnvironmentVariables[variable] = value;
            }
        });
    }

    private static bool IsSetting(string variable) => Settings.Any(prefix => variable.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>What the program said last: what it has done; or, on its standard error, why not.</summary>
    private static async Task<string> LastLineAsync(
        ResourceLoggerService loggers, string resourceId, bool isError, CancellationToken cancellationToken)
    {
        var last = "";
        await foreach (var lines in loggers.GetAllAsync(resourceId).WithCancellation(cancellationToken))
        {
            last = lines.Where(line => line.IsErrorMessage == isError).Select(line => Time().Replace(line.Content, ""))
                .LastOrDefault(line => !line.StartsWith("[sys]", StringComparison.Ordinal)) ?? last;
        }

        return last;
    }

    /// <summary>What Aspire puts before each line.</summary>
    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\S+ ")]
    private static partial Regex Time();

    [LoggerMessage(LogLevel.Information, "{Line}")]
    private static partial void LogRestored(ILogger logger, string line);

    [LoggerMessage(LogLevel.Error, "{Archive} is not restored: {Reason}")]
    private static partial void LogFailed(ILogger logger, string archive, string reason);
}
