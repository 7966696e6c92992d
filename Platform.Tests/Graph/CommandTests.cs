using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Graph;

/// <summary>What an operator does from the dashboard.</summary>
[Collection(nameof(GraphWithCrashes))]
public sealed class CommandTests(GraphWithCrashes graph)
{
    [Fact]
    public async Task Reindex_on_a_replica_is_one_task()
    {
        using var client = graph.WithKey();
        var before = await ReindexesAsync(client);
        var result = await graph.CommandAsync(graph.Replicas("api")[0].Id, "reindex");
        Assert.True(result.Success, result.Message);
        Assert.Equal(before + 1, await ReindexesAsync(client));
    }

    [Fact]
    public async Task Back_up_now_makes_an_archive()
    {
        using var client = graph.WithKey();
        var result = await graph.CommandAsync(graph.Replicas("api")[0].Id, "backup");
        Assert.True(result.Success, result.Message);
        await Eventually.IsTrueAsync(
            async () => (await client.GetFromJsonAsync<JsonElement>("/admin/api/backups")).GetProperty("items").GetArrayLength() > 0,
            PlatformGraph.Patience);
    }

    [Fact]
    public async Task Reset_leaves_no_contact_and_no_document_and_a_platform_that_takes_new_ones()
    {
        using var client = graph.WithKey();
        var contact = await ContactAsync(client);
        using (var form = new MultipartFormDataContent
        {
            { new StringContent(contact), "contact_id" },
            { new StringContent("proposal"), "document_type" },
            { new ByteArrayContent("to be forgotten"u8.ToArray()), "file", "note.txt" },
        })
        {
            using var uploaded = await client.PostAsync("/documents/upload", form);
            Assert.Equal(HttpStatusCode.OK, uploaded.StatusCode);
        }

        Assert.NotEmpty(Objects());
        var result = await graph.CommandAsync("platformdb", "reset-development-data");
        Assert.True(result.Success, result.Message);

        await Eventually.IsTrueAsync(async () =>
        {
            // Behind the orchestrator's proxy either process may be the one that answers.
            using var stats = await client.GetAsync("/contacts");
            return stats.StatusCode == HttpStatusCode.OK
                && graph.Replicas("api").All(replica => replica.Last.Snapshot.HealthStatus == HealthStatus.Healthy);
        }, PlatformGraph.Patience);
        Assert.Equal(0, (await client.GetFromJsonAsync<JsonElement>("/contacts")).GetProperty("contacts").GetArrayLength());
        Assert.Empty(Objects());
        var another = await ContactAsync(client);
        using var found = await client.GetAsync($"/contacts/{another}");
        Assert.Equal(HttpStatusCode.OK, found.StatusCode);
        await Eventually.IsTrueAsync(
            async () =>
            {
                // 503 for as long as it is not.
                using var health = await client.GetAsync("/health");
                return health.StatusCode == HttpStatusCode.OK
                    && (await health.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString() == "healthy";
            },
            PlatformGraph.Patience);
    }

    [Fact]
    public async Task The_inbox_is_told_where_it_listens_this_time()
    {
        var result = await graph.CommandAsync("mail", "open-inbox");
        Assert.True(result.Success, result.Message);
        Assert.Equal(graph.App.GetEndpoint("mail", "http"), new Uri(result.Message!));
    }

    private IEnumerable<string> Objects() => Directory.Exists(Path.Combine(graph.DataDirectory, "objects"))
        ? Directory.EnumerateFiles(Path.Combine(graph.DataDirectory, "objects"), "*", SearchOption.AllDirectories)
        : [];

    private static async Task<int> ReindexesAsync(HttpClient client) =>
        (await client.GetFromJsonAsync<JsonElement>("/admin/api/tasks?kind=reindex")).GetProperty("tasks").GetArrayLength();

    private static async Task<string> ContactAsync(HttpClient client)
    {
        using var answer = await client.PostAsJsonAsync("/contact", new { name = "Ada", email = "ada@example.org", message = "hello" });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("contactId").GetString()!;
    }
}
