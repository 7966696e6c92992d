using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Database;
using Platform.Api.Documents.Processing;

namespace Platform.Tests.Api;

/// <summary>The queue in PostgreSQL: who gets a task, for how long, and what becomes of it.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class TaskQueueTests(ApiFixture api) : IAsyncLifetime
{
    private readonly ProcessingOptions _options = new() { Lease = TimeSpan.FromSeconds(30) };
    private NpgsqlDataSource _database = null!;
    private TaskQueue _queue = null!;

    public async Task InitializeAsync()
    {
        _database = NpgsqlDataSource.Create(await api.Postgres.CreateDatabaseAsync() + ";Maximum Pool Size=20");
        using var migrator = new Migrator(
            _database, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), TimeProvider.System, NullLogger<Migrator>.Instance);
        await migrator.ApplyAsync(Migration.Embedded, CancellationToken.None);
        _queue = new(_database, Options.Create(_options));
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Many_takers_get_each_task_once()
    {
        await AddAsync(200);
        var taken = new ConcurrentBag<long>();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            while (await _queue.TakeAsync(CancellationToken.None) is { } task)
            {
                taken.Add(task.Id);
                await _queue.CompleteAsync(task, connection: null, CancellationToken.None);
            }
        }));
        Assert.Equal(200, taken.Distinct().Count());
        Assert.Equal(200, taken.Count);
        Assert.Equal(200, (await _queue.CountAsync(CancellationToken.None))["completed"]);
    }

    [Fact]
    public async Task A_task_whose_lease_has_passed_goes_to_the_next_and_its_old_owner_can_change_nothing()
    {
        await AddAsync(1);
        var first = await TakeAsync();
        Assert.Null(await _queue.TakeAsync(CancellationToken.None));
        await ExecuteAsync("UPDATE document_tasks SET leased_until = now() - interval '1 second'");
        var second = await TakeAsync();
        Assert.Equal(first.Id, second.Id);
        Assert.Equal(2, second.Attempts);
        await Assert.ThrowsAsync<LeaseLostException>(() => _queue.RenewAsync(first, CancellationToken.None));
        await Assert.ThrowsAsync<LeaseLostException>(() => _queue.CompleteAsync(first, connection: null, CancellationToken.None));
        await Assert.ThrowsAsync<LeaseLostException>(() => _queue.FailAsync(first, "late", connection: null, CancellationToken.None));
        await Assert.ThrowsAsync<LeaseLostException>(
            () => _queue.RetryAsync(first, TimeSpan.Zero, "late", countsAsAttempt: true, CancellationToken.None));
        await _queue.CompleteAsync(second, connection: null, CancellationToken.None);
        Assert.Equal(1, (await _queue.CountAsync(CancellationToken.None))["completed"]);
    }

    [Fact]
    public async Task A_renewed_lease_keeps_the_task()
    {
        await AddAsync(1);
        var task = await TakeAsync();
        await ExecuteAsync("UPDATE document_tasks SET leased_until = now() - interval '1 second'");
        await _queue.RenewAsync(task, CancellationToken.None);
        Assert.Null(await _queue.TakeAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_task_that_is_put_back_waits_and_remembers_how_far_it_came_and_why()
    {
        await AddAsync(1);
        var task = await TakeAsync();
        await _queue.SaveProgressAsync(task, new(IsExtracted: true), connection: null, CancellationToken.None);
        await _queue.RetryAsync(task, TimeSpan.FromMinutes(1), "the index is away", countsAsAttempt: false, CancellationToken.None);
        Assert.Null(await _queue.TakeAsync(CancellationToken.None));
        await ExecuteAsync("UPDATE document_tasks SET run_at = now()");
        var again = await TakeAsync();
        Assert.True(again.Progress.IsExtracted);
        Assert.Equal(1, again.Attempts);
        Assert.Equal("the index is away", again.LastError);

        await _queue.RetryAsync(again, TimeSpan.Zero, "an error", countsAsAttempt: true, CancellationToken.None);
        Assert.Equal(2, (await TakeAsync()).Attempts);
    }

    [Fact]
    public async Task What_was_asked_for_again_meanwhile_takes_the_place_of_a_task_that_is_put_back()
    {
        var document = Guid.NewGuid();
        await AddAsync(1, document);
        var task = await TakeAsync();
        await AddAsync(1, document);
        // Asked for a third time, it is still one.
        await AddAsync(1, document);
        await _queue.RetryAsync(task, TimeSpan.Zero, "an error", countsAsAttempt: true, CancellationToken.None);
        var next = await TakeAsync();
        Assert.NotEqual(task.Id, next.Id);
        Assert.Equal(document, next.DocumentId);
        Assert.Null(await _queue.TakeAsync(CancellationToken.None));
    }

    private async Task<DocumentTask> TakeAsync()
    {
        var task = await _queue.TakeAsync(CancellationToken.None);
        Assert.NotNull(task);
        return task;
    }

    private async Task AddAsync(int count, Guid? document = null)
    {
        await using var command = _database.CreateCommand("""
            INSERT INTO document_tasks (kind, document_id, requested_by)
            SELECT 'process', coalesce($2, gen_random_uuid()), 'test' FROM generate_series(1, $1) ON CONFLICT DO NOTHING
            """);
        command.Parameters.Add(new() { Value = count });
        command.Parameters.Add(new() { Value = (object?)document ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
        await command.ExecuteNonQueryAsync();
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
