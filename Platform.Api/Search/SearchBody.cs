namespace Platform.Api.Search;

/// <summary>What POST /documents/search takes, as the OpenAPI document describes it; <see cref="SearchRequest"/> has the limits.</summary>
internal sealed record SearchBody(string? Query = null, SearchBodyFilters? Filters = null, int? Limit = null, int? Offset = null);

/// <summary>A document has to have one of the values of each; a single value need not be in a list.</summary>
/// <param name="From">Uploaded then or later: a date or a time of ISO 8601.</param>
/// <param name="To">Uploaded before.</param>
internal sealed record SearchBodyFilters(
    IReadOnlyList<string>? ContactId = null,
    IReadOnlyList<string>? DocumentType = null,
    IReadOnlyList<string>? ProcessingStatus = null,
    IReadOnlyList<string>? FileExtension = null,
    IReadOnlyList<string>? Tags = null,
    string? From = null,
    string? To = null);
