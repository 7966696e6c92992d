namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>Which reader reads which extension.</summary>
internal static class DocumentFormats
{
    private static readonly Dictionary<string, Action<string, ExtractedDocument>> Readers = new()
    {
        [".csv"] = Csv.Read,
        [".htm"] = Html.Read,
        [".html"] = Html.Read,
        [".json"] = Json.Read,
        [".md"] = PlainText.Read,
        [".svg"] = Xml.ReadSvg,
        [".txt"] = PlainText.Read,
        [".xml"] = Xml.Read,
    };

    /// <exception cref="UnreadableDocumentException">It cannot be read.</exception>
    public static void Read(string path, string extension, ExtractedDocument document)
    {
        if (new FileInfo(path).Length == 0)
        {
            throw new UnreadableDocumentException("The file is empty.");
        }
        if (!Readers.TryGetValue(extension, out var read))
        {
            throw new UnreadableDocumentException($"Files of the type {extension} cannot be read.");
        }

        read(path, document);
    }
}
