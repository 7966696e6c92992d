using System.Net.Http.Headers;
using Platform.Api.Search;
using Platform.ServiceDefaults.Errors;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>The index in a Meilisearch, against a server that speaks its documented protocol and notes what breaks it.</summary>
public sealed class SearchMeilisearchTests : SearchIndexTests, IAsyncDisposable
{
    private FakeMeilisearch _server = null!;
    private HttpClient _http = null!;

    private protected override ISearchIndex Index => new MeilisearchIndex(_http, TimeProvider.System);

    public override async Task InitializeAsync()
    {
        _server = await FakeMeilisearch.StartAsync();
        _http = new() { BaseAddress = new(_server.Endpoint + "/"), Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", FakeMeilisearch.MasterKey);
        await Index.PrepareAsync(default);
    }

    public override async Task DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        Assert.Empty(_server.Violations);
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    private protected override async Task BreakAsync() => await _server.DisposeAsync();

    [Theory, Trait("Defect", "D09")]
    [InlineData("error")]
    [InlineData("hang")]
    public async Task A_server_that_fails_or_hangs_is_away(string fault)
    {
        await Index.PutAsync([Document("a.txt", "apples")], default);
        _http.Dispose();
        _http = new() { BaseAddress = new(_server.Endpoint + "/"), Timeout = TimeSpan.FromMilliseconds(300) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", FakeMeilisearch.MasterKey);
        _server.Break(fault);
        await AssertAwayAsync();
    }

    [Fact]
    public async Task A_task_that_fails_is_an_error_with_its_code()
    {
        _server.Break("fail");
        var refused = await Assert.ThrowsAsync<SearchIndexException>(() => Index.PutAsync([Document("a.txt", "apples")], default));
        Assert.Equal("internal", refused.Code);
    }

    [Fact, Trait("Defect", "D09")]
    public async Task A_wrong_key_is_no_empty_answer()
    {
        using var http = new HttpClient { BaseAddress = new(_server.Endpoint + "/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "wrong");
        await Assert.ThrowsAsync<ServiceUnavailableException>(
            () => new MeilisearchIndex(http, TimeProvider.System).SearchAsync(new("apples", new(), 10, 0), default));
        Assert.Contains("invalid_api_key", Assert.Single(_server.Violations), StringComparison.Ordinal);
        _server.Violations.Clear();
    }

    [Fact]
    public void The_settings_are_the_originals()
    {
        var settings = _server.SettingsOf("documents");
        Assert.Equal(
            ["filename", "text_content", "content", "document_type", "keywords", "description"],
            settings["searchableAttributes"]!.AsArray().Select(value => (string?)value));
        Assert.Equal(
            ["words", "typo", "proximity", "attribute", "sort", "exactness"],
            settings["rankingRules"]!.AsArray().Select(value => (string?)value).Take(6));
        Assert.Equal(
            ["upload_timestamp", "processing_timestamp", "complexity_score"],
            settings["sortableAttributes"]!.AsArray().Select(value => (string?)value));
        Assert.Empty(((string[])["contact_id", "document_type", "processing_status", "upload_timestamp", "file_extension"])
            .Except(settings["filterableAttributes"]!.AsArray().Select(value => (string?)value)));
    }

    [Fact]
    public async Task Many_documents_go_in_several_payloads()
    {
        var text = new string('x', 400_000);
        await Index.PutAsync([.. Enumerable.Range(0, 25).Select(i => Document($"{i}.txt", $"shared {text}"))], default);
        Assert.Equal(25, (await Index.GetStatisticsAsync(default)).Documents);
        Assert.InRange(_server.Requests.Count(request => request == "POST /indexes/documents/documents"), 2, 5);
    }
}
