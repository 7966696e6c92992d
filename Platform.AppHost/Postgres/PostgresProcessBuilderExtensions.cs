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

    /// <summary>A database of the server, created when the server is ready.</summary>
    public static IResourceBuilder<PostgresProcessDatabaseResource> AddDatabase(
        this IResourceBuilder<PostgresProcessResource> server, string name)
    {
        server.OnResourceReady(async (resource, _, cancellationToken) =>
        {
            var connectionString = await resource.ConnectionStringExpression.GetValueAsync(cancellationToken);
            await using var connection = new NpgsqlConnection($"{connectionString};Pooling=false");
            await connection.OpenAsync(cancellationToken);
            await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection)
            {
                Parameters = { new() { Value = name } },
            };
            if (await exists.ExecuteScalarAsync(cancellationToken) is null)
            {
                // A name cannot be a parameter; this one is written in AppHost.cs, and quoted all the same.
                await using var create = new NpgsqlCommand($"CREATE DATABASE {new NpgsqlCommandBuilder().QuoteIdentifier(name)}", connection);
                await create.ExecuteNonQueryAsync(cancellationToken);
            }
        });
        return server.ApplicationBuilder.AddResource(new PostgresProcessDatabaseResource(name, server.Resource));
    }

    [LoggerMessage(LogLevel.Information, "{Line}")]
    private static partial void LogProgress(ILogger logger, string line);
}
