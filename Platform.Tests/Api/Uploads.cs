using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Npgsql;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>How tests upload documents.</summary>
internal static class Uploads
{
    public static async Task<string> ContactAsync(ServiceProcess service) =>
        (await ApiFixture.SubmitAsync(service, ApiFixture.Submission())).GetProperty("contactId").GetString()!;

    public static MultipartFormDataContent Form(
        string? contactId, byte[]? file, string name = "report.txt", string? documentType = "report", params (string Name, string Value)[] fields)
    {
        var form = new MultipartFormDataContent { HeaderEncodingSelector = (_, _) => Encoding.UTF8 };
        if (file is not null)
        {
            // As curl does: the file first, and the name as raw UTF-8.
            var part = new ByteArrayContent(file);
            part.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"file\"; filename=\"{name}\"");
            form.Add(part);
        }
        if (contactId is not null)
        {
            form.Add(new StringContent(contactId), "contact_id");
        }
        if (documentType is not null)
        {
            form.Add(new StringContent(documentType), "document_type");
        }
        foreach (var field in fields)
        {
            form.Add(new StringContent(field.Value), field.Name);
        }
        return form;
    }

    public static async Task<HttpResponseMessage> PostAsync(
        ServiceProcess service, HttpContent content, string? idempotencyKey = null, string key = ApiFixture.BootstrapKey)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/documents/upload") { Content = content };
        request.Headers.Add("X-API-Key", key);
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }
        return await service.Client.SendAsync(request);
    }

    /// <summary>Uploads a text, and returns the receipt.</summary>
    public static async Task<JsonElement> UploadAsync(ServiceProcess service, string contactId, string text, string name = "report.txt")
    {
        using var response = await PostAsync(service, Form(contactId, Encoding.UTF8.GetBytes(text), name));
        return await ApiFixture.JsonAsync(response);
    }

    public static async Task<HttpResponseMessage> SendAsync(
        ServiceProcess service, HttpMethod method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("X-API-Key", ApiFixture.BootstrapKey);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return await service.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Rows, keys and files: everything that an upload could leave.</summary>
    public static async Task<string> StateAsync(string database) =>
        await ApiFixture.QueryAsync<string>(database, """
            SELECT (SELECT count(*) FROM documents) || ' documents, ' || (SELECT count(*) FROM document_tasks) || ' tasks, '
                || (SELECT count(*) FROM unreferenced_objects) || ' keys, ' || (SELECT count(*) FROM audit_log) || ' entries, '
                || (SELECT count(*) FROM idempotency_keys) || ' answers'
            """) + $", {Files(database).Length} files";

    public static string[] Files(string database) => Directory.Exists(ApiFixture.ObjectsOf(database))
        ? Directory.GetFiles(ApiFixture.ObjectsOf(database), "*", SearchOption.AllDirectories)
        : [];

    /// <summary>Creates an API key with the scopes.</summary>
    public static async Task<string> KeyAsync(string database, params string[] scopes)
    {
        var key = Guid.NewGuid().ToString("n");
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "INSERT INTO api_keys (id, name, key_hash, scopes) VALUES (gen_random_uuid(), 'test', sha256(convert_to($1, 'UTF8')), $2)", connection)
        {
            Parameters = { new() { Value = key }, new() { Value = scopes } },
        };
        await command.ExecuteNonQueryAsync();
        return key;
    }
}

/// <summary>An API for the tests of documents, with nothing else in its database.</summary>
public sealed class DocumentsFixture : IAsyncLifetime
{
    public PostgresServer Postgres { get; } = new();

    public string Database { get; private set; } = "";

    public ServiceProcess Service { get; private set; } = null!;

    public string ContactId { get; private set; } = "";

    public async Task InitializeAsync()
    {
        await Postgres.InitializeAsync();
        Database = await Postgres.CreateDatabaseAsync();
        Service = await (await ApiFixture.StartAsync(Database, ("Documents__MaxUploadBytes", "1000000"))).WhenReadyAsync();
        ContactId = await Uploads.ContactAsync(Service);
    }

    public Task<string> NewDatabaseAsync() => Postgres.CreateDatabaseAsync();

    public async Task DisposeAsync()
    {
        await Service.DisposeAsync();
        await Postgres.DisposeAsync();
        Directory.Delete(ApiFixture.ObjectsOf(Database), recursive: true);
    }
}

[CollectionDefinition(Name)]
public sealed class DocumentsSuite : ICollectionFixture<DocumentsFixture>
{
    public const string Name = "Documents";
}
