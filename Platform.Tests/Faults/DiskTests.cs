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
        if (!await disk.ThrottleAsync(writesPerSecond: 10))
        {
            return;
        }

        try
        {
            await load.IsRefusedAsync(random.Next(5, 20), FaultyPlatform.Patience);
        }
        finally
        {
            await disk.ThrottleAsync(writesPerSecond: 0);
        }
    }));

    private Task OnDiskAsync(Func<DataDisk, Task> test) => platform.Disk is { } disk ? test(disk) : Task.CompletedTask;
}
