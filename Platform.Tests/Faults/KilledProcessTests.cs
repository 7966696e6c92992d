using Platform.Tests.Fixtures;
using Xunit.Abstractions;

namespace Platform.Tests.Faults;

/// <summary>kill -9 of anything at any moment.</summary>
[Collection(nameof(FaultyPlatform))]
public sealed class KilledProcessTests(FaultyPlatform platform, ITestOutputHelper output)
{
    [Fact]
    public Task A_killed_api_loses_and_doubles_nothing() => platform.EndureAsync(output, rounds: 2, async (_, random) =>
    {
        var apis = platform.Apis;
        FaultyPlatform.Signal("KILL", apis[random.Next(apis.Length)]);
        await Eventually.IsTrueAsync(() => Task.FromResult(platform.Apis is { Length: 2 } now && now.Except(apis).Any()), FaultyPlatform.Patience);
    });

    [Fact]
    public Task A_killed_edge_loses_and_doubles_nothing_and_is_started_again() => platform.EndureAsync(output, rounds: 2, async (_, _) =>
    {
        var edge = Assert.Single(platform.Edges);
        FaultyPlatform.Signal("KILL", edge);
        await Eventually.IsTrueAsync(() => Task.FromResult(platform.Edges is [var now] && now != edge), FaultyPlatform.Patience);
    });

    [Theory]
    [InlineData("KILL", "the postmaster")]
    [InlineData("KILL", "a backend")]
    [InlineData("INT", "the postmaster")]
    public Task A_PostgreSQL_that_ends_loses_and_doubles_nothing_and_is_started_again(string signal, string what) =>
        platform.EndureAsync(output, rounds: 1, async (load, _) =>
        {
            var postmaster = Assert.NotNull(platform.Postmaster);
            if (what == "a backend")
            {
                // PostgreSQL then ends all others as well and recovers, since the dead one may have left anything in the shared memory.
                FaultyPlatform.Signal(signal, await platform.QueryAsync<int>(
                    "SELECT max(pid) FROM pg_stat_activity WHERE application_name = 'platform-api' AND query NOT LIKE 'LISTEN%'"));
                await platform.PostgresAnswersAsync();
                return;
            }

            FaultyPlatform.Signal(signal, postmaster);
            await Eventually.IsTrueAsync(() => Task.FromResult(platform.Postmaster is { } now && now != postmaster), FaultyPlatform.Patience);
            await platform.PostgresAnswersAsync();
        });

    [Fact]
    public Task After_the_AppHost_was_killed_everything_ends_and_the_next_start_has_all_that_was_acknowledged() =>
        platform.EndureAsync(output, rounds: 1, (_, _) => platform.KillAndStartAsync());
}
