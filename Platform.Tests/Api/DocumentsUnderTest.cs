using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>An API with a database and an object store of its own, and what tests ask of its documents.</summary>
internal sealed class DocumentsUnderTest : IAsyncDisposable
{
    private readonly (string Name, string Value)[] _environment;
    private readonly DirectoryInfo _objects = Directory.CreateTempSubdirectory("platform-test-");

    private DocumentsUnderTest(string database, (string Name, string Value)[] environment)
    {
        Database = database;
        _environment =
        [
            ("Storage__Directory", ObjectsDirectory),
            ("Links__SigningKey", new string('k', 64)),
            // What waits for a person's patience in production must not wait for it here.
            ("Processing__Lease", "00:00:03"),
            ("Processing__PollInterval", "00:00:00.5"),
            ("Processing__DependencyDelay", "00:00:00.5"),
            ("Processing__RetryDelay", "00:00:00.2"),
            ("Storage__SweepInterval", "00:00:00.5"),
            .. environment,
        ];
    }

    public string Database { get; }

    public string ObjectsDirectory => Path.Combine(_objects.FullName, "objects");

    public ServiceProcess Service { get; private set; } = null!;

    public string ContactId { get; private set; } = "";

    public static async Task<DocumentsUnderTest> StartAsync(ApiFixture api, params (string Name, string Value)[] environment)
    {
        var documents = new DocumentsUnderTest(await api.Postgres.CreateDatabaseAsync(), environment);
        documents.Service = await documents.StartInstanceAsync();
        documents.ContactId = await documents.NewContactAsync();
        return documents;
    }

    /// <summary>One more instance on the same database and store.</summary>
    public async Task<ServiceProcess> StartInstanceAsync() => await (await ApiFixture.StartAsync(Database, _environment)).WhenReadyAsync();

    /// <summary>Ends the instance with SIGKILL and starts another one.</summary>
    public async Task KillAndStartAsync()
    {
        await Service.DisposeAsync();
        Service = await StartInstanceAsync();
    }

    public async Task<string> NewContactAsync() =>
        (await ApiFixture.SubmitAsync(Service, ApiFixture.Submission())).GetProperty("contactId").GetString()!;

    public async Task<HttpResponseMessage> PostAsync(byte[] content, string name, string? contact = null, string type = "report", string? tags = null)
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(content), "file", name },
            { new StringContent(contact ?? ContactId), "contact_id" },
            { new StringContent(type), "document_type" },
        };
        if (tags is not null)
        {
            form.Add(new StringContent(tags), "tags");
        }
        return await SendAsync(HttpMethod.Post, "/documents/upload", form);
    }

    /// <summary>Uploads, and returns the document's id.</summary>
    public async Task<Guid> UploadAsync(byte[] content, string name, string? contact = null, string type = "report", string? tags = null)
    {
        using var response = await PostAsync(content, name, contact, type, tags);
        return (await ApiFixture.JsonAsync(response)).GetProperty("document_id").GetGuid();
    }

    public Task<Guid> UploadTextAsync(string text, string name = "note.txt", string? contact = null, string type = "report") =>
        UploadAsync(System.Text.Encoding.UTF8.GetBytes(text), name, contact, type);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Add("X-API-Key", ApiFixture.BootstrapKey);
        return await Service.Client.SendAsync(request);
    }

    public async Task<JsonElement> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await SendAsync(HttpMethod.Get, path);
        return await ApiFixture.JsonAsync(response, expected);
    }

    public async Task<byte[]> BytesAsync(Guid id)
    {
        using var response = await SendAsync(HttpMethod.Get, $"/documents/{id}/content");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsByteArrayAsync();
    }

    /// <summary>Waits until the document's processing has ended so, and returns the document.</summary>
    public async Task<JsonElement> WhenAsync(Guid id, string status = "completed", int seconds = 60)
    {
        var document = default(JsonElement);
        await ApiFixture.EventuallyAsync(async () =>
        {
            document = await GetAsync($"/documents/{id}");
            var now = document.GetProperty("processing_status").GetString();
            Assert.False(now == "failed" && status == "completed", document.ToString());
            return now == status;
        }, $"{id} is {status}", seconds);
        return document;
    }

    /// <summary>The ids of what a search finds.</summary>
    public async Task<Guid[]> SearchAsync(string query)
    {
        using var response = await SendAsync(HttpMethod.Post, "/documents/search", JsonContent.Create(new { query, limit = 100 }));
        return [.. (await ApiFixture.JsonAsync(response)).GetProperty("results").EnumerateArray()
            .Select(result => result.GetProperty("document_id").GetGuid())];
    }

    public Task<T> QueryAsync<T>(string sql) => ApiFixture.QueryAsync<T>(Database, sql);

    /// <summary>Files in the store, complete or not.</summary>
    public int CountFiles() =>
        Directory.Exists(ObjectsDirectory) ? Directory.EnumerateFiles(ObjectsDirectory, "*", SearchOption.AllDirectories).Count() : 0;

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _objects.Delete(recursive: true);
    }
}
