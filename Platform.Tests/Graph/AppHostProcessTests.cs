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

        Dictionary<string, string> secrets = new() { ["Parameters__link-key"] = "a-secret-of-the-AppHost-that-only-the-API-gets" };
        await using var second = await new AppHostProcess(_folder, FreePort.Next(), secrets).WhenHealthyAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/contacts/{id}") { Headers = { { "X-API-Key", second.ApiKey } } };
        using var found = await second.Edge.SendAsync(request);
        Assert.Equal("Ada", (await found.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("name").GetString());

        // Programs inherit the AppHost's environment, but not what is meant for it alone. (One of them comes from npm.)
        var programs = second.Programs();
        Assert.Contains(programs, program => program.Command.Contains("maildev", StringComparison.Ordinal));
        Assert.DoesNotContain(
            programs.SelectMany(program => program.Environment), variable => variable.StartsWith("Parameters__", StringComparison.OrdinalIgnoreCase));
        Assert.All(
            programs.Where(program => program.Environment.Any(variable => variable.Contains(secrets.Values.Single(), StringComparison.Ordinal))),
            program => Assert.Contains("Platform.Api", program.Command, StringComparison.Ordinal));

        // And asked politely, everything ends in the reverse of the order in which it started.
        await second.SaysAsync("Everything is healthy.");
        Assert.Equal(0, await second.StopAsync());
        var ended = second.Log.Split('\n').Where(line => line.Contains("Finished (exit code 0)", StringComparison.Ordinal))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1].Split('-')[0]).Where(name => name != "mail");
        Assert.Equal(["edge", "api", "api", "postgres"], ended);
        await second.NothingIsLeftAsync(within: TimeSpan.FromSeconds(10));
        Assert.False(File.Exists(Path.Combine(_folder, "postgres", "postmaster.pid")));
        // In an ordinary start and stop there is nothing to be worried about.
        Assert.DoesNotContain("warning:", second.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("error:", second.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Log, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
