using Platform.Api.Requests;

namespace Platform.Api.Documents;

/// <summary>The texts of a document with their limits; the table has the same ones as check constraints.</summary>
internal static class DocumentFields
{
    public const int MaxTags = 50;
    public const int MaxTagLength = 50;

    private static readonly TextField Tag = new(UploadForm.Tags, MaxTagLength);

    public static TextField ContactId { get; } = new("contact_id", 255, IsRequired: true);

    public static TextField DocumentType { get; } = new("document_type", 100, IsRequired: true);

    public static TextField Description { get; } = new("description", 1000, IsMultiLine: true);

    public static bool IsKnown(string name) => name == UploadForm.Tags || Find(name) is not null;

    public static TextField Get(string name) => Find(name) ?? throw new ArgumentException("No such field.", nameof(name));

    public static string TooLong(string name) =>
        name == UploadForm.Tags ? TooManyTags : $"must be at most {Get(name).MaxLength} characters long";

    /// <summary>The tags without blanks and repetitions.</summary>
    public static IReadOnlyList<string> CheckTags(IEnumerable<string?> sent, out string? error)
    {
        var tags = new List<string>();
        foreach (var text in sent)
        {
            (var tag, error) = Tag.Check(text);
            if (error is not null)
            {
                error = "each " + error;
                return [];
            }
            if (tag.Length > 0 && !tags.Contains(tag))
            {
                if (tags.Count == MaxTags)
                {
                    error = TooManyTags;
                    return [];
                }
                tags.Add(tag);
            }
        }
        error = null;
        return tags;
    }

    private static string TooManyTags => $"must be at most {MaxTags} tags of {MaxTagLength} characters";

    private static TextField? Find(string name) =>
        name switch
        {
            "contact_id" => ContactId,
            "document_type" => DocumentType,
            "description" => Description,
            _ => null,
        };
}
