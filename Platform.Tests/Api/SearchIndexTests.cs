using System.Net;
using Platform.Api.Search;
using Platform.ServiceDefaults.Errors;

namespace Platform.Tests.Api;

/// <summary>What every search index has to do, whatever it is made of. Each test has an index of its own.</summary>
public abstract class SearchIndexTests : IAsyncLifetime
{
    private static readonly DateTime Start = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    private int _made;

    private protected abstract ISearchIndex Index { get; }

    public abstract Task InitializeAsync();

    public abstract Task DisposeAsync();

    /// <summary>Takes the index away in one of the ways that it can go.</summary>
    private protected abstract Task BreakAsync();

    [Theory]
    [InlineData("harvester")]
    [InlineData("HARVESTER")]
    [InlineData("  harvester  ")]
    [InlineData("harv")]
    [InlineData("annual harvester")]
    [InlineData("harvester annual")]
    [InlineData("annual harv")]
    public async Task A_document_is_found_by_its_words_in_any_order_and_case_and_by_the_beginning_of_the_last(string query)
    {
        var document = Document("notes.txt", "The annual report of the combine harvester.");
        await Index.PutAsync([document, Document("other.txt", "Nothing of the kind.")], default);
        Assert.Equal([document.Id], await IdsAsync(query));
    }

    [Theory]
    [InlineData("harvestr")]
    [InlineData("havrester")]
    [InlineData("harwester")]
    [InlineData("harvvester")]
    [InlineData("annual harvestr")]
    [InlineData("anual harvester")]
    public async Task A_misspelt_word_finds_what_was_meant(string query)
    {
        var document = Document("notes.txt", "The annual report of the combine harvester.");
        await Index.PutAsync([document, Document("other.txt", "Nothing of the kind.")], default);
        Assert.Equal([document.Id], await IdsAsync(query));
    }

    [Theory]
    [InlineData("harpsichord")]
    [InlineData("annul harpsichord")]
    [InlineData("kimd")]
    [InlineData("xyz")]
    public async Task A_word_that_is_like_none_finds_nothing(string query)
    {
        await Index.PutAsync([Document("notes.txt", "The annual report of the combine harvester.")], default);
        var page = await SearchAsync(query);
        Assert.Empty(page.Hits);
        Assert.Equal(0, page.TotalCount);
    }

    [Fact]
    public async Task Every_word_has_to_be_there()
    {
        var both = Document("a.txt", "red apples and green pears");
        await Index.PutAsync([both, Document("b.txt", "red apples"), Document("c.txt", "green pears")], default);
        Assert.Equal([both.Id], await IdsAsync("apples pears"));
        Assert.Equal(2, (await SearchAsync("apples")).TotalCount);
    }

    [Fact, Trait("Defect", "D11")]
    public async Task The_most_relevant_comes_first_however_old_it_is()
    {
        var filename = Document("invoice march.txt", "what was sent in march");
        var text = Document("letter.txt", "an invoice for the goods");
        var description = Document("scan.txt", "nothing to be read", description: "perhaps an invoice");
        var beginning = Document("manual.txt", "about invoices and their making");
        // The newest is the least relevant.
        await Index.PutAsync([filename, text, description, beginning], default);
        Assert.Equal([filename.Id, text.Id, description.Id], (await IdsAsync("invoice")).Where(id => id != beginning.Id));
        var page = await SearchAsync("invoice");
        Assert.Equal(4, page.TotalCount);
        Assert.Equal(page.Hits.Select(hit => hit.Score).OrderDescending(), page.Hits.Select(hit => hit.Score));
        Assert.All(page.Hits, hit => Assert.InRange(hit.Score, 0, 1));
        Assert.True(page.Hits[0].Score > page.Hits[^1].Score);
    }

