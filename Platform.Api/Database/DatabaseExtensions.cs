using System.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.ServiceDefaults.Health;

namespace Platform.Api.Database;

internal static class DatabaseExtensions
{
    /// <summary>The name under which Aspire.Npgsql registers its health check.</summary>
    public const string HealthCheck = "PostgreSql";

    /// <summary>The name of the health check that is healthy once the schema is up to date.</summary>
    public const string MigrationsCheck = "migrations";

    /// <summary>The name of the connection string.</summary>
    public const string ConnectionName = "platformdb";

    /// <summary>Of one statement: the slowest checks the foreign keys of a whole table.</summary>
    private const int LongCommandTimeoutSeconds = 3600;

    private static readonly TimeSpan HealthCheckTimeout = TimeSpan.FromSeconds(1.2);

    /// <summary>Adds the pool, the migrations and the translation of a database that is away.</summary>
    public static void AddDatabase(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<DatabaseOptions>()
            .BindConfiguration(DatabaseOptions.Section)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton(services => services.GetRequiredService<IOptions<DatabaseOptions>>().Value);
        var options = builder.Configuration.GetSection(DatabaseOptions.Section).Get<DatabaseOptions>() ?? new();
        builder.AddNpgsqlDataSource(ConnectionName, configureDataSourceBuilder: source =>
        {
            Configure(source.ConnectionStringBuilder, options);
            // Statements are part of the trace of a request or a task. The queues, which are asked every second, are in none.
            source.ConfigureTracing(tracing => tracing.ConfigureCommandFilter(_ => Activity.Current is not null));
        });
        // At Information, Npgsql writes a line a statement.
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        // Of the check that comes with the data source: its answer has to be on the wire within 2 s.
        builder.Services.Configure<HealthCheckServiceOptions>(checks =>
        {
            foreach (var check in checks.Registrations.Where(check => check.Name == HealthCheck))
            {
                check.Timeout = HealthCheckTimeout;
            }
        });

        builder.Services.AddSingleton<Migrator>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Migrator>());
        builder.Services.AddHealthChecks().AddCheck<Migrator>(MigrationsCheck, HealthStatus.Unhealthy, [HealthTags.Startup]);
        builder.Services.AddExceptionHandler<DatabaseExceptionHandler>();
        builder.Services.AddActivatedSingleton<PoolMetrics>();
    }

    /// <summary>
    /// A connection of its own, not of the pool, for work that takes longer than a request may: its session ends with it, and with that all
    /// that it has locked.
    /// </summary>
    public static NpgsqlConnection CreateLongConnection(this IConfiguration configuration) =>
        new(new NpgsqlConnectionStringBuilder(configuration.GetConnectionString(ConnectionName))
        {
            Pooling = false,
            CommandTimeout = LongCommandTimeoutSeconds,
            KeepAlive = 30,
            ApplicationName = "platform-api-long",
        }.ConnectionString);

    private static void Configure(NpgsqlConnectionStringBuilder connection, DatabaseOptions options)
    {
        connection.MaxPoolSize = options.MaxPoolSize;
        connection.Timeout = options.ConnectTimeoutSeconds;
        connection.CommandTimeout = options.CommandTimeoutSeconds;
        // A server that hangs does not answer a cancellation either.
        connection.CancellationTimeout = 250;
        connection.KeepAlive = 30;
        // The handful of statements that there are; prepared at their second use on a connection.
        connection.MaxAutoPrepare = 32;
        connection.AutoPrepareMinUsages = 2;
        // No statement here leaves state behind in its session, so there is none to reset.
        connection.NoResetOnClose = true;
        connection.ApplicationName = "platform-api";
    }
}
