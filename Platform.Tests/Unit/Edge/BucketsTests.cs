using FsCheck;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using Platform.Edge.Limits;

namespace Platform.Tests.Unit.Edge;

public sealed class BucketsTests
{
    private const ulong Client = 7;

    private readonly FakeTimeProvider _time = new();

    [Property]
    public bool A_full_bucket_gives_its_burst_and_then_says_when_to_come_back(PositiveInt burst, PositiveInt perSecond)
    {
        var buckets = new Buckets("test", new Rate(perSecond.Get, burst.Get), 1024, _time);
        var taken = Take(buckets, burst.Get + 10);

        var refused = !buckets.TryTake(Client, out var wait);
        _time.Advance(wait - TimeSpan.FromTicks(1));
        var early = buckets.TryTake(Client, out _);
        _time.Advance(TimeSpan.FromTicks(1));

        return taken == burst.Get && refused && !early && wait <= TimeSpan.FromSeconds(1.0 / perSecond.Get) && buckets.TryTake(Client, out _);
    }

    [Fact]
    public void What_flows_back_is_what_the_rate_says_and_no_more_than_a_burst()
    {
        var buckets = new Buckets("test", new Rate(10, 20), 1024, _time);
        Assert.Equal(20, Take(buckets, 100));

        _time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Equal(15, Take(buckets, 100));

        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(20, Take(buckets, 100));
    }

    [Theory]
    [InlineData(1e-9, int.MaxValue)]
    [InlineData(1e-300, 1)]
    [InlineData(999_999, 1)]
    public void The_extremes_of_what_can_be_configured_work(double perSecond, int burst)
    {
        var buckets = new Buckets("test", new Rate(perSecond, burst), 1024, _time);

        Assert.True(buckets.TryTake(Client, out _));
        Assert.Equal(burst > 1, buckets.TryTake(Client, out var wait));
        Assert.Equal(burst > 1, wait == TimeSpan.Zero);
    }

    [Fact]
    public async Task Threads_together_get_no_more_than_one_alone()
    {
        var buckets = new Buckets("test", new Rate(1, 1000), 1024, _time);

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Take(buckets, 1000))));

        Assert.Equal(1000, taken.Sum());
    }

    [Fact]
    public void However_many_clients_come_there_are_no_more_buckets_than_that()
    {
        var buckets = new Buckets("test", new Rate(0.001, 1), 64, _time);

        var passed = Enumerable.Range(0, 10_000).Count(client => buckets.TryTake((ulong)client, out _));

        Assert.InRange(passed, 60, 64);
    }

    private static int Take(Buckets buckets, int times) => Enumerable.Range(0, times).Count(attempt => buckets.TryTake(Client, out _));
}
