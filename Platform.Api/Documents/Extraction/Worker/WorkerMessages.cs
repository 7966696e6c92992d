using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Platform.Api.Documents.Extraction.Worker;

/// <summary>A line to a worker.</summary>
internal sealed record ExtractionRequest(string Path, string Extension, string OcrLanguages);

/// <summary>A line from a worker; the first one, which says that it is ready, is empty. Either content or why there is none.</summary>
internal sealed record ExtractionAnswer
{
    public DocumentContent? Content { get; init; }

    /// <summary>For a person.</summary>
    public string? Unreadable { get; init; }

    /// <summary>The worker ends, because it is not as good as new any more.</summary>
    public bool IsLast { get; init; }
}

[JsonSerializable(typeof(ExtractionRequest))]
[JsonSerializable(typeof(ExtractionAnswer))]
internal sealed partial class WorkerJson : JsonSerializerContext
{
    /// <summary>Line breaks are escaped, so that a message is a line; other languages are not, so that it stays short.</summary>
    public static WorkerJson Messages { get; } = new(new JsonSerializerOptions
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
