using System.Net.Http.Json;
using System.Text.Json;
using Platform.Tests.Api;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Images;

/// <summary>The images' programs, run as a container runs them: by an account without rights that can write to a temporary folder only.</summary>
[Collection(ImagesSuite.Name), Trait("Needs", "postgres")]
public sealed class ContainerTests(ImageFixture images, PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task The_edge_serves_its_site_and_writes_nothing()
    {
        await using var edge = await ContainerProcess.StartAsync("Platform.Edge", images, []);

        Assert.Equal(new(0, "healthy"), await edge.HealthAsync());
        Assert.Contains("</html>", await edge.Client.GetStringAsync(new Uri("/", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Empty(edge.TemporaryFiles());
        Assert.All(await edge.StopAsync(), AssertIsJson);
    }

    [Fact]
    public async Task The_API_reads_a_document_and_leaves_no_file_behind()
    {
        await using var api = await ContainerProcess.StartAsync("Platform.Api", images, new()
        {
            ["ConnectionStrings__platformdb"] = await postgres.CreateDatabaseAsync(),
            ["Security__BootstrapKey"] = ApiFixture.BootstrapKey,
            ["Storage__Directory"] = Path.Combine(images.CreateWritableFolder().FullName, "objects"),
        });
        Assert.Equal(new(0, "healthy"), await api.HealthAsync());

        api.Client.DefaultRequestHeaders.Add("X-API-Key", ApiFixture.BootstrapKey);
        var contact = await PostAsync("/contact", JsonContent.Create(ApiFixture.Submission()));
        using var form = Uploads.Form(contact.GetProperty("contactId").GetString(), "The quagmire was deep."u8.ToArray());
        var document = $"/documents/{(await PostAsync("/documents/upload", form)).GetProperty("document_id")}";

        await ApiFixture.EventuallyAsync(
            async () => (await GetAsync(document)).GetProperty("processing_status").GetString() == "completed", "the document is read");
        Assert.Equal(4, (await GetAsync(document)).GetProperty("word_count").GetInt32());
        await ApiFixture.EventuallyAsync(() => Task.FromResult(api.TemporaryFiles().Count == 0), "no file is left");
        Assert.All(await api.StopAsync(), AssertIsJson);

        async Task<JsonElement> GetAsync(string path)
        {
            using var response = await api.Client.GetAsync(new Uri(path, UriKind.Relative));
            return await ApiFixture.JsonAsync(response);
        }

        async Task<JsonElement> PostAsync(string path, HttpContent content)
        {
            using var response = await api.Client.PostAsync(new Uri(path, UriKind.Relative), content);
            return await ApiFixture.JsonAsync(response);
        }
    }

    private static void AssertIsJson(string line)
    {
        using var document = JsonDocument.Parse(line);
        Assert.True(document.RootElement.TryGetProperty("LogLevel", out _), line);
    }
}
