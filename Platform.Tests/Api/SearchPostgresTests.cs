using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Api.Database;
using Platform.Api.Search;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>The index in PostgreSQL.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class SearchPostgresTests(ApiFixture api) : SearchIndexTests, IAsyncDisposable
{
    private NpgsqlDataSource _source = null!;
    private PostgresServer? _ownServer;

    private protected override ISearchIndex Index => new PostgresSearchIndex(_source);

    public override async Task InitializeAsync() => _source = await MigratedAsync(await api.Postgres.CreateDatabaseAsync());

    public override async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        await ((_ownServer as IAsyncDisposable)?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    private protected override async Task BreakAsync()
    {
        // A server of its own: others share the fixture's.
        _ownServer = new();
        await _ownServer.InitializeAsync();
        await _source.DisposeAsync();
        _source = await MigratedAsync(await _ownServer.CreateDatabaseAsync());
        await Index.SearchAsync(new("apples", new(), 10, 0), default);
        await _ownServer.StopAsync();
    }

    private static async Task<NpgsqlDataSource> MigratedAsync(string database)
    {
        var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { MaxPoolSize = 10, Timeout = 2 });
        var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        await new Migrator(source, lifetime, TimeProvider.System, NullLogger<Migrator>.Instance)
            .ApplyAsync(Migration.Embedded, CancellationToken.None);
        return source;
    }
}
