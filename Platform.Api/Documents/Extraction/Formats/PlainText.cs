namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.txt and .md, and what is not well-formed of other formats.</summary>
internal static class PlainText
{
    public static void Read(string path, ExtractedDocument document) => document.Append(TextFile.Read(path, document).TrimStart('\uFEFF'));
}
