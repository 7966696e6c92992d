using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Api.Database;
using Platform.Api.Search;
using Platform.Api.Search.Postgres;
using Platform.ServiceDefaults.Errors;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>The index in PostgreSQL.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class SearchPostgresTests(ApiFixture api) : SearchIndexTests, IAsyncDisposable
{
    private NpgsqlDataSource _source = null!;
    private PostgresSearchIndex _index = null!;
    private PostgresServer? _ownServer;

    private protected override ISearchIndex Index => _index;

    public override async Task InitializeAsync() => await MigrateAsync(await api.Postgres.CreateDatabaseAsync());

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
        await MigrateAsync(await _ownServer.CreateDatabaseAsync());
        await Index.SearchAsync(new("apples", new(), 10, 0), default);
        await _ownServer.StopAsync();
    }

    [Fact]
    public async Task Of_many_results_the_newest_come_first_and_all_are_counted()
    {
        var documents = Enumerable.Range(0, 3000).Select(i => Document("a.txt", i % 2 == 0 ? "often" : "seldom")).ToArray();
        // The newest are not those that were put last.
        await Index.PutAsync(documents[100..], default);
        await Index.PutAsync(documents[..100], default);
        var expected = documents.Where((_, i) => i % 2 == 0).Reverse().Select(document => document.Id).ToArray();
        foreach (var (offset, limit) in ((int, int)[])[(0, 10), (95, 10), (1000, 100)])
        {
            var page = await Index.SearchAsync(new("often", new(), limit, offset), default);
            Assert.Equal(expected.Skip(offset).Take(limit), page.Hits.Select(hit => hit.DocumentId));
            Assert.Equal((1500, false), (page.TotalCount, page.TotalIsEstimate));
            Assert.Equal(1500, page.Facets["document_type"]["letter"]);
        }
        var old = await Index.SearchAsync(new("often", new(To: documents[900].UploadTimestamp), 10, 5), default);
        Assert.Equal(expected[^450..].Skip(5).Take(10), old.Hits.Select(hit => hit.DocumentId));
        Assert.Equal(450, old.TotalCount);
    }

    [Fact]
    public async Task Segments_are_merged_and_nothing_else_changes()
    {
        var documents = new List<SearchDocument>();
        for (var i = 0; i < 100; i++)
        {
            var document = Document($"a{i % 7}.txt", $"shared fifth{i % 5} own{i}", tags: [$"tag{i % 3}"]);
            await Index.PutAsync([document], default);
            documents.Add(document);
        }
        await Index.PutAsync([documents[10] with { TextContent = "other" }], default);
        await Index.RemoveAsync([documents[20].Id], default);
        string[] queries = ["shared", "fifth3", "shared fifth4", "fif", "a3", "own10", "own20", "other", "a"];
        var before = await AnswersAsync();
        Assert.Equal((98, 1), (before[0].Total, before[7].Total));

        while (await MergeAsync())
        {
        }
        // 101 segments: 64 at once, 37 with them, and so on; what remains is too few of each size.
        Assert.InRange(await CountAsync("search_segments"), 1, 14);
        Assert.Equal(before, await AnswersAsync());
        // A process that has not seen them before.
        _index = new(_source);
        Assert.Equal(before, await AnswersAsync());

        async Task<(string Ids, long Total, string Facets)[]> AnswersAsync()
        {
            var answers = new List<(string, long, string)>();
            foreach (var query in queries)
            {
                var page = await SearchAsync(query);
                answers.Add((
                    string.Join(' ', page.Hits.Select(hit => $"{hit.DocumentId}:{hit.Score}")), page.TotalCount,
                    string.Join(' ', page.Facets["tags"])));
            }
            return [.. answers];
        }
    }

    [Fact]
    public async Task What_is_gone_is_taken_out_of_the_postings_when_there_is_much_of_it()
    {
        var documents = Enumerable.Range(0, 3000).Select(_ => Document("a.txt", "shared")).ToArray();
        await Index.PutAsync(documents[..1500], default);
        await Index.PutAsync(documents[1500..], default);
        await Index.RemoveAsync([.. documents[..1000].Select(document => document.Id)], default);
        Assert.False(await MergeAsync());
        Assert.Equal(1000, await CountAsync("search_dead"));
        await Index.RemoveAsync([documents[2000].Id], default);
        Assert.True(await MergeAsync());
        // Of the segment that had the most.
        Assert.Equal(1, await CountAsync("search_dead"));
        Assert.False(await MergeAsync());
        Assert.Equal(1999, (await SearchAsync("shared")).TotalCount);
        await Index.RemoveAsync([.. documents[1000..].Select(document => document.Id)], default);
        Assert.True(await MergeAsync());
        // Nothing is left of a segment in which all are dead, and of the other one there are few.
        Assert.Equal((500, 1), (await CountAsync("search_dead"), await CountAsync("search_segments")));
        Assert.Equal(0, await CountAsync("search_postings WHERE segment NOT IN (SELECT segment FROM search_segments)"));
        Assert.False(await MergeAsync());
        Assert.Empty(await IdsAsync("shared"));
    }

    [Fact]
    public async Task Searches_while_documents_come_go_and_are_merged_see_each_once()
    {
        var stable = Enumerable.Range(0, 20).Select(_ => Document("a.txt", "stable shared")).ToArray();
        await Index.PutAsync(stable, default);
        using var stop = new CancellationTokenSource();
        var merging = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await MergeAsync();
            }
        });
        var searching = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            var (expected, index) = (stable.Reverse().Select(document => document.Id).ToArray(), new PostgresSearchIndex(_source));
            while (!stop.IsCancellationRequested)
            {
                var page = await index.SearchAsync(new("stable", new(), 100, 0), default);
                Assert.Equal(expected, page.Hits.Select(hit => hit.DocumentId));
                Assert.Equal(20, page.TotalCount);
            }
        })).ToArray();
        for (var i = 0; i < 60; i++)
        {
            var passing = Document("b.txt", "passing shared");
            await Index.PutAsync([passing], default);
            await Index.PutAsync([passing with { TextContent = "changed shared" }], default);
            if (i % 2 == 0)
            {
                await Index.RemoveAsync([passing.Id], default);
            }
        }
        await stop.CancelAsync();
        await Task.WhenAll([merging, .. searching]);
        Assert.Equal((0L, 30L, 50L),
            ((await SearchAsync("passing")).TotalCount, (await SearchAsync("changed")).TotalCount, (await SearchAsync("shared")).TotalCount));
    }

    [Fact]
    public async Task Searches_beyond_those_that_run_wait_and_are_refused_after_a_while()
    {
        await Index.PutAsync([Document("a.txt", "shared")], default);
        using var hurried = new PostgresSearchIndex(_source) { MaxWait = TimeSpan.FromMilliseconds(50) };
        await using var connection = await _source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("LOCK TABLE search_postings IN ACCESS EXCLUSIVE MODE", connection))
        {
            await command.ExecuteNonQueryAsync();
        }
        var running = Enumerable.Range(0, PostgresSearchIndex.SearchesAtOnce)
            .Select(_ => hurried.SearchAsync(new("shared", new(), 10, 0), default)).ToArray();
        var refused = await Assert.ThrowsAsync<ServiceUnavailableException>(() => hurried.SearchAsync(new("shared", new(), 10, 0), default));
        Assert.True(refused.RetryAfter > TimeSpan.Zero);
        await transaction.CommitAsync();
        Assert.All(await Task.WhenAll(running), page => Assert.Equal(1, page.TotalCount));
        Assert.Equal(1, (await hurried.SearchAsync(new("shared", new(), 10, 0), default)).TotalCount);
    }

    private async Task<bool> MergeAsync()
    {
        await using var connection = await _source.OpenConnectionAsync();
        await using var reader = await _source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var merged = await SearchSegments.MergeAsync(connection, reader, default);
        await transaction.CommitAsync();
        return merged;
    }

    private async Task<long> CountAsync(string table)
    {
        await using var count = _source.CreateCommand($"SELECT count(*) FROM {table}");
        return (long)(await count.ExecuteScalarAsync())!;
    }

    private async Task MigrateAsync(string database)
    {
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { MaxPoolSize = 10, Timeout = 2 });
        _index = new(_source);
        var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        await new Migrator(_source, lifetime, TimeProvider.System, NullLogger<Migrator>.Instance)
            .ApplyAsync(Migration.Embedded, CancellationToken.None);
    }
}
