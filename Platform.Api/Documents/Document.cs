using System.Text.Json;
using System.Text.Json.Serialization;

namespace Platform.Api.Documents;

/// <summary>A document as the API shows it: what was uploaded, and what processing found out.</summary>
internal sealed record Document
{
    [JsonPropertyName("document_id")]
    public required Guid Id { get; init; }
    public required string ContactId { get; init; }
    public required string Filename { get; init; }

    /// <summary>With its dot, in lower case: what the file is.</summary>
    public required string FileExtension { get; init; }

    /// <summary>In bytes.</summary>
    public required long Size { get; init; }
    public required string ContentType { get; init; }
    public required string DocumentType { get; init; }
    public required string Description { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }
    public required DateTime UploadTimestamp { get; init; }

    /// <summary>The key of the object in the store.</summary>
    [JsonPropertyName("s3_path")]
    public required string ObjectKey { get; init; }

    /// <summary>In lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The oldest document that had the same bytes when this one came.</summary>
    public Guid? DuplicateOf { get; init; }

    /// <summary><c>pending</c>, <c>processing</c>, <c>completed</c> or <c>failed</c>.</summary>
    public required string ProcessingStatus { get; init; }

    /// <summary>Why processing failed, or what is missing from the text.</summary>
    public string? ProcessingNote { get; init; }
    public DateTime? ProcessingTimestamp { get; init; }
    public required JsonElement ProcessingMetadata { get; init; }
    public string? LanguageDetected { get; init; }
    public required IReadOnlyList<string> Keywords { get; init; }
    public int? WordCount { get; init; }
    public int? CharacterCount { get; init; }

    /// <summary>0 to 1.</summary>
    public decimal? ComplexityScore { get; init; }
    public DateTime? IndexedTimestamp { get; init; }

    /// <summary>In the trash since.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTime? DeletedAt { get; init; }
    public required DateTime CreatedAt { get; init; }
    public required DateTime UpdatedAt { get; init; }
}

/// <summary>The acknowledgement of an upload: the bytes are in the store and the document is in the database.</summary>
/// <param name="S3Path">The key of the object in the store.</param>
/// <param name="Sha256">In lower-case hexadecimal digits.</param>
/// <param name="DuplicateOf">The oldest document with the same bytes.</param>
internal sealed record UploadReceipt(
    Guid DocumentId,
    string Filename,
    long Size,
    string ContentType,
    DateTime UploadTimestamp,
    string ProcessingStatus,
    string ContactId,
    [property: JsonPropertyName("s3_path")] string S3Path,
    string Sha256,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? DuplicateOf = null);

/// <summary>A page, newest first.</summary>
/// <param name="NextCursor">Where the next page begins; null on the last.</param>
internal sealed record DocumentPage(IReadOnlyList<Document> Documents, string? NextCursor);

/// <summary>A page of one contact's documents, newest first.</summary>
/// <param name="TotalCount">Of all pages.</param>
/// <param name="NextCursor">Where the next page begins; null on the last.</param>
internal sealed record ContactDocuments(string ContactId, IReadOnlyList<Document> Documents, long TotalCount, string? NextCursor);

/// <summary>What POST /documents/upload takes, as the OpenAPI document describes it; <see cref="UploadForm"/> reads it.</summary>
/// <param name="Tags">Separated by commas.</param>
internal sealed record UploadFields(IFormFile File, string ContactId, string DocumentType, string? Description = null, string? Tags = null);

/// <summary>What PATCH /documents/{id} takes; what is missing stays as it is.</summary>
internal sealed record DocumentChanges(
    [property: JsonPropertyName("document_type")] string? DocumentType = null,
    string? Description = null,
    string[]? Tags = null);

/// <summary>What POST /documents/{id}/links takes.</summary>
/// <param name="ExpiresIn">Seconds.</param>
internal sealed record LinkRequest([property: JsonPropertyName("expires_in")] int? ExpiresIn = null);

/// <summary>A link that works without a key.</summary>
internal sealed record DocumentLink(string Url, DateTime ExpiresAt);

/// <summary>Work in the queue.</summary>
internal sealed record RequestedTask(long TaskId, string Kind, Guid DocumentId, string State, DateTime CreatedAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Document))]
[JsonSerializable(typeof(UploadReceipt))]
[JsonSerializable(typeof(DocumentPage))]
[JsonSerializable(typeof(ContactDocuments))]
[JsonSerializable(typeof(DocumentChanges))]
[JsonSerializable(typeof(LinkRequest))]
[JsonSerializable(typeof(DocumentLink))]
[JsonSerializable(typeof(RequestedTask))]
internal sealed partial class DocumentJson : JsonSerializerContext;
