namespace Platform.Api.Documents.Extraction;

/// <summary>What was read from a document.</summary>
internal sealed record DocumentContent
{
    /// <summary>The text in paragraphs, without control characters but line breaks and tabs; empty when there is none.</summary>
    public required string Text { get; init; }

    /// <summary>The document has more text than is kept.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>What a person should know: that a program is missing, for instance. Null when all went well.</summary>
    public string? Note { get; init; }

    /// <summary>What the file says of itself: title, author, pages, width, height and so on. At most 50 short entries.</summary>
    public required IReadOnlyDictionary<string, string> Properties { get; init; }
    public required int WordCount { get; init; }
    public required int CharacterCount { get; init; }
    public required int LineCount { get; init; }

    /// <summary>ISO 639-1, or null when it cannot be told.</summary>
    public string? Language { get; init; }

    /// <summary>At most 15, the most telling first.</summary>
    public required IReadOnlyList<string> Keywords { get; init; }
    public required DocumentEntities Entities { get; init; }

    /// <summary>0 to 1.</summary>
    public required double Complexity { get; init; }
}

/// <summary>What the text names; at most 50 distinct ones of each.</summary>
internal sealed record DocumentEntities(
    IReadOnlyList<string> Emails,
    IReadOnlyList<string> Phones,
    IReadOnlyList<string> Urls,
    IReadOnlyList<string> Dates,
    IReadOnlyList<string> Amounts);

/// <summary>
/// The document cannot be read, today or tomorrow: it is broken, protected by a password, or too much. The message is for a person.
/// </summary>
internal sealed class UnreadableDocumentException(string message) : Exception(message);
