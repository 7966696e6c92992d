using System.Text.Json.Serialization;
using Platform.Api.Documents.Extraction;

namespace Platform.Api.Documents.Processing;

/// <summary>What is kept in documents.processing_metadata.</summary>
internal sealed record ProcessingMetadata(
    IReadOnlyDictionary<string, string> Properties, DocumentEntities Entities, int LineCount, bool IsTruncated);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProcessingMetadata))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(TaskList))]
[JsonSerializable(typeof(TaskReceipt))]
internal sealed partial class ProcessingJson : JsonSerializerContext;
