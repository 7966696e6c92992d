using System.Diagnostics;

namespace Platform.Tests.Fixtures;

/// <summary>Waits for what must become true.</summary>
internal static class Eventually
{
    public static async Task IsTrueAsync(Func<Task<bool>> condition, TimeSpan within)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed < within, $"It did not happen within {within}.");
            await Task.Delay(50);
        }
    }
}
