using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults.Errors;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Platform.Api.Search;

/// <summary>
/// The index in a Meilisearch server (v1), through its HTTP API. Its changes are tasks: each is waited for. While an index is being
/// rebuilt, beside it is a journal of what clients have changed meanwhile: the rebuild may have read that before, so it is settled at the
/// end from the index that served.
/// </summary>
internal sealed class MeilisearchIndex(HttpClient http, TimeProvider time) : ISearchIndex
{
    private const string Current = "documents";
    private const string Next = "documents_next";
    private const string Journal = "documents_journal";

    /// <summary>Characters of a text that are sent; a payload is a few megabytes at most.</summary>
    private const int MaxTextLength = 500_000;
    private const int MaxBatchLength = 4_000_000;
    private const int MaxBatchCount = 500;

    /// <summary>Words of a snippet.</summary>
    private const int CropLength = 40;

    private static readonly TimeSpan TaskDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);
    private static readonly string[] FacetFields = ["document_type", "file_extension", "processing_status", "tags"];
    private static readonly string[] Highlighted = ["filename", "text_content", "description"];
    private static readonly string[] Retrieved =
        ["id", "filename", "contact_id", "document_type", "file_extension", "tags", "processing_status", "upload_timestamp"];

    /// <summary>Around what was found: nobody can put them into a document, for nobody knows them.</summary>
    private readonly string _open = $"\ue000{Guid.NewGuid():n}\ue001";
    private readonly string _close = $"\ue002{Guid.NewGuid():n}\ue003";

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await EnsureAsync(Current, cancellationToken);
        await ChangeAsync(HttpMethod.Patch, $"indexes/{Current}/settings", Settings(), cancellationToken);
    }

    public async Task PutAsync(IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken)
    {
        if (documents.Count == 0)
        {
            return;
        }
        await PutAsync(Current, documents, cancellationToken);
        if (await ExistsAsync(Next, cancellationToken))
        {
            await NoteAsync(documents.Select(document => document.Id), cancellationToken);
            await PutAsync(Next, documents, cancellationToken);
        }
    }

    public async Task RemoveAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        if (ids.Count == 0)
        {
            return;
        }
        await RemoveAsync(Current, ids, cancellationToken);
        if (await ExistsAsync(Next, cancellationToken))
        {
            await NoteAsync(ids, cancellationToken);
            await RemoveAsync(Next, ids, cancellationToken);
        }
    }

    public async Task<SearchPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        var text = string.IsNullOrWhiteSpace(query.Text) ? null : PostgresText.Clean(query.Text);
        if (text is not null && SearchWords.Read(text).All.Count == 0)
        {
            return new([], 0, FacetFields.ToDictionary(field => field, IReadOnlyDictionary<string, long> (_) => new Dictionary<string, long>()));
        }
        var body = new JsonObject
        {
            ["q"] = text ?? "",
            ["offset"] = query.Offset,
            ["limit"] = query.Limit,
            ["filter"] = Filter(query.Filters),
            ["facets"] = Array(FacetFields),
            ["matchingStrategy"] = "all",
            ["attributesToRetrieve"] = Array(Retrieved),
            ["attributesToHighlight"] = Array(Highlighted),
            ["attributesToCrop"] = Array(["text_content"]),
            ["cropLength"] = CropLength,
            ["cropMarker"] = "…",
            ["highlightPreTag"] = _open,
            ["highlightPostTag"] = _close,
            ["showRankingScore"] = true,
        };
        if (text is null)
        {
            body["sort"] = Array(["upload_timestamp:desc"]);
        }
        var answer = await AskAsync(body, cancellationToken);
        List<SearchHit> hits = [.. answer.GetProperty("hits").EnumerateArray().Select(hit => Hit(hit, isMarked: text is not null))];
        var total = answer.GetProperty("estimatedTotalHits").GetInt64();
        // Where all are on this page it has counted them.
        return new(hits, total, Facets(answer.GetProperty("facetDistribution")), TotalIsEstimate: total > hits.Count);
    }

    private async Task<JsonElement> AskAsync(JsonObject body, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(HttpMethod.Post, $"indexes/{Current}/search", body, cancellationToken);
        }
        catch (SearchIndexException refused) when (refused.Code is "invalid_search_facets" or "invalid_search_filter" or "invalid_search_sort")
        {
            // The index is there and its settings are not yet.
            throw new ServiceUnavailableException("search index", RetryAfter, refused);
        }
    }

    public async Task<SearchStatistics> GetStatisticsAsync(CancellationToken cancellationToken)
    {
        var statistics = await SendAsync(HttpMethod.Get, $"indexes/{Current}/stats", null, cancellationToken);
        return new(
            "meilisearch", statistics.GetProperty("numberOfDocuments").GetInt64(),
            statistics.GetProperty("isIndexing").GetBoolean() || await ExistsAsync(Next, cancellationToken));
    }

    public async Task BeginRebuildAsync(bool resume, CancellationToken cancellationToken)
    {
        if (!resume)
        {
            await DeleteIndexAsync(Next, cancellationToken);
            await DeleteIndexAsync(Journal, cancellationToken);
        }
        // The journal first: clients write into it as soon as there is an index that is being built.
        await EnsureAsync(Journal, cancellationToken);
        await EnsureAsync(Next, cancellationToken);
        await ChangeAsync(HttpMethod.Patch, $"indexes/{Next}/settings", Settings(), cancellationToken);
    }

    public Task PutInRebuildAsync(IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken) =>
        PutAsync(Next, documents, cancellationToken);

    public async Task CompleteRebuildAsync(CancellationToken cancellationToken)
    {
        await SettleAsync(cancellationToken);
        await ChangeAsync(
            HttpMethod.Post, "swap-indexes", new JsonArray(new JsonObject { ["indexes"] = Array([Current, Next]) }), cancellationToken);
        await DeleteIndexAsync(Next, cancellationToken);
        await DeleteIndexAsync(Journal, cancellationToken);
    }

    /// <summary>Of what clients have changed, the new index gets what the old one has.</summary>
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        const int PageSize = 200;
        for (var offset = 0; ; offset += PageSize)
        {
            var page = await SendAsync(HttpMethod.Get, $"indexes/{Journal}/documents?offset={offset}&limit={PageSize}", null, cancellationToken);
            var ids = page.GetProperty("results").EnumerateArray().Select(entry => entry.GetProperty("id").GetGuid()).ToArray();
            if (ids.Length == 0)
            {
                return;
            }
            foreach (var id in ids)
            {
                if (await TrySendAsync(HttpMethod.Get, $"indexes/{Current}/documents/{id}", null, cancellationToken) is { } document)
                {
                    await ChangeAsync(HttpMethod.Post, $"indexes/{Next}/documents", new JsonArray(JsonNode.Parse(document.GetRawText())),
                        cancellationToken);
                }
                else
                {
                    await RemoveAsync(Next, [id], cancellationToken);
                }
            }
        }
    }

    /// <summary>As the original has them; and tags and type can be filtered by, and the newest is first among equals.</summary>
    private static JsonObject Settings() => new()
    {
        ["searchableAttributes"] = Array(["filename", "text_content", "content", "document_type", "keywords", "description"]),
        ["filterableAttributes"] = Array(
            ["contact_id", "document_type", "processing_status", "upload_timestamp", "file_extension", "tags", "content_type"]),
        ["sortableAttributes"] = Array(["upload_timestamp", "processing_timestamp", "complexity_score"]),
        ["rankingRules"] = Array(["words", "typo", "proximity", "attribute", "sort", "exactness", "upload_timestamp:desc"]),
        ["faceting"] = new JsonObject { ["maxValuesPerFacet"] = 20, ["sortFacetValuesBy"] = new JsonObject { ["*"] = "count" } },
        // An offset of 1000 and a page of 100.
        ["pagination"] = new JsonObject { ["maxTotalHits"] = 1100 },
    };

    private async Task PutAsync(string index, IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken)
    {
        var batch = new JsonArray();
        var length = 0;
        foreach (var document in documents)
        {
            var size = 2000 + Math.Min(document.TextContent.Length, MaxTextLength);
            if (batch.Count > 0 && (length + size > MaxBatchLength || batch.Count >= MaxBatchCount))
            {
                await ChangeAsync(HttpMethod.Post, $"indexes/{index}/documents", batch, cancellationToken);
                (batch, length) = ([], 0);
            }
            batch.Add((JsonNode)Stored(document));
            length += size;
        }
        if (batch.Count > 0)
        {
            await ChangeAsync(HttpMethod.Post, $"indexes/{index}/documents", batch, cancellationToken);
        }
    }

    private async Task RemoveAsync(string index, IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        foreach (var batch in ids.Chunk(MaxBatchCount))
        {
            await ChangeAsync(
                HttpMethod.Post, $"indexes/{index}/documents/delete-batch", Array(batch.Select(id => id.ToString())), cancellationToken);
        }
    }

    private async Task NoteAsync(IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        foreach (var batch in ids.Chunk(MaxBatchCount))
        {
            await ChangeAsync(HttpMethod.Post, $"indexes/{Journal}/documents",
                new JsonArray([.. batch.Select(id => (JsonNode)new JsonObject { ["id"] = id.ToString() })]), cancellationToken);
        }
    }

    private static JsonObject Stored(SearchDocument document)
    {
        var text = document.TextContent[..Math.Min(document.TextContent.Length, MaxTextLength)];
        return new()
        {
            ["id"] = document.Id.ToString(),
            ["contact_id"] = Encode(document.ContactId),
            ["filename"] = PostgresText.Clean(document.Filename),
            ["file_extension"] = Encode(document.FileExtension),
            ["content_type"] = Encode(document.ContentType),
            ["size"] = document.Size,
            ["document_type"] = Encode(document.DocumentType),
            ["description"] = PostgresText.Clean(document.Description),
            ["tags"] = Array(document.Tags.Select(Encode)),
            ["keywords"] = Array(document.Keywords.Select(PostgresText.Clean)),
            ["processing_status"] = Encode(document.ProcessingStatus),
            ["upload_timestamp"] = Microseconds(document.UploadTimestamp),
            ["processing_timestamp"] = document.ProcessingTimestamp is { } processed ? Microseconds(processed) : null,
            ["language_detected"] = document.LanguageDetected,
            ["word_count"] = document.WordCount,
            ["character_count"] = document.CharacterCount,
            ["complexity_score"] = document.ComplexityScore,
            ["text_content"] = PostgresText.Clean(text),
        };
    }

    /// <summary>The array syntax: all of the outer list, any of an inner one.</summary>
    private static JsonArray? Filter(SearchFilters filters)
    {
        var conditions = new JsonArray();
        AnyOf("contact_id", filters.ContactIds);
        AnyOf("document_type", filters.DocumentTypes);
        AnyOf("processing_status", filters.ProcessingStatuses);
        AnyOf("file_extension", filters.FileExtensions);
        foreach (var tag in filters.Tags ?? [])
        {
            conditions.Add((JsonNode)Is("tags", tag));
        }
        if (filters.From is { } from)
        {
            conditions.Add((JsonNode)$"upload_timestamp >= {Microseconds(from)}");
        }
        if (filters.To is { } to)
        {
            conditions.Add((JsonNode)$"upload_timestamp < {Microseconds(to)}");
        }
        return conditions.Count == 0 ? null : conditions;

        void AnyOf(string field, IReadOnlyList<string>? values)
        {
            if (values is { Count: > 0 })
            {
                conditions.Add((JsonNode)Array(values.Select(value => Is(field, value))));
            }
        }

        static string Is(string field, string value) => $"{field} = \"{Encode(value).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>
    /// A value that can be filtered by. In a filter a backslash before the closing quote cannot be written, so another character stands
    /// for it, of the private use area, in what is stored as in what is asked for.
    /// </summary>
    private static string Encode(string value) => PostgresText.Clean(value).Replace('\\', '\ue05c');

    private static string Decode(string? value) => (value ?? "").Replace('\ue05c', '\\');

    private static long Microseconds(DateTime timestamp) => (timestamp.ToUniversalTime() - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private SearchHit Hit(JsonElement hit, bool isMarked)
    {
        var formatted = hit.GetProperty("_formatted");
        var highlights = new Dictionary<string, string>();
        foreach (var field in isMarked ? Highlighted : [])
        {
            if (formatted.GetProperty(field).GetString() is { } text && text.Contains(_open, StringComparison.Ordinal))
            {
                highlights[field] = Html(text);
            }
        }
        return new(
            hit.GetProperty("id").GetGuid(),
            hit.GetProperty("filename").GetString()!,
            Decode(hit.GetProperty("contact_id").GetString()),
            Decode(hit.GetProperty("document_type").GetString()),
            Decode(hit.GetProperty("file_extension").GetString()),
            [.. hit.GetProperty("tags").EnumerateArray().Select(tag => Decode(tag.GetString()))],
            Decode(hit.GetProperty("processing_status").GetString()),
            DateTime.UnixEpoch.AddTicks(hit.GetProperty("upload_timestamp").GetInt64() * TimeSpan.TicksPerMicrosecond),
            Plain(formatted.GetProperty("text_content").GetString()!),
            Math.Clamp(hit.GetProperty("_rankingScore").GetDouble(), 0, 1),
            highlights);
    }

    private string Plain(string formatted) =>
        formatted.Replace(_open, "", StringComparison.Ordinal).Replace(_close, "", StringComparison.Ordinal);

    private string Html(string formatted)
    {
        var parts = formatted.Split(_open);
        return Highlighter.Escape(parts[0]) + string.Concat(parts.Skip(1).Select(part =>
        {
            var marked = part.Split(_close, 2);
            return $"<mark>{Highlighter.Escape(marked[0])}</mark>{Highlighter.Escape(marked.Length > 1 ? Plain(marked[1]) : "")}";
        }));
    }

    private static Dictionary<string, IReadOnlyDictionary<string, long>> Facets(JsonElement distribution) => FacetFields.ToDictionary(
        field => field,
        IReadOnlyDictionary<string, long> (field) => distribution.TryGetProperty(field, out var counts)
            ? counts.EnumerateObject().ToDictionary(count => Decode(count.Name), count => count.Value.GetInt64())
            : new Dictionary<string, long>());

    private async Task<bool> ExistsAsync(string index, CancellationToken cancellationToken) =>
        await TrySendAsync(HttpMethod.Get, $"indexes/{index}", null, cancellationToken) is not null;

    private async Task EnsureAsync(string index, CancellationToken cancellationToken)
    {
        if (!await ExistsAsync(index, cancellationToken))
        {
            await ChangeAsync(
                HttpMethod.Post, "indexes", new JsonObject { ["uid"] = index, ["primaryKey"] = "id" }, cancellationToken,
                // Another instance was faster.
                except: "index_already_exists");
        }
    }

    private async Task DeleteIndexAsync(string index, CancellationToken cancellationToken)
    {
        if (await ExistsAsync(index, cancellationToken))
        {
            await ChangeAsync(HttpMethod.Delete, $"indexes/{index}", null, cancellationToken, except: "index_not_found");
        }
    }

    /// <summary>Asks for a change and waits until it is made.</summary>
    private async Task ChangeAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken, string? except = null)
    {
        var summary = await SendAsync(method, path, body, cancellationToken);
        var uid = summary.GetProperty("taskUid").GetInt64().ToString(CultureInfo.InvariantCulture);
        var start = time.GetTimestamp();
        for (var delay = TimeSpan.FromMilliseconds(10); ; delay = delay * 2 > TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : delay * 2)
        {
            var task = await SendAsync(HttpMethod.Get, $"tasks/{uid}", null, cancellationToken);
            switch (task.GetProperty("status").GetString())
            {
                case "succeeded":
                    return;
                case "failed" when task.GetProperty("error") is var error && error.GetProperty("code").GetString() == except:
                    return;
                case "failed":
                    throw Refused(task.GetProperty("error"));
                case "canceled":
                    throw new SearchIndexException("canceled", "The task was cancelled.");
                default:
                    break;
            }
            if (time.GetElapsedTime(start) > TaskDeadline)
            {
                throw new ServiceUnavailableException("search index", RetryAfter);
            }
            await Task.Delay(delay, time, cancellationToken);
        }
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken) =>
        await TrySendAsync(method, path, body, cancellationToken)
        // The index has been lost: it is made again by a rebuild.
        ?? throw new ServiceUnavailableException("search index", RetryAfter);

    /// <summary>The answer; null for 404.</summary>
    private async Task<JsonElement?> TrySendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await http.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }
            // A wrong key is none of the client's doing either.
            if ((int)response.StatusCode >= 500 || response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
                or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            {
                throw new ServiceUnavailableException("search index", RetryAfter);
            }
            var answer = response.StatusCode == HttpStatusCode.NoContent
                ? default
                : await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            return response.IsSuccessStatusCode ? answer : throw Refused(answer);
        }
        catch (Exception away) when (!cancellationToken.IsCancellationRequested && away
            is HttpRequestException or IOException or JsonException
            or OperationCanceledException or TimeoutRejectedException or BrokenCircuitException)
        {
            throw new ServiceUnavailableException("search index", RetryAfter, away);
        }
    }

    private static SearchIndexException Refused(JsonElement error) =>
        new(error.GetProperty("code").GetString() ?? "unknown", error.GetProperty("message").GetString() ?? "");

    private static JsonArray Array(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);
}
