using Platform.Tests.Fixtures;
using Xunit.Abstractions;

namespace Platform.Tests.Faults;

/// <summary>The disk of the data, PostgreSQL's and the objects', is full, or slow.</summary>
[Collection(nameof(FaultyPlatform))]
public sealed class DiskTests(FaultyPlatform platform, ITestOutputHelper output)
{
    [Fact]
    public Task A_full_disk_acknowledges_nothing_that_is_not_kept_and_PostgreSQL_is_back_when_there_is_room() => OnDiskAsync(disk =>
        platform.EndureAsync(output, rounds: 1, async (load, random) =>
        {
            await disk.FillAsync();
            try
            {
                await load.IsRefusedAsync(random.Next(5, 20), FaultyPlatform.Patience);
                // Sooner or later the write-ahead log needs another file, which PostgreSQL cannot go on without.
                var postmaster = platform.Postmaster;
                await Eventually.IsTrueAsync(async () =>
                {
                    try
                    {
                        await platform.QueryAsync<string>("SELECT pg_switch_wal()::text");
                    }
                    catch (Npgsql.NpgsqlException)
                    {
                        // That was it.
                    }

                    return platform.Postmaster != postmaster;
                }, FaultyPlatform.Patience);
                await load.IsRefusedAsync(20, FaultyPlatform.Patience);
            }
            finally
            {
                disk.Free();
            }

            await platform.PostgresAnswersAsync(within: FaultyPlatform.Recovery);
        }));

    [Fact]
    public Task A_slow_disk_costs_only_time() => OnDiskAsync(disk => platform.EndureAsync(output, rounds: 1, async (load, random) =>
    {
        var isThrottled = await disk.ThrottleAsync(writesPerSecond: 10);
        var refused = load.IsRefusedAsync(random.Next(5, 20), FaultyPlatform.Patience);
        try
        {
            while (!isThrottled && !refused.IsCompleted)
            {
                await StandStillAsync(TimeSpan.FromSeconds(2));
            }

            await refused;
        }
        finally
        {
            if (isThrottled)
            {
                await disk.ThrottleAsync(writesPerSecond: 0);
            }
        }
    }));

    /// <summary>Where no disk can be made slow: who waits for it, PostgreSQL, gets on for a moment only between long waits.</summary>
    private async Task StandStillAsync(TimeSpan time)
    {
        var processes = platform.PostgresProcesses();
        FaultyPlatform.Signal("STOP", processes);
        await Task.Delay(time);
        FaultyPlatform.Signal("CONT", processes);
        await Task.Delay(time / 10);
    }

    private Task OnDiskAsync(Func<DataDisk, Task> test) => platform.Disk is { } disk ? test(disk) : Task.CompletedTask;
}
