using System.Text.Json.Serialization;

namespace Platform.Api.Search;

/// <summary>The answer of a search.</summary>
/// <param name="TotalCount">Of all pages.</param>
/// <param name="TotalIsEstimate">Whether the total is about what it says: Meilisearch's may be, PostgreSQL's is exact.</param>
/// <param name="ProcessingTime">In seconds.</param>
/// <param name="Facets">By <c>document_type</c>, <c>file_extension</c>, <c>processing_status</c> and <c>tags</c>, how many of the results
/// have each value, of the 20 most frequent.</param>
internal sealed record SearchAnswer(
    IReadOnlyList<SearchResult> Results,
    long TotalCount,
    bool TotalIsEstimate,
    string Query,
    double ProcessingTime,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> Facets);

/// <summary>A document that was found.</summary>
/// <param name="TextContent">The part of the text around what was found.</param>
/// <param name="Score">0 to 1, more is better; comparable within one answer.</param>
/// <param name="Highlights">HTML by field: everything is escaped, and what was found is in <c>&lt;mark&gt;</c>.</param>
internal sealed record SearchResult(
    Guid DocumentId,
    string Filename,
    string ContactId,
    string DocumentType,
    string FileExtension,
    IReadOnlyList<string> Tags,
    string TextContent,
    DateTime UploadTimestamp,
    string ProcessingStatus,
    double Score,
    IReadOnlyDictionary<string, string> Highlights)
{
    public static SearchResult From(SearchHit hit) => new(
        hit.DocumentId, hit.Filename, hit.ContactId, hit.DocumentType, hit.FileExtension, hit.Tags, hit.Snippet, hit.UploadTimestamp,
        hit.ProcessingStatus, hit.Score, hit.Highlights);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SearchAnswer))]
internal sealed partial class SearchJson : JsonSerializerContext;
