using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Platform.Tests.Api;
using Platform.Tests.Fixtures;
using Platform.Tests.Fixtures.Corpus;

namespace Platform.Tests.Abuse;

/// <summary>Bodies and files that are much larger than they look, at the API.</summary>
[Trait("Needs", "postgres")]
public sealed class BombTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Theory]
    [InlineData("/contact", "gzip")]
    [InlineData("/contact", "deflate")]
    [InlineData("/contact", "br")]
    [InlineData("/visits", "gzip")]
    [InlineData("/analytics/events", "gzip")]
    [InlineData("/documents/search", "br")]
    [InlineData("/admin/keys", "gzip")]
    [InlineData("/documents/upload", "gzip")]
    public async Task A_compressed_body_is_not_unpacked(string path, string encoding)
    {
        using var content = new ByteArrayContent(Compressed(encoding, 50 * 1024 * 1024));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(path == "/documents/upload" ? "multipart/form-data; boundary=b" : "application/json");
        content.Headers.ContentEncoding.Add(encoding);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content, Headers = { { "X-API-Key", ApiFixture.BootstrapKey } } };

        using var answer = await api.Service.Client.SendAsync(request);

        Assert.Contains(
            answer.StatusCode,
            (HttpStatusCode[])[HttpStatusCode.BadRequest, HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.UnsupportedMediaType]);
        await ApiFixture.ProblemAsync(answer, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Hostile_files_cost_their_own_tasks_and_nothing_else()
    {
        var contact = await Uploads.ContactAsync(api.Service);
        string[] names =
        [
            "bomb.docx", "lying-sizes.docx", "not-so-packed.xlsx", "laughs.xml", "deep.docx", "nested.eml", "circular-forms.pdf",
            "huge-and-true.png", "many-parts.odt", "packed-twice.pdf", "huge-second-page.tiff",
        ];
        foreach (var name in names)
        {
            using var answer = await Uploads.PostAsync(api.Service, Uploads.Form(contact, HostileFiles.All[name](), name));
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.UnsupportedMediaType, $"{name}: {answer.StatusCode}");
        }

        await Eventually.IsTrueAsync(
            async () => await api.QueryAsync<long>("SELECT count(*) FROM documents WHERE processing_status IN ('pending', 'processing')") == 0,
            TimeSpan.FromMinutes(2));

        using var health = await api.Service.Client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Equal(0, await api.QueryAsync<long>(
            "SELECT count(*) FROM documents WHERE processing_status NOT IN ('completed', 'failed') OR processing_note ~ 'Exception|/tmp/'"));
        Assert.DoesNotContain("unhandled exception", api.Service.Log, StringComparison.OrdinalIgnoreCase);
    }

    private static byte[] Compressed(string encoding, int size)
    {
        using var memory = new MemoryStream();
        using (Stream packer = encoding switch
        {
            "gzip" => new GZipStream(memory, CompressionLevel.Optimal, leaveOpen: true),
            "deflate" => new ZLibStream(memory, CompressionLevel.Optimal, leaveOpen: true),
            _ => new BrotliStream(memory, CompressionLevel.Fastest, leaveOpen: true),
        })
        {
            packer.Write(Encoding.UTF8.GetBytes("{\"name\":\"" + new string('a', size)));
        }

        return memory.ToArray();
    }
}
