using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Platform.Api.Contacts;
using Platform.Api.Database;
using Platform.Api.Notifications;
using Platform.Api.Visitors;
using Platform.ServiceDefaults.Errors;

namespace Platform.Tests.Api;

/// <summary>What shares a commit and what does not, with the real table where the server's word counts.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class GroupCommitTests(ApiFixture api) : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    private IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();

    public void Dispose() => _services.Dispose();

    [Fact]
    public async Task A_row_that_the_server_refuses_fails_alone()
    {
        await using var source = NpgsqlDataSource.Create(api.Database);
        using var migrator = new Migrator(
            source, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), TimeProvider.System, NullLogger<Migrator>.Instance);
        using var counter = new VisitorCounter(source, migrator, TimeProvider.System, Meters);
        var store = new ContactStore(source, counter, new MailOptions());
        var gate = new TaskCompletionSource();
        var sizes = new List<int>();
        await using var commit = new GroupCommit<NewContact>(
            async (contacts, cancellationToken) =>
            {
                sizes.Add(contacts.Count);
                await gate.Task;
                return await store.AddAsync(contacts, cancellationToken);
            },
            new DatabaseOptions(),
            Meters);

        var before = await api.QueryAsync<long>("SELECT count FROM website_visitors");
        var first = commit.WriteAsync(Contact("first"), CancellationToken.None);
        await ApiFixture.EventuallyAsync(() => Task.FromResult(sizes.Count == 1), "the first commit is under way");
        var good = Enumerable.Range(0, 10).Select(i => commit.WriteAsync(Contact($"good {i}"), CancellationToken.None)).ToArray();
        var bad = commit.WriteAsync(Contact(new string('n', 101)), CancellationToken.None);
        var more = Enumerable.Range(0, 10).Select(i => commit.WriteAsync(Contact($"more {i}"), CancellationToken.None)).ToArray();
        gate.SetResult();

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => bad);
        Assert.Equal(PostgresErrorCodes.CheckViolation, refusal.SqlState);
        var values = await Task.WhenAll([first, .. good, .. more]);
        Assert.Equal(Enumerable.Range(1, 21).Select(i => before + i), values.Order());
        Assert.Equal([1, 21], sizes.Take(2));
    }

    [Fact]
    public async Task What_arrives_during_a_commit_shares_the_next_and_a_full_queue_refuses()
    {
        var gate = new TaskCompletionSource();
        var sizes = new List<int>();
        await using var commit = new GroupCommit<int>(
            async (items, _) =>
            {
                sizes.Add(items.Count);
                await gate.Task;
                return items.Count;
            },
            new DatabaseOptions { QueueCapacity = 4 },
            Meters);
        var first = commit.WriteAsync(0, CancellationToken.None);
        await ApiFixture.EventuallyAsync(() => Task.FromResult(sizes.Count == 1), "the first commit is under way");
        var waiting = Enumerable.Range(1, 4).Select(i => commit.WriteAsync(i, CancellationToken.None)).ToArray();
        await Assert.ThrowsAsync<ServiceUnavailableException>(() => commit.WriteAsync(5, CancellationToken.None));
        gate.SetResult();
        await Task.WhenAll([first, .. waiting]);
        Assert.Equal([1, 4], sizes);
    }

    [Fact]
    public async Task A_writer_that_gave_up_before_its_commit_is_not_written()
    {
        var gate = new TaskCompletionSource();
        var written = new List<int>();
        await using var commit = new GroupCommit<int>(
            async (items, _) =>
            {
                written.AddRange(items);
                await gate.Task;
                return written.Count;
            },
            new DatabaseOptions(),
            Meters);
        var first = commit.WriteAsync(1, CancellationToken.None);
        await ApiFixture.EventuallyAsync(() => Task.FromResult(written.Count == 1), "the first commit is under way");
        using var gone = new CancellationTokenSource();
        var abandoned = commit.WriteAsync(2, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        var last = commit.WriteAsync(3, CancellationToken.None);
        gate.SetResult();
        await Task.WhenAll(first, last);
        Assert.Equal([1, 3], written);
    }

    [Fact]
    public async Task A_commit_is_in_the_trace_of_its_first_writer_and_linked_to_the_others()
    {
        var commits = new ConcurrentQueue<Activity>();
        using var writer = new Activity("writer").SetIdFormat(ActivityIdFormat.W3C).Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Platform.Api",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => commits.Enqueue(span),
        };
        ActivitySource.AddActivityListener(listener);
        var gate = new TaskCompletionSource();
        await using var commit = new GroupCommit<int>(
            async (items, _) =>
            {
                await gate.Task;
                return items.Count;
            },
            new DatabaseOptions(),
            Meters);
        var writes = Enumerable.Range(0, 5).Select(i => commit.WriteAsync(i, CancellationToken.None)).ToArray();
        gate.SetResult();
        await Task.WhenAll(writes);
        await ApiFixture.EventuallyAsync(
            () => Task.FromResult(commits.Where(span => span.TraceId == writer.TraceId).Sum(span => 1 + span.Links.Count()) == 5),
                "five writers are traced");
        Assert.All(commits.Where(span => span.TraceId == writer.TraceId), span => Assert.Equal(writer.SpanId, span.ParentSpanId));
    }

    private static NewContact Contact(string name)
    {
        var now = DateTimeOffset.UtcNow;
        return new(ContactId.Create(now), now.UtcDateTime, name, "a@b.org", "m", "c", "s", "b", "website", "", "");
    }
}
