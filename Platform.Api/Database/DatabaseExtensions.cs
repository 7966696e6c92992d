using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Platform.Api.Database;

internal static class DatabaseExtensions
{
    /// <summary>Adds the pool, the migrations and the translation of a database that is away.</summary>
    public static void AddDatabase(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<DatabaseOptions>().BindConfiguration(DatabaseOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton(services => services.GetRequiredService<IOptions<DatabaseOptions>>().Value);
        builder.Services.TryAddSingleton(TimeProvider.System);

        var options = builder.Configuration.GetSection(DatabaseOptions.Section).Get<DatabaseOptions>() ?? new();
        builder.Services.AddNpgsqlDataSource(builder.Configuration.GetConnectionString("platformdb")!, source => Configure(source.ConnectionStringBuilder, options));

        builder.Services.AddSingleton<Migrator>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Migrator>());
        builder.Services.AddHealthChecks().AddCheck<Migrator>("migrations", HealthStatus.Unhealthy, ["startup", "ready"]);
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler<DatabaseExceptionHandler>();
        builder.Services.AddSingleton<PoolMetrics>();
        builder.Services.AddActivatedSingleton<PoolMetrics>();
    }

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
