using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Platform.Api.Documents;
using Platform.Tests.Edge;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>Links that open a document without a key.</summary>
[Collection(DocumentsSuite.Name), Trait("Needs", "postgres")]
public sealed class LinkTests(DocumentsFixture api)
{
    private static readonly string[] Signals = ["/v1/traces", "/v1/logs"];

    [Fact]
    public async Task A_link_opens_the_document_without_a_key_until_it_is_in_the_trash()
    {
        var (id, url) = await CreateAsync();

        using (var opened = await api.Service.Client.GetAsync(url))
        {
            Assert.Equal("text of ?", await opened.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
            Assert.Equal("no-referrer", opened.Headers.GetValues("Referrer-Policy").Single());
            Assert.Equal("noindex", opened.Headers.GetValues("X-Robots-Tag").Single());
            Assert.True(opened.Headers.CacheControl is { NoStore: true, Private: true });
        }
        using var range = await Uploads.SendAsync(api.Service, HttpMethod.Get, url, headers: ("Range", "bytes=0-3"));
        Assert.Equal((HttpStatusCode.PartialContent, "text"), (range.StatusCode, await range.Content.ReadAsStringAsync()));
        using var tampered = await api.Service.Client.GetAsync(url[..^1] + (url[^1] == 'A' ? 'B' : 'A'));
        Assert.Equal(["token"], await ApiFixture.ProblemFieldsAsync(tampered, 404));

        using var deleted = await Uploads.SendAsync(api.Service, HttpMethod.Delete, $"/documents/{id}");
        using var closed = await api.Service.Client.GetAsync(url);
        Assert.Equal(["token"], await ApiFixture.ProblemFieldsAsync(closed, 404));
        using var restored = await Uploads.SendAsync(api.Service, HttpMethod.Post, $"/documents/{id}/restore");
        using var open = await api.Service.Client.GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, open.StatusCode);
        Assert.Equal(1, await ApiFixture.QueryAsync<long>(api.Database, $"SELECT count(*) FROM audit_log WHERE subject = 'document:{id}' AND action = 'document.linked'"));
    }

    [Fact]
    public async Task An_expired_link_says_so_and_one_of_another_key_is_none()
    {
        var id = (await Uploads.UploadAsync(api.Service, api.ContactId, "text")).GetProperty("document_id").GetGuid();

        using var expired = await api.Service.Client.GetAsync("/d/" + Sign(ApiFixture.LinkKey, id, DateTimeOffset.UtcNow.AddSeconds(-1)));
        using var valid = await api.Service.Client.GetAsync("/d/" + Sign(ApiFixture.LinkKey, id, DateTimeOffset.UtcNow.AddSeconds(60)));
        using var foreign = await api.Service.Client.GetAsync("/d/" + Sign("another-key-of-32-characters-too", id, DateTimeOffset.UtcNow.AddSeconds(60)));

        Assert.Equal(["token"], await ApiFixture.ProblemFieldsAsync(expired, 410));
        Assert.Equal(HttpStatusCode.OK, valid.StatusCode);
        Assert.Equal(["token"], await ApiFixture.ProblemFieldsAsync(foreign, 404));
    }

    [Theory]
    [InlineData(59)]
    [InlineData((4 * 7 * 86400) + 1)]
    [InlineData(-1)]
    public async Task The_lifetime_of_a_link_has_limits(int seconds)
    {
        var id = (await Uploads.UploadAsync(api.Service, api.ContactId, "text")).GetProperty("document_id").GetGuid();

        using var response = await Uploads.SendAsync(api.Service, HttpMethod.Post, $"/documents/{id}/links", new { expires_in = seconds });
        using var unknown = await Uploads.SendAsync(api.Service, HttpMethod.Post, $"/documents/{Guid.NewGuid()}/links", new { expires_in = 60 });

        Assert.Equal(["expires_in"], await ApiFixture.ProblemFieldsAsync(response, 422));
        Assert.Equal(["id"], await ApiFixture.ProblemFieldsAsync(unknown, 404));
    }

