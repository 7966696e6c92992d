using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Graph;

/// <summary>What is left when the data folder is gone: a start with <c>--restore</c> brings it back, and harms nothing that is there.</summary>
public sealed class RestoreTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("platform-test-");

    private string Data => Path.Combine(_folder.FullName, "data");

    private string Backups => Path.Combine(_folder.FullName, "data-backups");

    [Fact]
    public async Task What_was_backed_up_is_there_again_after_the_data_folder_is_gone_and_nothing_is_restored_over_it()
    {
        string[] contacts;
        var documents = new Dictionary<string, string>();
        await using (var first = await Start().WhenHealthyAsync())
        {
            using var client = WithKey(first);
            contacts = await Task.WhenAll(Enumerable.Range(1, 5).Select(number => SubmitAsync(client, $"Ada {number}")));
            foreach (var contact in contacts[..3])
            {
                documents[await UploadAsync(client, contact, $"The contract of {contact}.")] = $"The contract of {contact}.";
            }

            using var started = await client.PostAsync("/admin/api/backups", null);
            Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
            await Eventually.IsTrueAsync(
                async () => (await client.GetFromJsonAsync<JsonElement>("/admin/api/backups")).GetProperty("items").GetArrayLength() == 1,
                PlatformGraph.Patience);
            Assert.Equal(0, await first.StopAsync());
        }

        Directory.Delete(Data, recursive: true);
        var damaged = Path.Combine(_folder.FullName, "platform-20261126T043000Z.tar.gz");
        await File.WriteAllTextAsync(damaged, "not an archive");
        await AssertRefusedAsync(damaged, "damaged");

        // It has left nothing behind that is in the way.
        await using (var second = await Start("--restore", "latest").WhenHealthyAsync())
        {
            using var client = WithKey(second);
            foreach (var contact in contacts)
            {
                Assert.StartsWith("Ada ", (await client.GetFromJsonAsync<JsonElement>($"/contacts/{contact}")).GetProperty("name").GetString());
            }

            foreach (var (document, content) in documents)
            {
                Assert.Equal(content, await client.GetStringAsync($"/documents/{document}/content"));
            }

            await second.SaysAsync("Everything is healthy.");
            Assert.Matches(@"restore +Finished", second.Log);
            Assert.DoesNotContain("error:", second.Log, StringComparison.Ordinal);
            await SubmitAsync(client, "Somebody new");
            Assert.Equal(0, await second.StopAsync());
        }

        // By now there is something that a second restore would destroy.
        await AssertRefusedAsync("latest", "empty");
        await using var third = await Start().WhenHealthyAsync();
        using var again = WithKey(third);
        Assert.Equal(6, (await again.GetFromJsonAsync<JsonElement>("/contacts")).GetProperty("contacts").GetArrayLength());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>The AppHost says why in one line, and ends; the API and the edge never ran.</summary>
    private async Task AssertRefusedAsync(string archive, string reason)
    {
        await using var host = Start("--restore", archive);
        Assert.Equal(1, await host.ExitCodeAsync());
        var line = Assert.Single(host.Log.Split('\n'), line => line.Contains($"error: {archive} is not restored: ", StringComparison.Ordinal));
        Assert.Contains(reason, line, StringComparison.Ordinal);
        Assert.DoesNotMatch("(api|edge) +Running", host.Log);
    }

    private AppHostProcess Start(params string[] arguments) =>
        new(Data, FreePort.Next(), ["--Platform:Api:Replicas=1", "--Parameters:mail-to=", $"--Parameters:backup-url={Backups}", .. arguments]);

    private static HttpClient WithKey(AppHostProcess host) =>
        new() { BaseAddress = host.Edge.BaseAddress, DefaultRequestHeaders = { { "X-API-Key", host.ApiKey } } };

    private static async Task<string> SubmitAsync(HttpClient client, string name)
    {
        using var answer = await client.PostAsJsonAsync("/contact", new { name, email = "ada@example.org", message = "hello" });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("contactId").GetString()!;
    }

    private static async Task<string> UploadAsync(HttpClient client, string contact, string content)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent(contact), "contact_id" },
            { new StringContent("contract"), "document_type" },
            { new StringContent(content), "file", "contract.txt" },
        };
        using var answer = await client.PostAsync("/documents/upload", form);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("document_id").GetString()!;
    }
}
