using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Platform.Api.Search.Postgres;

/// <summary>What results are filtered and counted by. Many documents have the same.</summary>
/// <param name="Id">A hash of the rest.</param>
internal sealed record SearchFacets(long Id, string DocumentType, string FileExtension, string ProcessingStatus, string[] Tags)
{
    public const string DocumentTypeField = "document_type";
    public const string FileExtensionField = "file_extension";
    public const string ProcessingStatusField = "processing_status";
    public const string TagsField = "tags";

    /// <summary>The names that an answer has for them.</summary>
    public static IReadOnlyList<string> Fields { get; } = [DocumentTypeField, FileExtensionField, ProcessingStatusField, TagsField];

    /// <summary>The facets of an answer without results.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> None { get; } =
        Fields.ToDictionary(field => field, IReadOnlyDictionary<string, long> (_) => new Dictionary<string, long>());

    public static SearchFacets Of(SearchDocument document)
    {
        string[] fields = [document.DocumentType, document.FileExtension, document.ProcessingStatus, .. document.Tags];
        string[] values = [.. fields.Select(PostgresText.Clean)];
        // No value has a NUL in it.
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', values)));
        return new(BinaryPrimitives.ReadInt64LittleEndian(hash), values[0], values[1], values[2], values[3..]);
    }

    /// <summary>Each value with the name of its field.</summary>
    public IEnumerable<(string Field, string Value)> ByField() =>
    [
        (DocumentTypeField, DocumentType), (FileExtensionField, FileExtension), (ProcessingStatusField, ProcessingStatus),
        .. Tags.Select(tag => (TagsField, tag)),
    ];
}
