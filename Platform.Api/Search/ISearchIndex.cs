namespace Platform.Api.Search;

/// <summary>
/// The full-text index of the documents. It is derived: everything in it comes from PostgreSQL, and it can be rebuilt at any time.
/// Every method throws <see cref="ServiceDefaults.Errors.ServiceUnavailableException"/> (<c>search index</c>) when the index is away.
/// </summary>
internal interface ISearchIndex
{
    /// <summary>Creates the index with its settings, unless it is there.</summary>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Adds the documents, in place of what was there under their ids. They can be found when this returns. While the index is being
    /// rebuilt they go to both indexes.
    /// </summary>
    Task PutAsync(IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken);

    /// <summary>Takes documents out, of both indexes while one is being rebuilt. Ids that are not there are no error.</summary>
    Task RemoveAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken);

    /// <summary>Relevance first; newest first among equals, and for a query without text.</summary>
    Task<SearchPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken);

    /// <summary>What is in the index.</summary>
    Task<SearchStatistics> GetStatisticsAsync(CancellationToken cancellationToken);

    /// <summary>Begins an index beside the one that serves; with <paramref name="resume"/> keeps one that was begun, if there is one.</summary>
    Task BeginRebuildAsync(bool resume, CancellationToken cancellationToken);

    /// <summary>Adds documents to the index that is being built, and to it alone.</summary>
    Task PutInRebuildAsync(IReadOnlyCollection<SearchDocument> documents, CancellationToken cancellationToken);

    /// <summary>Puts the new index in the place of the old one at once; no search sees neither or half of one.</summary>
    Task CompleteRebuildAsync(CancellationToken cancellationToken);
}

/// <summary>A document as it is indexed.</summary>
internal sealed record SearchDocument
{
    public required Guid Id { get; init; }
    public required string ContactId { get; init; }
    public required string Filename { get; init; }

    /// <summary>With its dot, in lower case: <c>.pdf</c>.</summary>
    public required string FileExtension { get; init; }
    public required string ContentType { get; init; }
    public required long Size { get; init; }
    public required string DocumentType { get; init; }
    public required string Description { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }
    public required IReadOnlyList<string> Keywords { get; init; }
    public required string ProcessingStatus { get; init; }
    public required DateTime UploadTimestamp { get; init; }
    public required DateTime? ProcessingTimestamp { get; init; }

    /// <summary>ISO 639-1, or null when it could not be told.</summary>
    public required string? LanguageDetected { get; init; }
    public required int WordCount { get; init; }
    public required int CharacterCount { get; init; }

    /// <summary>0 to 1.</summary>
    public required double ComplexityScore { get; init; }

    /// <summary>The document's text; empty when none could be read.</summary>
    public required string TextContent { get; init; }
}

/// <summary>A checked question.</summary>
/// <param name="Text">Words; the last may be a prefix, any may be misspelt. Null or empty finds everything that the filters let through.</param>
/// <param name="Limit">1 to 100.</param>
/// <param name="Offset">0 to 1000.</param>
internal sealed record SearchQuery(string? Text, SearchFilters Filters, int Limit, int Offset);

/// <summary>Each that is given has to hold; within a list any one of its values, but of the tags all. Values mean themselves.</summary>
/// <param name="From">The oldest upload timestamp, inclusive.</param>
/// <param name="To">The newest upload timestamp, exclusive.</param>
internal sealed record SearchFilters(
    IReadOnlyList<string>? ContactIds = null,
    IReadOnlyList<string>? DocumentTypes = null,
    IReadOnlyList<string>? ProcessingStatuses = null,
    IReadOnlyList<string>? FileExtensions = null,
    IReadOnlyList<string>? Tags = null,
    DateTime? From = null,
    DateTime? To = null);

/// <summary>What was found.</summary>
/// <param name="TotalCount">Of all pages.</param>
/// <param name="Facets">By field (<c>document_type</c>, <c>file_extension</c>, <c>processing_status</c>, <c>tags</c>), how many of the
/// results have each value; the 20 most frequent ones.</param>
/// <param name="TotalIsEstimate">Whether the total is about what it says.</param>
internal sealed record SearchPage(
    IReadOnlyList<SearchHit> Hits,
    long TotalCount,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> Facets,
    bool TotalIsEstimate = false);

/// <summary>A document that was found.</summary>
/// <param name="Snippet">The part of the text around what was found, without markup.</param>
/// <param name="Score">0 to 1, more is better; comparable within one answer.</param>
/// <param name="Highlights">By field (<c>filename</c>, <c>text_content</c>, <c>description</c>): HTML in which everything is escaped and
/// what was found is in <c>&lt;mark&gt;</c>. Only fields in which something was found.</param>
internal sealed record SearchHit(
    Guid DocumentId,
    string Filename,
    string ContactId,
    string DocumentType,
    string FileExtension,
    IReadOnlyList<string> Tags,
    string ProcessingStatus,
    DateTime UploadTimestamp,
    string Snippet,
    double Score,
    IReadOnlyDictionary<string, string> Highlights);

/// <summary>The state of the index.</summary>
internal sealed record SearchStatistics(string Engine, long Documents, bool IsIndexing);
