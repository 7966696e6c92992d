using Platform.Tests.Fixtures;
using Xunit.Abstractions;

namespace Platform.Tests.Faults;

/// <summary>A search index that is a server of its own, and fails or hangs. (The embedded one is PostgreSQL, and comes and goes with it.)</summary>
[Collection(nameof(FaultyPlatform))]
public sealed class IndexTests(ITestOutputHelper output)
{
    [Fact]
    public async Task An_index_that_is_away_delays_what_is_found_and_nothing_else()
    {
        await using var index = await FakeMeilisearch.StartAsync();
        var platform = new FaultyPlatform
        {
            // The AppHost keeps connection strings of its own environment from what it starts; ASP.NET Core takes one under this name as well.
            Settings = new() { ["Search__Provider"] = "meilisearch", ["ASPNETCORE_ConnectionStrings__search"] = index.ConnectionString },
        };
        await platform.InitializeAsync();
        try
        {
            var faults = new Queue<string>(["error", "hang"]);
            await platform.EndureAsync(
                output,
                rounds: faults.Count,
                async (load, _) =>
                {
                    index.Break(faults.Dequeue());
                    try
                    {
                        await load.AcknowledgesAsync(100, FaultyPlatform.Patience);
                    }
                    finally
                    {
                        index.Break("");
                    }
                },
                ledger =>
                {
                    Assert.Equal(0, ledger.Refusals);
                    return Task.CompletedTask;
                });
        }
        finally
        {
            await platform.DisposeAsync();
        }
    }
}
