using Npgsql;

namespace Platform.AppHost.Postgres;

/// <summary>A PostgreSQL server that runs as a process of this machine, with its data under <c>.platform</c>.</summary>
internal sealed class PostgresProcessResource(string name, string program, string workingDirectory, ParameterResource password)
    : ExecutableResource(name, program, workingDirectory), IResourceWithConnectionString
{
    /// <summary>The name of the endpoint that clients connect to.</summary>
    public const string PrimaryEndpointName = "tcp";

    /// <summary>The endpoint that clients connect to.</summary>
    public EndpointReference PrimaryEndpoint => field ??= new(this, PrimaryEndpointName);

    /// <inheritdoc/>
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host=127.0.0.1;Port={PrimaryEndpoint.Property(EndpointProperty.Port)};Username={PostgresCluster.UserName};Password={password}");
}

/// <summary>A database of a <see cref="PostgresProcessResource"/>.</summary>
internal sealed class PostgresProcessDatabaseResource(string name, PostgresProcessResource server)
    : Resource(name), IResourceWithParent<PostgresProcessResource>, IResourceWithConnectionString
{
    /// <inheritdoc/>
    public PostgresProcessResource Parent => server;

    /// <inheritdoc/>
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{server};Database={Name}");

    // A name cannot be a parameter of these statements; this one is written in AppHost.cs, and quoted all the same.
    private string QuotedName => new NpgsqlCommandBuilder().QuoteIdentifier(Name);

    /// <summary>Creates the database, unless it is there.</summary>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection)
        {
            Parameters = { new() { Value = Name } },
        };
        if (await exists.ExecuteScalarAsync(cancellationToken) is null)
        {
            await using var create = new NpgsqlCommand($"CREATE DATABASE {QuotedName}", connection);
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Drops the database, whoever is connected to it.</summary>
    public async Task DropAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await using var drop = new NpgsqlCommand($"DROP DATABASE IF EXISTS {QuotedName} WITH (FORCE)", connection);
        await drop.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection($"{await server.ConnectionStringExpression.GetValueAsync(cancellationToken)};Pooling=false");
        await connection.OpenAsync(cancellationToken);
        return connection;
    }
}