    [Fact]
    public async Task Without_a_signing_key_there_are_no_links()
    {
        await using var service = await (await ApiFixture.StartAsync(api.Database, ("Links__SigningKey", ""))).WhenReadyAsync();
        var (id, url) = await CreateAsync();

        using var create = await Uploads.SendAsync(service, HttpMethod.Post, $"/documents/{id}/links", new { });
        using var open = await service.Client.GetAsync(url);

        Assert.Contains("Links:SigningKey", (await ApiFixture.ProblemAsync(create, 503)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, open.StatusCode);
    }

    [Fact]
    public async Task A_store_that_browsers_reach_gives_the_bytes_itself()
    {
        var server = new S3Server();
        await server.InitializeAsync();
        try
        {
            await using var service = await (await ApiFixture.StartAsync(
                api.Database,
                ("Storage__Provider", "s3"), ("ConnectionStrings__objects", server.ConnectionString), ("Storage__S3__PublicEndpoint", server.Url)))
                .WhenReadyAsync();
            var text = new string('x', 9_000_00);
            var id = (await Uploads.UploadAsync(service, api.ContactId, text)).GetProperty("document_id").GetGuid();
            using var link = await Uploads.SendAsync(service, HttpMethod.Post, $"/documents/{id}/links", new { });

            using var opened = await service.Client.GetAsync((await ApiFixture.JsonAsync(link)).GetProperty("url").GetString());
            Assert.Equal(HttpStatusCode.Redirect, opened.StatusCode);
            using var anybody = new HttpClient();
            Assert.Equal(text, await anybody.GetStringAsync(opened.Headers.Location));
            using var content = await Uploads.SendAsync(service, HttpMethod.Get, $"/documents/{id}/content", headers: ("Range", "bytes=-5"));
            Assert.Equal("xxxxx", await content.Content.ReadAsStringAsync());
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Through_the_edge_uploads_and_bytes_pass_and_a_link_is_in_no_log_and_no_trace()
    {
        var received = new ConcurrentQueue<string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            received.Enqueue(context.Request.Path + Encoding.Latin1.GetString(body.ToArray()));
        });
        await collector.StartAsync();
        (string, string)[] telemetry =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.Single()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_TRACES_SAMPLER", "always_on")];
        var log = Path.GetTempFileName();
        await using var service = await (await ApiFixture.StartAsync(api.Database, telemetry)).WhenReadyAsync();
        await using var edge = await EdgeUnderTest.StartAsync(
            [service.Client.BaseAddress!.ToString()],
            [.. telemetry.Select(setting => KeyValuePair.Create(setting.Item1, setting.Item2)), new("AccessLog__Path", log)],
            wideLimits: true);

        // A file of 50 MiB passes both.
        var bytes = new byte[50 * 1024 * 1024];
        Array.Fill(bytes, (byte)'a');
        using var uploaded = await Uploads.PostAsync(edge, Uploads.Form(api.ContactId, bytes));
        var id = (await ApiFixture.JsonAsync(uploaded)).GetProperty("document_id").GetGuid();
        using var content = await Uploads.SendAsync(edge, HttpMethod.Get, $"/documents/{id}/content", null, ("Accept-Encoding", "gzip, br"));
        Assert.Empty(content.Content.Headers.ContentEncoding);
        Assert.Equal(bytes.Length, (await content.Content.ReadAsByteArrayAsync()).Length);
        Assert.Contains("sandbox", content.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        using var part = await Uploads.SendAsync(
            edge, HttpMethod.Get, $"/documents/{id}/content", null, ("Accept-Encoding", "gzip"), ("Range", "bytes=0-9999"));
        Assert.Equal((HttpStatusCode.PartialContent, 10_000), (part.StatusCode, (await part.Content.ReadAsByteArrayAsync()).Length));
        using var head = await Uploads.SendAsync(edge, HttpMethod.Head, $"/documents/{id}/content");
        Assert.Equal(bytes.Length, head.Content.Headers.ContentLength);

        // What the API refuses early reaches the client, and is no 502.
        using var program = await Uploads.PostAsync(edge, Uploads.Form(api.ContactId, [.. "MZ"u8, .. new byte[20 * 1024 * 1024]], "a.pdf"));
        Assert.Equal(["file"], await ApiFixture.ProblemFieldsAsync(program, 415));
        using var large = await Uploads.PostAsync(edge, Uploads.Form(api.ContactId, [.. bytes, (byte)'a']));
        Assert.Equal(["file"], await ApiFixture.ProblemFieldsAsync(large, 413));

        using var link = await Uploads.SendAsync(edge, HttpMethod.Post, $"/documents/{id}/links", new { });
        var url = (await ApiFixture.JsonAsync(link)).GetProperty("url").GetString()!;
        var token = url[3..];
        foreach (var path in new[] { url, "/api" + url })
        {
            using var opened = await edge.Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, opened.StatusCode);
            Assert.Equal("no-referrer", opened.Headers.GetValues("Referrer-Policy").Single());
        }
        await ApiFixture.EventuallyAsync(
            () => Task.FromResult(Signals.All(kind => received.Any(part =>
                part.StartsWith(kind, StringComparison.Ordinal) && part.Contains("/d/***", StringComparison.Ordinal)))),
            "traces and logs tell of the link", seconds: 60);
        await edge.StopAsync();
        await service.StopAsync();

        Assert.Contains("/d/***", await File.ReadAllTextAsync(log), StringComparison.Ordinal);
        Assert.DoesNotContain(token, await File.ReadAllTextAsync(log), StringComparison.Ordinal);
        Assert.All(received, part => Assert.DoesNotContain(token, part, StringComparison.Ordinal));
        Assert.DoesNotContain(token, service.Log + edge.Log, StringComparison.Ordinal);
        File.Delete(log);
    }

    private static string Sign(string key, Guid id, DateTimeOffset expires) =>
        new LinkToken(Options.Create(new LinkOptions { SigningKey = key })).Create(id, expires);

    private async Task<(Guid Id, string Url)> CreateAsync()
    {
        var id = (await Uploads.UploadAsync(api.Service, api.ContactId, "text of ?")).GetProperty("document_id").GetGuid();
        using var response = await Uploads.SendAsync(api.Service, HttpMethod.Post, $"/documents/{id}/links", new { expires_in = 60 });
        var link = await ApiFixture.JsonAsync(response);
        Assert.InRange(link.GetProperty("expires_at").GetDateTime(), DateTime.UtcNow.AddSeconds(30), DateTime.UtcNow.AddSeconds(61));
        return (id, link.GetProperty("url").GetString()!);
    }
}
