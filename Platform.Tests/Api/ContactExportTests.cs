using System.IO.Compression;
using System.Text.Json;

namespace Platform.Tests.Api;

/// <summary>Everything about a contact in one file.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class ContactExportTests(ApiFixture api)
{
    [Fact]
    public async Task A_contact_without_documents_is_exported_with_its_history()
    {
        var id = await api.Service.SubmitAsync(new { name = "Jürgen", email = "j@b.org", message = "line\nline" });
        (await api.Service.SendAsync(HttpMethod.Patch, $"/contacts/{id}", new { status = "contacted", notes = "to call" })).Dispose();
        using var zip = await ExportAsync(id);
        Assert.Equal(["audit.json", "contact.json", "documents.json"], zip.Entries.Select(entry => entry.FullName).Order());
        var contact = Read(zip, "contact.json");
        Assert.Equal("Jürgen", contact.GetProperty("name").GetString());
        Assert.Equal("to call", contact.GetProperty("notes").GetString());
        Assert.Equal(0, Read(zip, "documents.json").GetArrayLength());
        Assert.Equal(
            ["contact.changed", "contact.exported"],
            Read(zip, "audit.json").EnumerateArray().Select(entry => entry.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task Documents_are_exported_with_what_is_known_of_them_trashed_ones_too_and_lost_objects_are_named()
    {
        var id = await api.Service.SubmitAsync();
        var other = await api.Service.SubmitAsync();
        // The order of the database: two of one millisecond come in any.
        var documents = Enumerable.Range(0, 3).Select(_ => Guid.CreateVersion7())
            .OrderBy(document => document.ToString("n"), StringComparer.Ordinal).ToArray();
        await ApiFixture.ExecuteAsync(api.Database, string.Concat(documents.Select((document, i) => $$"""
            INSERT INTO documents
                (id, contact_id, filename, file_extension, size, content_type, document_type, object_key, sha256, deleted_at)
            VALUES ('{{document}}', '{{(i < 2 ? id : other)}}', '../Größe {{i}}.txt', '.txt', 1, 'text/plain', 'letter',
                'documents/{{document:n}}', sha256('a'), {{(i == 1 ? "now()" : "NULL")}});
            INSERT INTO analytics_events (id, event_type, event_data)
            VALUES (gen_random_uuid(), 'document_processed', '{"contact_id": "{{(i < 2 ? id : other)}}"}');
            """)));
        using var zip = await ExportAsync(id);
        var listed = Read(zip, "documents.json").EnumerateArray().ToArray();
        Assert.Equal(documents[..2].Select(document => $"{document}"), listed.Select(document => document.GetProperty("id").GetString()));
        Assert.Equal(JsonValueKind.Null, listed[0].GetProperty("deleted_at").ValueKind);
        Assert.Equal(JsonValueKind.String, listed[1].GetProperty("deleted_at").ValueKind);
        Assert.Equal("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", listed[0].GetProperty("sha256").GetString());
        Assert.Equal(2, Read(zip, "events.json").GetArrayLength());
        // Their rows are there and their bytes are not.
        Assert.Equal(2, Read(zip, "missing.json").GetArrayLength());
        Assert.DoesNotContain(zip.Entries, entry => entry.FullName.StartsWith("documents/", StringComparison.Ordinal));
    }

    private async Task<ZipArchive> ExportAsync(string id)
    {
        using var response = await api.GetAsync($"/contacts/{id}/export");
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        Assert.Equal("application/zip", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("attachment", response.Content.Headers.ContentDisposition?.DispositionType);
        return new ZipArchive(new MemoryStream(await response.Content.ReadAsByteArrayAsync()));
    }

    private static JsonElement Read(ZipArchive zip, string name)
    {
        using var content = zip.GetEntry(name)!.Open();
        return JsonSerializer.Deserialize<JsonElement>(content);
    }
}
