using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;
using Platform.Tools;

namespace Platform.AppHost.Postgres;

internal static partial class PostgresProcessBuilderExtensions
{
    /// <summary>
    /// A private PostgreSQL as a process of this machine: fetched and initialised on first use, listening on loopback only, on
    /// <c>Platform:Postgres:Port</c> or any free port, started again when it dies.
    /// </summary>
    public static IResourceBuilder<PostgresProcessResource> AddPostgresProcess(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource> password)
    {
        // A port that cannot be had is told before the data folder is made.
        var port = builder.Port("Platform:Postgres:Port");
        var tools = Path.GetFullPath(Path.Combine("..", ".platform", "tools"), builder.AppHostDirectory);
        var cluster = new PostgresCluster(tools, Path.Combine(builder.DataDirectory(), name));
        var (program, arguments) = cluster.ServerCommand();
        var server = new PostgresProcessResource(name, program, builder.AppHostDirectory, password.Resource);

        // Unpooled: a connection that outlives its server would answer for it.
        var health = $"{name}_check";
        builder.Services.AddHealthChecks().AddAsyncCheck(health, async cancellationToken =>
        {
            try
            {
                var connectionString = await server.ConnectionStringExpression.GetValueAsync(cancellationToken);
                await using var connection = new NpgsqlConnection($"{connectionString};Pooling=false;Timeout=2;Command Timeout=2");
                await connection.OpenAsync(cancellationToken);
                return HealthCheckResult.Healthy();
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InvalidPassword)
            {
                return HealthCheckResult.Unhealthy(
                    $"The parameter {password.Resource.Name} is not the password that {cluster.DataDirectory} was created with.");
            }
            catch (NpgsqlException exception)
            {
                return HealthCheckResult.Unhealthy("PostgreSQL does not answer.", exception);
            }
        });

        builder.Eventing.Subscribe<BeforeStartEvent>((starting, cancellationToken) =>
            PrepareAsync(cluster, password.Resource, starting.Services, cancellationToken));
        return builder.AddResource(server)
            .WithEndpoint(port: port, scheme: "tcp", name: PostgresProcessResource.PrimaryEndpointName, isProxied: false)
            .WithArgs([.. arguments])
            .WithArgs(context =>
            {
                context.Args.Add("-p");
                context.Args.Add(server.PrimaryEndpoint.Property(EndpointProperty.TargetPort));
            })
            .WithHealthCheck(health)
            .WithRestart();
    }

    /// <summary>
    /// Fetches the programs and makes the data folder before anything starts: what keeps PostgreSQL from running keeps everything from it,
    /// and is one line on the console.
    /// </summary>
    private static async Task PrepareAsync(
        PostgresCluster cluster, ParameterResource password, IServiceProvider services, CancellationToken cancellationToken)
    {
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Platform.AppHost");
        try
        {
            var secret = await password.GetValueAsync(cancellationToken)
                ?? throw new PostgresClusterException($"The parameter {password.Name} has no value.");
            await cluster.PrepareAsync(secret, line => LogProgress(log, line), cancellationToken);
        }
        catch (Exception exception) when (exception is NpmPackageException or PostgresClusterException or IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"PostgreSQL cannot be run: {exception.Message}", exception);
        }
    }

    /// <summary>A database of the server, created when the server is ready. It runs for as long as the server does.</summary>
    public static IResourceBuilder<PostgresProcessDatabaseResource> AddDatabase(
        this IResourceBuilder<PostgresProcessResource> server, string name)
    {
        var database = new PostgresProcessDatabaseResource(name, server.Resource);
        server.OnResourceReady(async (_, ready, cancellationToken) =>
        {
            await database.CreateAsync(cancellationToken);
            await ShowAsync(ready.Services, KnownResourceStates.Running);
        });
        server.OnResourceStopped((_, stopped, _) => ShowAsync(stopped.Services, KnownResourceStates.Finished));
        return server.ApplicationBuilder.AddResource(database)
            .WithInitialState(new() { ResourceType = "PostgresDatabase", State = KnownResourceStates.NotStarted, Properties = [] });

        Task ShowAsync(IServiceProvider services, string state) => services.GetRequiredService<ResourceNotificationService>()
            .PublishUpdateAsync(database, known => known with { State = state });
    }

    [LoggerMessage(LogLevel.Information, "{Line}")]
    private static partial void LogProgress(ILogger logger, string line);
}
