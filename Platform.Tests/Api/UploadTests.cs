using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Platform.Tests.Api;

/// <summary>POST /documents/upload: what is taken, and what is refused and leaves nothing.</summary>
[Collection(DocumentsSuite.Name), Trait("Needs", "postgres")]
public sealed class UploadTests(DocumentsFixture api)
{
    private const int MaxUploadBytes = 1_000_000;

    private static readonly byte[] Hello = "hello world"u8.ToArray();

    [Fact, Trait("Defect", "D03")]
    public async Task An_upload_is_acknowledged_in_the_shape_of_the_original_and_everything_belongs_to_it()
    {
        var text = Guid.NewGuid().ToString();
        using var response = await Uploads.PostAsync(api.Service, Uploads.Form(
            api.ContactId, Encoding.UTF8.GetBytes(text), "Größe 東京.TXT", "Vertrag № 1", ("description", "one\ntwo"), ("tags", " a, b,,a"), ("tags", "c")));
        var receipt = await ApiFixture.JsonAsync(response);

        Assert.Equal(
            [
                "document_id", "filename", "size", "content_type", "upload_timestamp", "processing_status", "contact_id", "s3_path", "sha256",
            ],
            receipt.EnumerateObject().Select(member => member.Name));
        var id = receipt.GetProperty("document_id").GetGuid();
        Assert.Equal($"/documents/{id}", response.Headers.Location?.OriginalString);
        Assert.Equal("Größe 東京.TXT", receipt.GetProperty("filename").GetString());
        Assert.Equal(36, receipt.GetProperty("size").GetInt64());
        Assert.Equal("text/plain", receipt.GetProperty("content_type").GetString());
        Assert.Equal("pending", receipt.GetProperty("processing_status").GetString());
        Assert.Equal($"documents/{id:n}", receipt.GetProperty("s3_path").GetString());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))), receipt.GetProperty("sha256").GetString());

        using var found = await Uploads.SendAsync(api.Service, HttpMethod.Get, $"/documents/{id}");
        var document = await ApiFixture.JsonAsync(found);
        Assert.Equal("Vertrag № 1", document.GetProperty("document_type").GetString());
        Assert.Equal("one\ntwo", document.GetProperty("description").GetString());
        Assert.Equal(["a", "b", "c"], document.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));
        Assert.Equal(".txt", document.GetProperty("file_extension").GetString());
        Assert.Equal(receipt.GetProperty("upload_timestamp").GetDateTime(), document.GetProperty("upload_timestamp").GetDateTime());

        Assert.Equal(1, await ApiFixture.QueryAsync<long>(api.Database, $"SELECT count(*) FROM document_tasks WHERE document_id = '{id}' AND kind = 'process' AND requested_by LIKE 'key:%' AND traceparent LIKE '00-%'"));
        Assert.Equal(1, await ApiFixture.QueryAsync<long>(api.Database, $"SELECT count(*) FROM audit_log WHERE subject = 'document:{id}' AND action = 'document.uploaded'"));
        Assert.Equal(0, await ApiFixture.QueryAsync<long>(api.Database, $"SELECT count(*) FROM unreferenced_objects WHERE key = 'documents/{id:n}'"));
    }

    [Fact]
    public async Task The_fields_may_come_before_the_file_and_a_name_in_RFC_5987_counts()
    {
        using var form = Uploads.Form(api.ContactId, file: null, fields: ("unknown", "ignored"));
        var part = new ByteArrayContent(Hello);
        part.Headers.ContentDisposition = new("form-data") { Name = "\"file\"", FileName = "\"fallback.txt\"", FileNameStar = "naïve.md" };
        form.Add(part);

        using var response = await Uploads.PostAsync(api.Service, form);

        var receipt = await ApiFixture.JsonAsync(response);
        Assert.Equal("naïve.md", receipt.GetProperty("filename").GetString());
        Assert.Equal("text/markdown", receipt.GetProperty("content_type").GetString());
    }

    [Fact]
    public async Task A_name_is_stored_in_its_composed_form()
    {
        var receipt = await Uploads.UploadAsync(api.Service, api.ContactId, Guid.NewGuid().ToString(), "cafe\u0301.txt");

        Assert.Equal("caf\u00E9.txt", receipt.GetProperty("filename").GetString());
    }

    [Theory, Trait("Defect", "R07")]
    [InlineData("../../etc/passwd.txt", "passwd.txt")]
    [InlineData("a\u202Etxt.exe.txt", "atxt.exe.txt")]
    [InlineData("a\u0001b.txt", "ab.txt")]
    public async Task A_hostile_name_is_made_harmless(string sent, string name)
    {
        var receipt = await Uploads.UploadAsync(api.Service, api.ContactId, Guid.NewGuid().ToString(), sent);

        Assert.Equal(name, receipt.GetProperty("filename").GetString());
    }

    [Fact, Trait("Defect", "R06")]
    public async Task A_name_of_300_characters_is_cut_and_keeps_its_extension()
    {
        var receipt = await Uploads.UploadAsync(api.Service, api.ContactId, Guid.NewGuid().ToString(), new string('ж', 300) + ".txt");

        Assert.Equal(new string('ж', 251) + ".txt", receipt.GetProperty("filename").GetString());
    }

    [Fact]
    public async Task The_same_bytes_again_are_a_duplicate_of_the_oldest_that_is_not_in_the_trash()
    {
        var text = Guid.NewGuid().ToString();
        var first = (await Uploads.UploadAsync(api.Service, api.ContactId, text)).GetProperty("document_id").GetGuid();
        var second = await Uploads.UploadAsync(api.Service, api.ContactId, text);
        using var trashed = await Uploads.SendAsync(api.Service, HttpMethod.Delete, $"/documents/{first}");
        var third = await Uploads.UploadAsync(api.Service, api.ContactId, text);

        Assert.Equal(first, second.GetProperty("duplicate_of").GetGuid());
        Assert.Equal(second.GetProperty("document_id").GetGuid(), third.GetProperty("duplicate_of").GetGuid());
    }

    [Fact]
    public async Task An_upload_with_an_idempotency_key_is_done_once()
    {
        var key = Guid.NewGuid().ToString();
        var bytes = Encoding.UTF8.GetBytes(Guid.NewGuid().ToString());
        using var first = await Uploads.PostAsync(api.Service, Uploads.Form(api.ContactId, bytes), key);
        var receipt = await first.Content.ReadAsStringAsync();
        var state = await Uploads.StateAsync(api.Database);

        using var again = await Uploads.PostAsync(api.Service, Uploads.Form(api.ContactId, bytes), key);
        using var other = await Uploads.PostAsync(api.Service, Uploads.Form(api.ContactId, Hello), key);
        using var invalid = await Uploads.PostAsync(api.Service, Uploads.Form(api.ContactId, Hello), "two words");

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(receipt, await again.Content.ReadAsStringAsync());
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        Assert.Equal(["Idempotency-Key"], await ApiFixture.ProblemFieldsAsync(other, 422));
        Assert.Equal(["Idempotency-Key"], await ApiFixture.ProblemFieldsAsync(invalid, 400));
        Assert.Equal(state, await Uploads.StateAsync(api.Database));
    }

    [Fact]
    public async Task Ten_uploads_at_once_with_one_idempotency_key_are_one_document()
    {
        var key = Guid.NewGuid().ToString();
        var bytes = Encoding.UTF8.GetBytes(Guid.NewGuid().ToString());
        var before = await ApiFixture.QueryAsync<long>(api.Database, "SELECT count(*) FROM documents");

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            using var response = await Uploads.PostAsync(api.Service, Uploads.Form(api.ContactId, bytes), key);
            return (await ApiFixture.JsonAsync(response)).GetProperty("document_id").GetGuid();
        }));

        Assert.Single(answers.Distinct());
        Assert.Equal(before + 1, await ApiFixture.QueryAsync<long>(api.Database, "SELECT count(*) FROM documents"));
        Assert.Equal(
            await ApiFixture.QueryAsync<long>(api.Database, "SELECT count(*) FROM documents"), Uploads.Files(api.Database).Length);
    }

    public static TheoryData<string, int, string> Refused => new()
    {
        { "no file", 422, "file" },
        { "empty file", 422, "file" },
        { "file without a name", 422, "file" },
        { "two files", 422, "file" },
        { "file in another field", 422, "file" },
        { "too large", 413, "file" },
        { "no extension", 415, "file" },
        { "exe", 415, "file" },
        { "exe as pdf", 415, "file" },
        { "unknown contact", 404, "contact_id" },
        { "NUL in contact", 422, "contact_id" },
        { "no contact", 422, "contact_id" },
        { "two contacts", 422, "contact_id" },
        { "no type", 422, "document_type" },
        { "type with line break", 422, "document_type" },
        { "long type", 422, "document_type" },
        { "very long type", 422, "document_type" },
        { "not UTF-8", 400, "document_type" },
        { "long description", 422, "description" },
        { "10000 tags in one field", 422, "tags" },
        { "5000 tags in as many fields", 400, "body" },
        { "51 tags", 422, "tags" },
        { "long tag", 422, "tags" },
        { "large frame", 413, "body" },
        { "no boundary", 400, "Content-Type" },
        { "malformed", 400, "body" },
        { "cut off", 400, "body" },
        { "part without a name", 400, "body" },
    };

    [Theory, Trait("Defect", "D04"), Trait("Defect", "R06"), Trait("Defect", "R07")]
    [MemberData(nameof(Refused))]
    public async Task Bad_input_is_refused_by_name_and_leaves_nothing(string what, int status, string field)
    {
        using var content = Bad(what);
        var state = await Uploads.StateAsync(api.Database);

        using var response = await Uploads.PostAsync(api.Service, content);

        Assert.Equal([field], await ApiFixture.ProblemFieldsAsync(response, status));
        Assert.Equal(state, await Uploads.StateAsync(api.Database));
    }

    [Fact]
    public async Task What_is_no_form_is_refused()
    {
        using var response = await Uploads.PostAsync(api.Service, new StringContent("{}", Encoding.UTF8, "application/json"));

        await ApiFixture.ProblemAsync(response, 415);
    }

    [Fact]
    public async Task A_file_of_just_the_limit_is_taken()
    {
        var bytes = new byte[MaxUploadBytes];
        Array.Fill(bytes, (byte)'a');

        using var response = await Uploads.PostAsync(api.Service, Uploads.Form(api.ContactId, bytes));

        Assert.Equal(MaxUploadBytes, (await ApiFixture.JsonAsync(response)).GetProperty("size").GetInt64());
    }

    [Fact, Trait("Defect", "D04")]
    public async Task A_file_that_does_not_say_its_size_is_refused_while_it_comes()
    {
        var state = await Uploads.StateAsync(api.Database);
        using var endless = new EndlessFile();
        using var form = new MultipartFormDataContent();
        using var part = new StreamContent(endless);
        part.Headers.ContentDisposition = new("form-data") { Name = "file", FileName = "endless.txt" };
        form.Add(part);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/documents/upload") { Content = form };
        request.Headers.Add("X-API-Key", ApiFixture.BootstrapKey);
        request.Headers.TransferEncodingChunked = true;
        request.Headers.ExpectContinue = true;

        try
        {
            using var response = await api.Service.Client.SendAsync(request);
            Assert.Equal(["file"], await ApiFixture.ProblemFieldsAsync(response, 413));
        }
        catch (HttpRequestException)
        {
            // This client sends on until the connection is closed, and then has no ears for the answer.
        }

        // Twice the limit, so that clients hear the answer, and what the sockets hold: not more of the endless file.
        Assert.InRange(endless.Sent, MaxUploadBytes, 20_000_000);
        await ApiFixture.EventuallyAsync(
            async () => await Uploads.StateAsync(api.Database) == state, "nothing is left of the refused upload", seconds: 30);
    }

    [Fact, Trait("Defect", "D03")]
    public async Task A_client_that_leaves_half_way_leaves_nothing()
    {
        var state = await Uploads.StateAsync(api.Database);
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, api.Service.Port);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /documents/upload HTTP/1.1\r\nHost: a\r\nX-API-Key: {ApiFixture.BootstrapKey}\r\nContent-Length: 900000\r\n"
                + "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"
                + new string('a', 400_000)));
            await ApiFixture.EventuallyAsync(
                () => Task.FromResult(Uploads.Files(api.Database).Any(file => file.Contains(".staging", StringComparison.Ordinal))),
                "the file is being written", seconds: 30);
            client.Client.LingerState = new(enable: true, seconds: 0);
        }

        await ApiFixture.EventuallyAsync(
            async () => await Uploads.StateAsync(api.Database) == state, "nothing is left of the interrupted upload", seconds: 30);
    }

    [Fact, Trait("Defect", "D02"), Trait("Defect", "R01")]
    public async Task Without_its_store_an_upload_is_refused_and_health_says_so_and_it_heals()
    {
        var database = await api.NewDatabaseAsync();
        var blocked = ApiFixture.ObjectsOf(database);
        await File.WriteAllTextAsync(blocked, "where the folder should be");
        await using var service = await (await ApiFixture.StartAsync(database)).WhenReadyAsync();
        try
        {
            var contact = await Uploads.ContactAsync(service);
            using var refused = await Uploads.PostAsync(service, Uploads.Form(contact, Hello));
            await ApiFixture.ProblemAsync(refused, 503);
            Assert.NotNull(refused.Headers.RetryAfter);
            using var health = await ApiFixture.GetAsync(service, "/health");
            var degraded = await ApiFixture.JsonAsync(health);
            Assert.Equal("degraded", degraded.GetProperty("status").GetString());
            Assert.Equal("unavailable", degraded.GetProperty("services").GetProperty("storage").GetString());
            Assert.Equal("connected", degraded.GetProperty("services").GetProperty("database").GetString());
            Assert.Equal(0, await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM documents"));

            File.Delete(blocked);
            await ApiFixture.EventuallyAsync(
                async () =>
                {
                    using var again = await Uploads.PostAsync(service, Uploads.Form(contact, Hello));
                    return again.StatusCode == HttpStatusCode.OK;
                },
                "uploads work again", seconds: 30);
        }
        finally
        {
            if (Directory.Exists(blocked))
            {
                Directory.Delete(blocked, recursive: true);
            }
        }
    }

    [Fact, Trait("Defect", "D22")]
    public async Task Uploads_are_counted_by_known_types()
    {
        using var known = await Uploads.PostAsync(api.Service, Uploads.Form(api.ContactId, Hello, documentType: "invoice"));
        using var unknown = await Uploads.PostAsync(api.Service, Uploads.Form(api.ContactId, Hello, documentType: "made up"));
        using var refused = await Uploads.PostAsync(api.Service, Uploads.Form(api.ContactId, file: null));

        var metrics = await api.Service.Management.GetStringAsync("/metrics");
        Assert.Matches(@"document_uploads_total\{[^}]*document_type=""invoice""[^}]*status=""success""", metrics);
        Assert.Matches(@"document_uploads_total\{[^}]*document_type=""other""[^}]*status=""success""", metrics);
        Assert.Matches(@"document_uploads_total\{[^}]*document_type=""other""[^}]*status=""rejected""", metrics);
        Assert.DoesNotContain("made up", metrics, StringComparison.Ordinal);
    }

    [Fact, Trait("Defect", "D06")]
    public async Task An_upload_needs_a_key_that_may_write()
    {
        var reader = await Uploads.KeyAsync(api.Database, "read");
        await ApiFixture.EventuallyAsync(
            async () =>
            {
                using var response = await Uploads.PostAsync(api.Service, Uploads.Form(api.ContactId, Hello), key: reader);
                return response.StatusCode == HttpStatusCode.Forbidden;
            },
            "the key is known and refused");
        using var without = await api.Service.Client.PostAsync("/documents/upload", Uploads.Form(api.ContactId, Hello));
        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
    }

    private HttpContent Bad(string what)
    {
        byte[] exe = [.. "MZ"u8, 0x90, 0, 3, 0, 0, 0, .. new byte[200]];
        switch (what)
        {
            case "no file": return Uploads.Form(api.ContactId, file: null);
            case "empty file": return Uploads.Form(api.ContactId, []);
            case "file without a name": return Uploads.Form(api.ContactId, file: null, fields: ("file", "hello"));
            case "two files": return With(Uploads.Form(api.ContactId, Hello), "file", "b.txt");
            case "file in another field": return With(Uploads.Form(api.ContactId, file: null), "attachment", "b.txt");
            case "too large": return Uploads.Form(api.ContactId, [.. Enumerable.Repeat((byte)'a', MaxUploadBytes + 1)]);
            case "no extension": return Uploads.Form(api.ContactId, Hello, "report");
            case "exe": return Uploads.Form(api.ContactId, exe, "setup.exe");
            case "exe as pdf": return Uploads.Form(api.ContactId, exe, "invoice.pdf");
            case "unknown contact": return Uploads.Form("contact_unknown", Hello);
            case "NUL in contact": return Uploads.Form("contact\0", Hello);
            case "no contact": return Uploads.Form(" ", Hello);
            case "two contacts": return Uploads.Form(api.ContactId, Hello, fields: ("contact_id", "other"));
            case "no type": return Uploads.Form(api.ContactId, Hello, documentType: null);
            case "type with line break": return Uploads.Form(api.ContactId, Hello, documentType: "a\r\nb");
            case "long type": return Uploads.Form(api.ContactId, Hello, documentType: new string('t', 101));
            case "very long type": return Uploads.Form(api.ContactId, Hello, documentType: new string('t', 20_000));
            case "not UTF-8": return Part(Uploads.Form(api.ContactId, Hello, documentType: null), "document_type", [0xC3, 0x28]);
            case "long description": return Uploads.Form(api.ContactId, Hello, fields: ("description", new string('d', 1001)));
            case "10000 tags in one field": return Uploads.Form(api.ContactId, Hello, fields: ("tags", string.Join(',', Enumerable.Range(0, 10_000))));
            case "5000 tags in as many fields":
                return Uploads.Form(api.ContactId, Hello, fields: [.. Enumerable.Range(0, 5_000).Select(number => ("tags", $"{number}"))]);
            case "51 tags": return Uploads.Form(api.ContactId, Hello, fields: ("tags", string.Join(',', Enumerable.Range(0, 51))));
            case "long tag": return Uploads.Form(api.ContactId, Hello, fields: ("tags", new string('t', 51)));
            case "large frame":
                return Chunked(Uploads.Form(
                    api.ContactId, [.. Enumerable.Repeat((byte)'a', MaxUploadBytes)], fields: ("unknown", new string('u', 70_000))));
            case "no boundary": return Raw("--b--", "multipart/form-data");
            case "malformed": return Raw("this is no form", "multipart/form-data; boundary=b");
            case "cut off":
                return Raw("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello", "multipart/form-data; boundary=b");
            case "part without a name": return Raw("--b\r\nContent-Disposition: form-data\r\n\r\nhello\r\n--b--\r\n", "multipart/form-data; boundary=b");
            default: throw new ArgumentException(what);
        }
    }

    private static MultipartFormDataContent With(MultipartFormDataContent form, string field, string name)
    {
        form.Add(new ByteArrayContent(Hello), field, name);
        return form;
    }

    private static MultipartFormDataContent Part(MultipartFormDataContent form, string field, byte[] value)
    {
        form.Add(new ByteArrayContent(value), field);
        return form;
    }

    private static ByteArrayContent Raw(string body, string type)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return content;
    }

    /// <summary>The same bytes without a length.</summary>
    private static StreamContent Chunked(MultipartFormDataContent form)
    {
        var content = new StreamContent(new Unseekable(form.ReadAsStream()));
        content.Headers.ContentType = form.Headers.ContentType;
        return content;
    }

    private sealed class Unseekable(Stream inner) : MemoryStream
    {
        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(buffer, cancellationToken);

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) =>
            inner.CopyToAsync(destination, bufferSize, cancellationToken);
    }

    /// <summary>The letter a for ever, and how often it was asked for.</summary>
    private sealed class EndlessFile : MemoryStream
    {
        public long Sent { get; private set; }

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)'a');
            Sent += buffer.Length;
            return ValueTask.FromResult(buffer.Length);
        }

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            var buffer = new byte[64 * 1024];
            while (Sent < 1_000_000_000)
            {
                await destination.WriteAsync(buffer.AsMemory(0, await ReadAsync(buffer, cancellationToken)), cancellationToken);
            }
        }
    }
}
