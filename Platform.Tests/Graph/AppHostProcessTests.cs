using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Graph;

/// <summary>The one command: how it ends, and what it says when it cannot begin.</summary>
public sealed class AppHostProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;

    [Fact]
    public async Task After_kill_9_no_process_is_left_and_what_was_acknowledged_is_there_at_the_next_start()
    {
        string id;
        await using (var first = await new AppHostProcess(_folder, FreePort.Next()).WhenHealthyAsync())
        {
            using var answer = await first.Edge.PostAsJsonAsync("/contact", new { name = "Ada", email = "ada@example.org", message = "hello" });
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            id = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("contactId").GetString()!;
            await first.KillAsync();
            await first.NothingIsLeftAsync(within: TimeSpan.FromSeconds(20));
        }

        await using var second = await new AppHostProcess(_folder, FreePort.Next()).WhenHealthyAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/contacts/{id}") { Headers = { { "X-API-Key", second.ApiKey } } };
        using var found = await second.Edge.SendAsync(request);
        Assert.Equal("Ada", (await found.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("name").GetString());

        // And asked politely, everything ends in order.
        Assert.Equal(0, await second.StopAsync());
        await second.NothingIsLeftAsync(within: TimeSpan.FromSeconds(10));
        Assert.False(File.Exists(Path.Combine(_folder, "postgres", "postmaster.pid")));
        // In an ordinary start and stop there is nothing to be worried about.
        Assert.Contains("Everything is healthy.", second.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("warning:", second.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("error:", second.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Log, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
