using Xunit.Abstractions;

namespace Platform.Tests.Faults;

/// <summary>What the services need is there, and does not answer.</summary>
[Collection(nameof(FaultyPlatform))]
public sealed class DependencyTests(FaultyPlatform platform, ITestOutputHelper output)
{
    [Fact]
    public Task A_PostgreSQL_that_hangs_costs_only_time() => platform.EndureAsync(output, rounds: 1, async (load, random) =>
    {
        var processes = platform.PostgresProcesses();
        FaultyPlatform.Signal("STOP", processes);
        try
        {
            await load.IsRefusedAsync(random.Next(5, 15), FaultyPlatform.Patience);
        }
        finally
        {
            FaultyPlatform.Signal("CONT", processes);
        }
    });

    [Fact]
    public Task A_store_that_is_away_refuses_uploads_and_nothing_else() => platform.EndureAsync(output, rounds: 1, async (load, random) =>
    {
        // Not even root can write into a file as if it were a folder.
        var aside = platform.ObjectsDirectory + ".aside";
        Directory.Move(platform.ObjectsDirectory, aside);
        await File.WriteAllTextAsync(platform.ObjectsDirectory, "");
        try
        {
            await load.IsRefusedAsync(random.Next(5, 20), FaultyPlatform.Patience);
            await load.AcknowledgesAsync(50, FaultyPlatform.Patience);
        }
        finally
        {
            File.Delete(platform.ObjectsDirectory);
            Directory.Move(aside, platform.ObjectsDirectory);
        }
    }, ledger =>
    {
        Assert.Equal(ledger.Refusals, ledger.RefusalsOf("/documents/upload"));
        return Task.CompletedTask;
    });

    [Theory]
    [InlineData("KILL")]
    [InlineData("STOP")]
    public Task A_mail_server_that_is_away_delays_mail_and_nothing_else(string signal) => platform.EndureAsync(
        output,
        rounds: 1,
        async (load, _) =>
        {
            var mail = Assert.Single(platform.Mails);
            FaultyPlatform.Signal(signal, mail);
            try
            {
                await load.AcknowledgesAsync(100, FaultyPlatform.Patience);
            }
            finally
            {
                FaultyPlatform.Signal("CONT", mail);
            }
        },
        async ledger =>
        {
            Assert.Equal(0, ledger.Refusals);
            if (signal == "STOP")
            {
                // Each of them is told of, at least once. (Of what maildev has accepted, kill -9 costs it what is not in its folder yet.)
                var mails = await platform.InboxAsync();
                Assert.DoesNotContain(ledger.Contacts, id => !mails.Contains(id, StringComparison.Ordinal));
            }
        });
}
