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
    public async Task What_was_backed_up_is_there_again_after_the_data_folder_is_gone_and_is_not_restored_over()
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
        await using (var third = Start("--restore", "latest"))
        {
            Assert.Equal(1, await third.ExitCodeAsync());
            var line = Assert.Single(third.Log.Split('\n'), line => line.Contains("latest is not restored: ", StringComparison.Ordinal));
            Assert.Contains("empty", line, StringComparison.Ordinal);
            Assert.DoesNotMatch("(api|edge) +Running", third.Log);
        }

        await using var fourth = await Start().WhenHealthyAsync();
        using var again = WithKey(fourth);
        Assert.Equal(6, (await again.GetFromJsonAsync<JsonElement>("/contacts")).GetProperty("contacts").GetArrayLength());
    }

    [Fact]
    public async Task An_archive_that_is_none_restores_nothing_and_the_next_start_is_an_ordinary_one()
    {
        var archive = Path.Combine(_folder.FullName, "platform-20261126T043000Z.tar.gz");
        await File.WriteAllTextAsync(archive, "not an archive");
        await using (var refused = Start("--restore", archive))
        {
            Assert.Equal(1, await refused.ExitCodeAsync());
            Assert.Single(refused.Log.Split('\n'), line => line.Contains($"{archive} is not restored: ", StringComparison.Ordinal));
            Assert.DoesNotMatch("(api|edge) +Running", refused.Log);
        }

        await using var next = await Start().WhenHealthyAsync();
        using var client = WithKey(next);
        Assert.Equal(0, (await client.GetFromJsonAsync<JsonElement>("/contacts")).GetProperty("contacts").GetArrayLength());
    }

    public void Dispose() => _folder.Delete(recursive: true);

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
