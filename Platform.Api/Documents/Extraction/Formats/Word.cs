using DocumentFormat.OpenXml.Packaging;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.docx: headers, the body with its tables, footers, footnotes, endnotes and comments.</summary>
internal static class Word
{
    public static void Read(string path, ExtractedDocument document)
    {
        using var package = ZipPackage.Open(path);
        using var word = WordprocessingDocument.Open(path, isEditable: false, OfficeMarkup.Settings);
        OfficeMarkup.Describe(word, document);
        var main = word.MainDocumentPart ?? throw new UnreadableDocumentException("The file has no document in it.");
        foreach (var header in main.HeaderParts)
        {
            OfficeMarkup.Read(package, header, document);
        }

        OfficeMarkup.Read(package, main, document);
        foreach (var footer in main.FooterParts)
        {
            OfficeMarkup.Read(package, footer, document);
        }

        OfficeMarkup.Read(package, main.FootnotesPart, document);
        OfficeMarkup.Read(package, main.EndnotesPart, document);
        OfficeMarkup.Read(package, main.WordprocessingCommentsPart, document);
        if (document.IsFull)
        {
            document.Truncate();
        }
    }
}
