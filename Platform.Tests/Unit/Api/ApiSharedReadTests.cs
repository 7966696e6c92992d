using Platform.Api.Database;

namespace Platform.Tests.Unit.Api;

public sealed class ApiSharedReadTests
{
    [Fact]
    public async Task Who_arrives_during_a_read_shares_the_next_one_not_this_one()
    {
        var gates = new[] { new TaskCompletionSource<int>(), new TaskCompletionSource<int>() };
        var reads = 0;
        var shared = new SharedRead<int>(_ => gates[Interlocked.Increment(ref reads) - 1].Task, TimeSpan.FromSeconds(10));
        var first = shared.ReadAsync();
        var during = Enumerable.Range(0, 100).Select(_ => shared.ReadAsync()).ToArray();
        gates[0].SetResult(1);
        Assert.Equal(1, await first);
        Assert.All(during, read => Assert.False(read.IsCompleted));
        gates[1].SetResult(2);
        Assert.All(await Task.WhenAll(during), value => Assert.Equal(2, value));
        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task A_read_that_hangs_ends_for_all_and_the_next_is_tried_afresh()
    {
        var hang = true;
        var shared = new SharedRead<int>(
            async _ =>
            {
                if (Volatile.Read(ref hang))
                {
                    // Deaf to its token, as a driver is whose server does not answer.
                    await new TaskCompletionSource().Task;
                }
                return 7;
            },
            TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAsync<TimeoutException>(shared.ReadAsync);
        Volatile.Write(ref hang, false);
        Assert.Equal(7, await shared.ReadAsync());
    }

    [Fact]
    public async Task A_failure_reaches_those_who_shared_it_and_nobody_else()
    {
        var fail = true;
        var shared = new SharedRead<int>(_ => fail ? Task.FromException<int>(new InvalidOperationException()) : Task.FromResult(1),
            TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<InvalidOperationException>(shared.ReadAsync);
        fail = false;
        Assert.Equal(1, await shared.ReadAsync());
    }
}
