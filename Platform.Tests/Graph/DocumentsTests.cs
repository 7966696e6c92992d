using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Tests.Fixtures;
using Platform.Tests.Fixtures.Corpus;

namespace Platform.Tests.Graph;

/// <summary>A document's way through the whole graph, as a client of the edge sees it.</summary>
public sealed class DocumentsTests(PlatformGraph graph) : IClassFixture<PlatformGraph>
{
    [Fact]
    [Trait("Defect", "D01"), Trait("Defect", "D05"), Trait("Defect", "D15")]
    public async Task A_pdf_that_goes_in_at_the_edge_is_understood_found_shared_and_counted()
    {
        using var client = graph.WithKey();
        var contact = await ContactAsync(client);
        var pdf = Corpus.Named("report.pdf");
        // In the order of curl's arguments: the file first.
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(pdf.Bytes), "file", pdf.Name },
            { new StringContent(contact), "contact_id" },
            { new StringContent("proposal"), "document_type" },
        };
        using var uploaded = await client.PostAsync("/documents/upload", form);
        Assert.Equal(HttpStatusCode.OK, uploaded.StatusCode);
        var id = (await uploaded.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("document_id").GetGuid();
        await EventuallyAsync(async () =>
            (await client.GetFromJsonAsync<JsonElement>($"/documents/{id}")).GetProperty("processing_status").GetString() == "completed");

        foreach (var word in new[] { "heliotrope", "heliotrpe", "helio" })
        {
            var found = await client.GetFromJsonAsync<JsonElement>($"/documents/search?q={word}");
            var result = Assert.Single(found.GetProperty("results").EnumerateArray());
            Assert.Equal(id, result.GetProperty("document_id").GetGuid());
            Assert.Contains("<mark>heliotrope</mark>", result.GetProperty("highlights").GetProperty("text_content").GetString(), StringComparison.Ordinal);
        }

        using var linked = await client.PostAsJsonAsync($"/documents/{id}/links", new { expires_in = 60 });
        var link = (await linked.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("url").GetString()!;
        // A stranger, without a key.
        Assert.Equal(pdf.Bytes, await graph.Edge.GetByteArrayAsync(link));
        using var range = new HttpRequestMessage(HttpMethod.Get, link) { Headers = { Range = new(0, 4) } };
        using var part = await graph.Edge.SendAsync(range);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal("%PDF-", await part.Content.ReadAsStringAsync());

        var insights = (await client.GetFromJsonAsync<JsonElement>($"/contacts/{contact}")).GetProperty("document_insights");
        Assert.Equal(1, insights.GetProperty("total_documents").GetInt32());
        var own = await client.GetFromJsonAsync<JsonElement>($"/contacts/{contact}/documents");
        Assert.Equal(1, own.GetProperty("total_count").GetInt32());
        Assert.Equal(0, (await client.GetFromJsonAsync<JsonElement>("/admin/api/tasks?state=failed")).GetProperty("tasks").GetArrayLength());
    }

    [Fact, Trait("Defect", "D04")]
    public async Task Fifty_megabytes_pass_the_edge_and_a_byte_more_does_not()
    {
        using var client = graph.WithKey();
        var contact = await ContactAsync(client);
        const int Limit = 50 * 1024 * 1024;
        using (var fits = await UploadAsync(client, contact, Limit))
        {
            Assert.Equal(HttpStatusCode.OK, fits.StatusCode);
        }
        using var tooLarge = await UploadAsync(client, contact, Limit + 1);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        Assert.Equal("application/problem+json", tooLarge.Content.Headers.ContentType?.MediaType);
    }

    [Theory, Trait("Defect", "D06")]
    [InlineData("/documents/search?q=a")]
    [InlineData("/documents")]
    [InlineData("/documents/01a20e44-ee3e-77a3-bf4e-6c613e51785f")]
    [InlineData("/documents/01a20e44-ee3e-77a3-bf4e-6c613e51785f/content")]
    [InlineData("/contacts/contact_1/documents")]
    [InlineData("/analytics/insights")]
    [InlineData("/admin/api/tasks")]
    [InlineData("/admin/api/keys")]
    [InlineData("/admin/api/audit")]
    public async Task What_is_held_about_people_is_not_for_strangers(string path)
    {
        using var answer = await graph.Edge.GetAsync(path);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    private static async Task<HttpResponseMessage> UploadAsync(HttpClient client, string contact, int size)
    {
        var bytes = new byte[size];
        Array.Fill(bytes, (byte)'a');
        using var form = new MultipartFormDataContent
        {
            { new StringContent(contact), "contact_id" },
            { new StringContent("large"), "document_type" },
            { new ByteArrayContent(bytes), "file", "large.txt" },
        };
        return await client.PostAsync("/documents/upload", form);
    }

    private static async Task<string> ContactAsync(HttpClient client)
    {
        using var answer = await client.PostAsJsonAsync("/contact", new { name = "Ada", email = "ada@example.org", message = "hello" });
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("contactId").GetString()!;
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(PlatformGraph.Patience);
        while (!await condition())
        {
            await Task.Delay(50, patience.Token);
        }
    }
}
