using System.Net;
using System.Net.Http.Json;
using System.Text;
using Npgsql;
using Platform.Api.Search;
using Platform.Api.Search.Postgres;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>GET and POST /documents/search over HTTP.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class SearchEndpointTests(ApiFixture api)
{
    private const string Path = "/documents/search";

    private static readonly string[] Contacts = ["contact_1", "contact_2"];
    private static readonly string[] Tags = ["red", "blue"];

    [Fact, Trait("Defect", "D11")]
    public async Task Both_ways_of_asking_give_the_originals_answer_with_facets_and_highlights()
    {
        var word = Word();
        var document = Document(word, "a <b>bold</b> text about it");
        await PutAsync(api.Database, document);
        foreach (var response in new[]
        {
            await ApiFixture.GetAsync(api.Service, $"{Path}?q={word}&contact_id=contact_1&contact_id=contact_2&document_type=letter"
                + "&file_extension=TXT&tags=blue&tags=red&processing_status=completed&from=2026-01-01&to=2026-02-01T00:00:00Z&limit=5&offset=0"),
            await PostAsync(new
            {
                query = word,
                filters = new
                {
                    contact_id = Contacts, document_type = "letter", file_extension = ".txt", tags = Tags,
                    processing_status = "completed", upload_timestamp = new { from = "2026-01-01", to = "2026-02-01" },
                },
                limit = 5,
                offset = 0,
            }),
        })
        {
            using (response)
            {
                var answer = await ApiFixture.JsonAsync(response);
                Assert.Equal(1, answer.GetProperty("total_count").GetInt64());
                Assert.False(answer.GetProperty("total_is_estimate").GetBoolean());
                Assert.Equal(word, answer.GetProperty("query").GetString());
                Assert.InRange(answer.GetProperty("processing_time").GetDouble(), 0, 30);
                Assert.Equal(1, answer.GetProperty("facets").GetProperty("document_type").GetProperty("letter").GetInt64());
                var result = Assert.Single(answer.GetProperty("results").EnumerateArray());
                Assert.Equal(document.Id, result.GetProperty("document_id").GetGuid());
                Assert.Equal(document.Filename, result.GetProperty("filename").GetString());
                Assert.Equal("contact_1", result.GetProperty("contact_id").GetString());
                Assert.Equal("letter", result.GetProperty("document_type").GetString());
                Assert.Equal(".txt", result.GetProperty("file_extension").GetString());
                Assert.Equal("completed", result.GetProperty("processing_status").GetString());
                Assert.Equal(["red", "blue"], result.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));
                Assert.Equal(document.UploadTimestamp, result.GetProperty("upload_timestamp").GetDateTime());
                Assert.Contains("<b>bold</b>", result.GetProperty("text_content").GetString(), StringComparison.Ordinal);
                Assert.InRange(result.GetProperty("score").GetDouble(), 0.01, 1);
                Assert.Equal($"<mark>{word}</mark>.txt", result.GetProperty("highlights").GetProperty("filename").GetString());
            }
        }
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("offset=-1", "offset")]
    [InlineData("offset=1001", "offset")]
    [InlineData("from=yesterday", "from")]
    [InlineData("to=2026-13-01", "to")]
    [InlineData("q=a&q=b", "q")]
    [InlineData("tags=%00", "tags")]
    [InlineData("limit=0&offset=-1&from=x", "from", "limit", "offset")]
    public async Task A_mistake_in_the_query_string_is_named(string query, params string[] fields)
    {
        using var response = await api.GetAsync($"{Path}?{query}");
        Assert.Equal(fields, await ApiFixture.ProblemFieldsAsync(response, 422));
    }

    [Theory, Trait("Defect", "D11")]
    [InlineData("""{"query": 1}""", 422, "query")]
    [InlineData("""{"limit": 0}""", 422, "limit")]
    [InlineData("""{"limit": 1e99}""", 422, "limit")]
    [InlineData("""{"limit": "10"}""", 422, "limit")]
    [InlineData("""{"limit": 1.5, "offset": -1}""", 422, "limit", "offset")]
    [InlineData("""{"filters": []}""", 422, "filters")]
    [InlineData("""{"filters": {"owner": "x"}}""", 422, "filters.owner")]
    [InlineData("""{"filters": {"document_type": 1}}""", 422, "filters.document_type")]
    [InlineData("""{"filters": {"document_type": {"$ne": "x"}}}""", 422, "filters.document_type")]
    [InlineData("""{"filters": {"tags": ["a", 1]}}""", 422, "filters.tags")]
    [InlineData("""{"filters": {"tags": ["a", null]}}""", 422, "filters.tags")]
    [InlineData("""{"filters": {"tags": [""]}}""", 422, "filters.tags")]
    [InlineData("""{"filters": {"from": 1}}""", 422, "filters.from")]
    [InlineData("""{"filters": {"upload_timestamp": "2026-01-01"}}""", 422, "filters.upload_timestamp")]
    [InlineData("""{"filters": {"upload_timestamp": {"from": "x"}}}""", 422, "filters.upload_timestamp.from")]
    [InlineData("""{"filters": {"upload_timestamp": {"since": "2026-01-01"}}}""", 422, "filters.upload_timestamp")]
    [InlineData("""{"query": "\ud800"}""", 400, "query")]
    [InlineData("""{"filters": {"tags": "\ud800"}}""", 400, "filters.tags")]
    [InlineData("""{"filters": {"\ud800": 1}}""", 422, "filters")]
    [InlineData("""[]""", 400, "body")]
    [InlineData("""nonsense""", 400, "body")]
    [InlineData("""{"query": "x"} {}""", 400, "body")]
    [InlineData("", 400, "body")]
    [InlineData("""{"a":[[[[[[[[[[[[1]]]]]]]]]]]]}""", 400, "body")]
    public async Task A_mistake_in_the_body_is_named(string body, int status, params string[] fields)
    {
        using var response = await PostAsync(new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(fields, await ApiFixture.ProblemFieldsAsync(response, status));
    }

    [Fact]
    public async Task A_query_or_a_body_that_is_too_long_is_refused()
    {
        using var exact = await PostAsync(new { query = new string('x', 500) });
        Assert.Equal(HttpStatusCode.OK, exact.StatusCode);
        using var query = await PostAsync(new { query = new string('x', 10_000) });
        Assert.Equal(["query"], await ApiFixture.ProblemFieldsAsync(query, 422));
        using var parameter = await api.GetAsync($"{Path}?q={new string('x', 501)}");
        Assert.Equal(["q"], await ApiFixture.ProblemFieldsAsync(parameter, 422));
        using var values = await PostAsync(new { filters = new { tags = Enumerable.Range(0, 21).Select(i => $"{i}") } });
        Assert.Equal(["filters.tags"], await ApiFixture.ProblemFieldsAsync(values, 422));
        using var value = await PostAsync(new { filters = new { tags = new string('x', 256) } });
        Assert.Equal(["filters.tags"], await ApiFixture.ProblemFieldsAsync(value, 422));
        using var body = await PostAsync(new { query = new string('x', 70_000) });
        Assert.Equal(["body"], await ApiFixture.ProblemFieldsAsync(body, 413));
        using var type = await PostAsync(new StringContent("query=x", Encoding.UTF8, "application/x-www-form-urlencoded"));
        Assert.Equal(["Content-Type"], await ApiFixture.ProblemFieldsAsync(type, 415));
    }

    [Fact, Trait("Defect", "D06")]
    public async Task Nobody_searches_without_a_key()
    {
        using var response = await api.GetAsync($"{Path}?q=x", key: null);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        using var post = await api.Service.Client.PostAsJsonAsync(Path, new { query = "x" });
        Assert.Equal(HttpStatusCode.Unauthorized, post.StatusCode);
    }

    [Fact]
    public async Task Searches_are_counted_by_what_came_of_them()
    {
        using (await api.GetAsync($"{Path}?q={Word()}"))
        using (await api.GetAsync($"{Path}?limit=0"))
        {
            await ApiFixture.EventuallyAsync(async () =>
            {
                var metrics = await api.Service.Management.GetStringAsync("/metrics");
                return metrics.Contains("document_search_queries_total{", StringComparison.Ordinal)
                    && metrics.Contains("outcome=\"nothing\"", StringComparison.Ordinal)
                    && metrics.Contains("outcome=\"invalid\"", StringComparison.Ordinal);
            }, "the counter is there", seconds: 30);
        }
    }

    [Fact]
    public async Task Health_tells_of_the_index()
    {
        using var response = await api.GetAsync("/health", key: null);
        var health = await ApiFixture.JsonAsync(response);
        Assert.Equal("healthy", health.GetProperty("status").GetString());
        Assert.Equal("connected", health.GetProperty("services").GetProperty("search").GetString());
    }

    [Fact, Trait("Defect", "D09"), Trait("Defect", "D10"), Trait("Defect", "D43")]
    public async Task With_its_index_away_the_service_starts_answers_searches_503_and_recovers_by_itself()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var meilisearch = await FakeMeilisearch.StartAsync();
        meilisearch.Break("error");
        await using var service = await (await ApiFixture.StartAsync(
            database, ("Search__Provider", "meilisearch"), ("ConnectionStrings__search", meilisearch.ConnectionString))).WhenReadyAsync();
        using (var search = await ApiFixture.GetAsync(service, $"{Path}?q=x"))
        {
            await ApiFixture.ProblemAsync(search, 503);
            Assert.NotNull(search.Headers.RetryAfter);
        }
        using (var response = await ApiFixture.GetAsync(service, "/health", key: null))
        {
            var health = await ApiFixture.JsonAsync(response);
            Assert.Equal("degraded", health.GetProperty("status").GetString());
            Assert.Equal("unavailable", health.GetProperty("services").GetProperty("search").GetString());
        }
        meilisearch.Break("");
        await ApiFixture.EventuallyAsync(async () =>
        {
            using var search = await ApiFixture.GetAsync(service, $"{Path}?q=x");
            Assert.Contains(search.StatusCode, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]);
            return search.StatusCode == HttpStatusCode.OK;
        }, "searches are answered again", seconds: 60);
        // Between the index and its settings a search may be refused, which is 503 as well.
        Assert.All(meilisearch.Violations, violation => Assert.Contains("invalid_search_", violation, StringComparison.Ordinal));
    }

    private async Task<HttpResponseMessage> PostAsync(object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = body as HttpContent ?? JsonContent.Create(body) };
        request.Headers.TryAddWithoutValidation("X-API-Key", ApiFixture.BootstrapKey);
        return await api.Service.Client.SendAsync(request);
    }

    private static async Task PutAsync(string database, SearchDocument document)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await new PostgresSearchIndex(source).PutAsync([document], default);
    }

    /// <summary>A word that no other test has.</summary>
    private static string Word() => string.Concat(Guid.NewGuid().ToByteArray().Select(value => (char)('a' + (value % 26))));

    private static SearchDocument Document(string name, string text) => new()
    {
        Id = Guid.CreateVersion7(),
        ContactId = "contact_1",
        Filename = $"{name}.txt",
        FileExtension = ".txt",
        ContentType = "text/plain",
        Size = text.Length,
        DocumentType = "letter",
        Description = "",
        Tags = Tags,
        Keywords = [],
        ProcessingStatus = "completed",
        UploadTimestamp = new(2026, 1, 15, 0, 0, 0, DateTimeKind.Utc),
        ProcessingTimestamp = null,
        LanguageDetected = null,
        WordCount = 1,
        CharacterCount = text.Length,
        ComplexityScore = 0,
        TextContent = text,
    };
}
