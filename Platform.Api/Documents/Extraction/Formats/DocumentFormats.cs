namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>Which reader reads which extension.</summary>
internal static class DocumentFormats
{
    private static readonly Dictionary<string, Action<string, ExtractedDocument>> Readers = new()
    {
        [".bmp"] = Image.Read,
        [".csv"] = Csv.Read,
        [".doc"] = LegacyWord.Read,
        [".docx"] = Word.Read,
        [".eml"] = Mail.Read,
        [".gif"] = Image.Read,
        [".htm"] = Html.Read,
        [".html"] = Html.Read,
        [".jpeg"] = Image.Read,
        [".jpg"] = Image.Read,
        [".json"] = Json.Read,
        [".md"] = PlainText.Read,
        [".odt"] = OpenDocument.Read,
        [".pdf"] = Pdf.Read,
        [".png"] = Image.Read,
        [".pptx"] = Presentation.Read,
        [".rtf"] = RichText.Read,
        [".svg"] = Xml.ReadSvg,
        [".tif"] = Image.Read,
        [".tiff"] = Image.Read,
        [".txt"] = PlainText.Read,
        [".webp"] = Image.Read,
        [".xlsx"] = Spreadsheet.Read,
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