    [Fact]
    public async Task Among_equals_the_newest_comes_first()
    {
        var documents = Enumerable.Range(0, 5).Select(_ => Document("same.txt", "the same words in each")).ToArray();
        await Index.PutAsync([documents[3], documents[0], documents[4], documents[1], documents[2]], default);
        Assert.Equal(documents.Reverse().Select(document => document.Id), await IdsAsync("words"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("   ")]
    public async Task A_query_without_text_lists_the_newest_first(string? query)
    {
        var documents = Enumerable.Range(0, 5).Select(i => Document($"{i}.txt", "some words", type: i % 2 == 0 ? "even" : "odd")).ToArray();
        await Index.PutAsync(documents, default);
        Assert.Equal(documents.Reverse().Select(document => document.Id), await IdsAsync(query));
        Assert.Equal(
            [documents[4].Id, documents[2].Id, documents[0].Id], await IdsAsync(query, new SearchFilters(DocumentTypes: ["even"])));
    }

    [Fact]
    public async Task Pages_follow_each_other_and_the_total_is_of_all_of_them()
    {
        var documents = Enumerable.Range(0, 25).Select(i => Document($"{i}.txt", "many pages")).ToArray();
        await Index.PutAsync(documents, default);
        var found = new List<Guid>();
        for (var offset = 0; offset < 40; offset += 10)
        {
            var page = await Index.SearchAsync(new("pages", new(), 10, offset), default);
            Assert.Equal((25, Index is MeilisearchIndex), (page.TotalCount, page.TotalIsEstimate));
            found.AddRange(page.Hits.Select(hit => hit.DocumentId));
        }
        Assert.Equal(documents.Reverse().Select(document => document.Id), found);
    }

    [Fact, Trait("Defect", "D11")]
    public async Task A_result_says_what_it_is_and_where_the_words_were_found()
    {
        var document = Document(
            "Report-2026.PDF", "First line.\nThe results of the quarter were excellent.", "the quarter in short", "report", ["q1", "finance"]);
        await Index.PutAsync([document], default);
        var hit = Assert.Single((await SearchAsync("quarter")).Hits);
        Assert.Equal(document.Filename, hit.Filename);
        Assert.Equal(document.ContactId, hit.ContactId);
        Assert.Equal(document.DocumentType, hit.DocumentType);
        Assert.Equal(document.FileExtension, hit.FileExtension);
        Assert.Equal(document.Tags, hit.Tags);
        Assert.Equal(document.ProcessingStatus, hit.ProcessingStatus);
        Assert.Equal(document.UploadTimestamp, hit.UploadTimestamp);
        Assert.Equal(DateTimeKind.Utc, hit.UploadTimestamp.Kind);
        Assert.Contains("results of the quarter were", hit.Snippet, StringComparison.Ordinal);
        Assert.Contains("results of the <mark>quarter</mark> were", hit.Highlights["text_content"], StringComparison.Ordinal);
        Assert.Contains("<mark>quarter</mark>", hit.Highlights["description"], StringComparison.Ordinal);
        Assert.DoesNotContain("filename", hit.Highlights.Keys);
    }

    [Fact]
    public async Task What_was_found_far_into_a_long_text_is_in_the_snippet()
    {
        var text = string.Join(' ', Enumerable.Repeat("wood and water", 500))
            + " needle " + string.Join(' ', Enumerable.Repeat("hay and straw", 500));
        await Index.PutAsync([Document("long.txt", text)], default);
        var hit = Assert.Single((await SearchAsync("needle")).Hits);
        Assert.Contains("needle", hit.Snippet, StringComparison.Ordinal);
        Assert.InRange(hit.Snippet.Length, 1, 500);
        Assert.Contains("<mark>needle</mark>", hit.Highlights["text_content"], StringComparison.Ordinal);
    }

    [Theory, Trait("Defect", "D11")]
    [InlineData("alert")]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<mark>alert</mark>")]
    [InlineData("\"alert\" & 'x'")]
    public async Task Whatever_is_in_a_document_or_a_query_the_highlights_are_safe(string query)
    {
        await Index.PutAsync([Document(
            "<script>alert(1)</script>.html", "mark x <script>alert(1)</script> \"quoted\" & 'single' </mark><mark> \u0001\u0002\ue000\ue001",
            "<img src=x onerror=alert(1)>")], default);
        foreach (var hit in (await SearchAsync(query)).Hits)
        {
            Assert.NotEmpty(hit.Highlights);
            foreach (var html in hit.Highlights.Values)
            {
                var rest = html.Replace("<mark>", "", StringComparison.Ordinal).Replace("</mark>", "", StringComparison.Ordinal);
                Assert.DoesNotContain('<', rest);
                Assert.DoesNotContain('>', rest);
                Assert.DoesNotContain('"', rest);
                Assert.DoesNotContain('\'', rest);
                Assert.Equal(html.Split("<mark>").Length, html.Split("</mark>").Length);
                // The text that is shown is the document's.
                Assert.DoesNotContain('\ufffd', WebUtility.HtmlDecode(rest));
            }
        }
        Assert.NotEmpty((await SearchAsync("alert")).Hits);
    }

    [Fact]
    public async Task Each_filter_lets_through_what_has_one_of_its_values_and_all_of_its_tags()
    {
        var a = Document("a.pdf", "shared", type: "invoice", tags: ["red", "round"], contact: "contact_a", status: "completed");
        var b = Document("b.docx", "shared", type: "contract", tags: ["red"], contact: "contact_b", status: "failed");
        var c = Document("c.txt", "shared", type: "other", tags: [], contact: "contact_c", status: "pending");
        await Index.PutAsync([a, b, c], default);
        foreach (var query in (string?[])["shared", null])
        {
            Assert.Equal([a.Id], await IdsAsync(query, new(ContactIds: ["contact_a"])));
            Assert.Equal([b.Id, a.Id], await IdsAsync(query, new(ContactIds: ["contact_a", "contact_b", "contact_x"])));
            Assert.Equal([b.Id], await IdsAsync(query, new(DocumentTypes: ["contract"])));
            Assert.Equal([c.Id, b.Id], await IdsAsync(query, new(ProcessingStatuses: ["failed", "pending"])));
            Assert.Equal([c.Id, a.Id], await IdsAsync(query, new(FileExtensions: [".pdf", ".txt"])));
            Assert.Equal([b.Id, a.Id], await IdsAsync(query, new(Tags: ["red"])));
            Assert.Equal([a.Id], await IdsAsync(query, new(Tags: ["red", "round"])));
            Assert.Empty(await IdsAsync(query, new(Tags: ["red", "square"])));
            Assert.Equal([c.Id, b.Id], await IdsAsync(query, new(From: b.UploadTimestamp)));
            Assert.Equal([a.Id], await IdsAsync(query, new(To: b.UploadTimestamp)));
            Assert.Equal([b.Id], await IdsAsync(query, new(From: b.UploadTimestamp, To: c.UploadTimestamp)));
            Assert.Equal([a.Id], await IdsAsync(query, new(DocumentTypes: ["invoice", "contract"], Tags: ["red"], To: b.UploadTimestamp)));
            Assert.Empty(await IdsAsync(query, new(DocumentTypes: ["invoice"], FileExtensions: [".txt"])));
        }
    }

    public static TheoryData<string> Hostile =>
    [
        "\" OR 1=1", "' OR '1'='1", "x\" OR document_type != \"x", "\\", "\\\\", "\\\"", "a\\' | 'b", "'", "''",
        "\"\"", "{}", "[]", "()", "}", "{\"a\":1}",
        "a & b", "a | b", "!a", "a:*", "<->", "a <-> b", "a:A", "NOT", "*", "%", "_", "?",
        "a,b", "EXISTS", "TO", "IN [x]", "$1", "\u00e9\u0301", "😀", "\t", "\r\n", "' AND x = '",
    ];

    [Theory, Trait("Defect", "D11"), MemberData(nameof(Hostile))]
    public async Task The_value_of_a_filter_means_itself(string value)
    {
        var document = Document("a.txt", "shared", type: value, tags: [value, "other"], contact: value);
        await Index.PutAsync([document, Document("b.txt", "shared", type: "plain", tags: ["plain"], contact: "plain")], default);
        foreach (var query in (string?[])["shared", null])
        {
            Assert.Equal([document.Id], await IdsAsync(query, new(DocumentTypes: [value])));
            Assert.Equal([document.Id], await IdsAsync(query, new(Tags: [value])));
            Assert.Equal([document.Id], await IdsAsync(query, new(ContactIds: [value])));
            Assert.Empty(await IdsAsync(query, new(FileExtensions: [value])));
        }
        Assert.Contains(value, (await SearchAsync("shared")).Facets["document_type"].Keys);
    }

    [Theory, Trait("Defect", "D11"), MemberData(nameof(Hostile))]
    public async Task No_query_is_an_error_and_no_sign_means_anything(string query)
    {
        var document = Document("a.txt", "apples grow on trees");
        await Index.PutAsync([document], default);
        await SearchAsync(query);
        await SearchAsync(new string('x', 499) + query[0]);
        // Beside a word a sign changes nothing, unless it is a word itself.
        if (!query.Any(char.IsLetterOrDigit))
        {
            Assert.Equal([document.Id], await IdsAsync($"apples {query}"));
        }
    }

    [Theory]
    [InlineData("\0")]
    [InlineData("apples\0")]
    [InlineData("\ud800")]
    [InlineData("\udc00apples\ud800")]
    [InlineData("\ufffe\uffff")]
    [InlineData("😀😀😀")]
    [InlineData("\u202e\u200b")]
    public async Task Text_that_is_none_is_neither_an_error_in_a_query_nor_in_a_document(string text)
    {
        await SearchAsync(text);
        await Index.PutAsync([Document($"a{text}.txt", $"apples {text} pears", description: text, tags: [$"x{text}"])], default);
        await SearchAsync(text);
        Assert.Single((await SearchAsync("pears")).Hits);
    }

    [Fact]
    public async Task The_results_are_counted_by_their_fields()
    {
        await Index.PutAsync(
            [
                Document("a.pdf", "shared", type: "invoice", tags: ["red", "round"]),
                Document("b.pdf", "shared", type: "invoice", tags: ["red"]),
                Document("c.txt", "shared", type: "letter", tags: [], status: "failed"),
                Document("d.txt", "not in it", type: "letter", tags: ["blue"]),
            ],
            default);
        var facets = (await SearchAsync("shared", limit: 1)).Facets;
        Assert.Equal(["document_type", "file_extension", "processing_status", "tags"], facets.Keys.Order());
        Assert.Equivalent(new Dictionary<string, long> { ["invoice"] = 2, ["letter"] = 1 }, facets["document_type"], strict: true);
        Assert.Equivalent(new Dictionary<string, long> { [".pdf"] = 2, [".txt"] = 1 }, facets["file_extension"], strict: true);
        Assert.Equivalent(new Dictionary<string, long> { ["completed"] = 2, ["failed"] = 1 }, facets["processing_status"], strict: true);
        Assert.Equivalent(new Dictionary<string, long> { ["red"] = 2, ["round"] = 1 }, facets["tags"], strict: true);
    }

    [Fact]
    public async Task Of_the_values_of_a_field_the_most_frequent_are_counted()
    {
        await Index.PutAsync([.. Enumerable.Range(0, 30).SelectMany(i => Enumerable.Range(0, i < 20 ? 2 : 1).Select(_ =>
            Document("a.txt", "shared", type: $"type{i}")))], default);
        var types = (await SearchAsync("shared")).Facets["document_type"];
        Assert.Equal(20, types.Count);
        Assert.All(types.Values, count => Assert.Equal(2, count));
    }

    [Fact]
    public async Task A_document_that_is_put_again_takes_the_place_of_the_old_one()
    {
        var document = Document("a.txt", "apples", tags: ["old"]);
        await Index.PutAsync([document], default);
        await Index.PutAsync([document with { TextContent = "pears", Tags = ["new"], ProcessingStatus = "failed" }], default);
        Assert.Empty(await IdsAsync("apples"));
        Assert.Empty(await IdsAsync(null, new(Tags: ["old"])));
        Assert.Equal("failed", Assert.Single((await SearchAsync("pears")).Hits).ProcessingStatus);
        Assert.Equal(1, (await Index.GetStatisticsAsync(default)).Documents);
    }

    [Fact]
    public async Task A_document_that_is_removed_is_gone_and_one_that_never_was_is_no_error()
    {
        var (a, b) = (Document("a.txt", "apples"), Document("b.txt", "apples"));
        await Index.PutAsync([a, b], default);
        await Index.RemoveAsync([a.Id, Guid.NewGuid()], default);
        Assert.Equal([b.Id], await IdsAsync("apples"));
        await Index.RemoveAsync([], default);
        await Index.PutAsync([], default);
        Assert.Equal(1, (await Index.GetStatisticsAsync(default)).Documents);
    }

    [Theory]
    [InlineData("Crème brûlée", "creme brulee")]
    [InlineData("creme brulee", "Crème brûlée")]
    [InlineData("Cre\u0300me", "crème")]
    [InlineData("Straße", "STRASSE")]
    [InlineData("Ærø", "aero")]
    [InlineData("ŁÓDŹ", "lodz")]
    [InlineData("Ελλάδα", "ελλαδα")]
    [InlineData("ПРИВЕТ", "привет")]
    [InlineData("שלום עולם", "שלום")]
    [InlineData("مرحبا بالعالم", "مرحبا")]
    [InlineData("हिन्दी भाषा", "हिन्दी")]
    [InlineData("한국어 문서", "한국어")]
    [InlineData("全文検索エンジン", "検索")]
    [InlineData("中文文档搜索", "文档")]
    [InlineData("中文文档搜索", "索")]
    [InlineData("ภาษาไทย", "ไทย")]
    [InlineData("Việt Nam", "viet")]
    public async Task Words_of_any_language_are_found_and_accents_do_not_matter(string text, string query)
    {
        var document = Document("a.txt", $"before {text} after");
        await Index.PutAsync([document, Document("b.txt", "neither")], default);
        Assert.Equal([document.Id], await IdsAsync(query));
        Assert.Contains("<mark>", Assert.Single((await SearchAsync(query)).Hits).Highlights["text_content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_document_of_any_size_is_indexed()
    {
        var random = new Random(1);
        var huge = string.Join(' ', Enumerable.Range(0, 200_000).Select(i => $"w{i}x{random.Next()}"));
        var document = Document("huge.txt", $"beginning {huge} {new string('y', 100_000)}");
        await Index.PutAsync([document], default);
        Assert.Equal([document.Id], await IdsAsync("beginning"));
        Assert.Equal([document.Id], await IdsAsync("huge"));
    }

    [Fact]
    public async Task A_rebuilt_index_takes_the_place_of_the_old_one_and_holds_only_what_was_put_into_it()
    {
        var (kept, stale) = (Document("kept.txt", "apples"), Document("stale.txt", "apples"));
        await Index.PutAsync([kept, stale], default);
        Assert.False((await Index.GetStatisticsAsync(default)).IsIndexing);
        await Index.BeginRebuildAsync(resume: false, default);
        Assert.True((await Index.GetStatisticsAsync(default)).IsIndexing);
        await Index.PutInRebuildAsync([kept with { TextContent = "pears" }], default);
        Assert.Equal(2, (await SearchAsync("apples")).TotalCount);
        Assert.Empty(await IdsAsync("pears"));
        await Index.CompleteRebuildAsync(default);
        Assert.Equal([kept.Id], await IdsAsync("pears"));
        Assert.Empty(await IdsAsync("apples"));
        var statistics = await Index.GetStatisticsAsync(default);
        Assert.Equal((1, false), (statistics.Documents, statistics.IsIndexing));
        // And once more, into the tables or indexes that are left.
        await Index.BeginRebuildAsync(resume: true, default);
        await Index.PutInRebuildAsync([stale], default);
        await Index.CompleteRebuildAsync(default);
        Assert.Equal([stale.Id], await IdsAsync(null));
    }

    [Fact]
    public async Task A_rebuild_that_was_interrupted_is_resumed_or_begun_anew()
    {
        var (first, second) = (Document("first.txt", "apples"), Document("second.txt", "apples"));
        await Index.BeginRebuildAsync(resume: true, default);
        await Index.PutInRebuildAsync([first], default);
        await Index.BeginRebuildAsync(resume: true, default);
        await Index.PutInRebuildAsync([second], default);
        await Index.CompleteRebuildAsync(default);
        Assert.Equal([second.Id, first.Id], await IdsAsync("apples"));

        await Index.BeginRebuildAsync(resume: false, default);
        await Index.PutInRebuildAsync([first], default);
        await Index.BeginRebuildAsync(resume: false, default);
        await Index.PutInRebuildAsync([second], default);
        await Index.CompleteRebuildAsync(default);
        Assert.Equal([second.Id], await IdsAsync("apples"));
    }

    [Fact]
    public async Task What_clients_put_and_remove_during_a_rebuild_outlives_it_whatever_the_rebuild_had_read_before()
    {
        var (changed, removed, restored) = (Document("changed.txt", "old"), Document("removed.txt", "old"), Document("restored.txt", "old"));
        var added = Document("added.txt", "new");
        await Index.PutAsync([changed, removed, restored], default);
        await Index.BeginRebuildAsync(resume: false, default);
        await Index.PutAsync([changed with { TextContent = "new" }, added], default);
        await Index.RemoveAsync([removed.Id, restored.Id], default);
        await Index.PutAsync([restored with { TextContent = "new" }], default);
        // What the rebuild had read before all that.
        await Index.PutInRebuildAsync([changed, removed, restored], default);
        Assert.Equal([added.Id, restored.Id, changed.Id], await IdsAsync("new"));
        await Index.CompleteRebuildAsync(default);
        Assert.Equal([added.Id, restored.Id, changed.Id], await IdsAsync("new"));
        Assert.Empty(await IdsAsync("old"));
    }

    [Fact]
    public async Task A_search_during_the_swap_sees_one_index_or_the_other()
    {
        var document = Document("a.txt", "apples");
        await Index.PutAsync([document], default);
        using var stop = new CancellationTokenSource();
        var searches = 0;
        var searching = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.Equal([document.Id], await IdsAsync("apples"));
                Interlocked.Increment(ref searches);
            }
        })).ToArray();
        for (var i = 0; i < 3; i++)
        {
            await Index.BeginRebuildAsync(resume: false, default);
            await Index.PutInRebuildAsync([document], default);
            await Index.CompleteRebuildAsync(default);
        }
        var sofar = Volatile.Read(ref searches);
        await ApiFixture.EventuallyAsync(() => Task.FromResult(Volatile.Read(ref searches) > sofar + 4), "searches go on", seconds: 30);
        await stop.CancelAsync();
        await Task.WhenAll(searching);
    }

    [Fact, Trait("Defect", "D09")]
    public async Task An_index_that_is_away_is_an_error_and_never_an_empty_answer()
    {
        await Index.PutAsync([Document("a.txt", "apples")], default);
        await BreakAsync();
        await AssertAwayAsync();
    }

    private protected async Task AssertAwayAsync()
    {
        Func<Task>[] calls =
        [
            () => SearchAsync("apples"),
            () => SearchAsync(null),
            () => Index.PutAsync([Document("b.txt", "pears")], default),
            () => Index.RemoveAsync([Guid.NewGuid()], default),
            () => Index.GetStatisticsAsync(default),
            () => Index.PrepareAsync(default),
            () => Index.BeginRebuildAsync(resume: true, default),
        ];
        foreach (var call in calls)
        {
            var away = await Assert.ThrowsAsync<ServiceUnavailableException>(call);
            Assert.Equal("search index", away.Dependency);
        }
    }

    private protected Task<SearchPage> SearchAsync(string? query, SearchFilters? filters = null, int limit = 100) =>
        Index.SearchAsync(new(query, filters ?? new(), limit, 0), default);

    private protected async Task<Guid[]> IdsAsync(string? query, SearchFilters? filters = null) =>
        [.. (await SearchAsync(query, filters)).Hits.Select(hit => hit.DocumentId)];

    /// <summary>A document an hour newer than the last one.</summary>
    private protected SearchDocument Document(
        string filename, string text, string description = "", string type = "letter", string[]? tags = null,
        string contact = "contact_1", string status = "completed")
    {
        var time = Start.AddHours(Interlocked.Increment(ref _made));
        return new()
        {
            Id = Guid.CreateVersion7(time),
            ContactId = contact,
            Filename = filename,
            FileExtension = Path.GetExtension(filename).ToLowerInvariant(),
            ContentType = "text/plain",
            Size = text.Length,
            DocumentType = type,
            Description = description,
            Tags = tags ?? [],
            Keywords = [],
            ProcessingStatus = status,
            UploadTimestamp = time,
            ProcessingTimestamp = time,
            LanguageDetected = "en",
            WordCount = 1,
            CharacterCount = text.Length,
            ComplexityScore = 0.5,
            TextContent = text,
        };
    }
}
