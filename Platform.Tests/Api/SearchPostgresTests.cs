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

    [Fact]
    public async Task Of_more_results_than_are_counted_the_newest_come_first_and_the_total_is_about_right()
    {
        var documents = Enumerable.Range(0, 3000).Select(i => Document("a.txt", i % 2 == 0 ? "often" : "seldom")).ToArray();
        // The table has the newest ones last, and some of the oldest after them.
        await Index.PutAsync(documents[100..], default);
        await Index.PutAsync(documents[..100], default);
        var expected = documents.Where((_, i) => i % 2 == 0).Reverse().Select(document => document.Id).ToArray();
        await AnalyzeAsync();
        foreach (var (offset, limit) in ((int, int)[])[(0, 10), (95, 10), (1000, 100)])
        {
            var page = await Index.SearchAsync(new("often", new(), limit, offset), default);
            Assert.Equal(expected.Skip(offset).Take(limit), page.Hits.Select(hit => hit.DocumentId));
            Assert.InRange(page.TotalCount, 1200, 1800);
            Assert.Equal(Math.Max(100, offset + limit), page.Facets["document_type"]["letter"]);
        }
    }

    [Fact]
    public async Task Of_many_results_that_are_all_old_the_newest_come_first()
    {
        var documents = Enumerable.Range(0, 3000).Select(i => Document("a.txt", i < 1500 ? "often" : "seldom")).ToArray();
        await Index.PutAsync(documents, default);
        await AnalyzeAsync();
        foreach (var (count, to) in ((int, DateTime?)[])[(1500, null), (900, documents[900].UploadTimestamp)])
        {
            var expected = documents[..count].Reverse().Select(document => document.Id).ToArray();
            foreach (var (offset, limit) in ((int, int)[])[(0, 10), (95, 10)])
            {
                var page = await Index.SearchAsync(new("often", new(To: to), limit, offset), default);
                Assert.Equal(expected.Skip(offset).Take(limit), page.Hits.Select(hit => hit.DocumentId));
            }
        }
    }

    private async Task AnalyzeAsync()
    {
        await using var analyze = _source.CreateCommand("ANALYZE search_documents");
        await analyze.ExecuteNonQueryAsync();
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
