using FsCheck;
using FsCheck.Xunit;
using Platform.Edge.Limits;

namespace Platform.Tests.Unit.Edge;

public sealed class BucketsTests
{
    [Property(MaxTest = 30)]
    public bool A_full_bucket_gives_its_burst_and_then_says_when_to_come_back(PositiveInt burst, PositiveInt perSecond)
    {
        var rate = new Rate(Math.Min(perSecond.Get, 5), Math.Min(burst.Get, 200));
        using var buckets = new Buckets("test", rate, 1024);
        var taken = 0;
        while (buckets.TryTake(7, out _) && taken <= rate.Burst + 50)
        {
            taken++;
        }

        buckets.TryTake(7, out var wait);
        // A slow machine may see a refill in between.
        return taken >= rate.Burst && taken <= rate.Burst + 5 && wait > TimeSpan.Zero && wait <= TimeSpan.FromSeconds(1.1 / rate.PerSecond);
    }

    [Fact]
    public void However_many_clients_come_there_are_no_more_buckets_than_that()
    {
        using var buckets = new Buckets("test", new Rate(0.001, 1), 64);

        var passed = Enumerable.Range(0, 10_000).Count(client => buckets.TryTake((ulong)client, out _));

        Assert.InRange(passed, 60, 64);
    }
}
