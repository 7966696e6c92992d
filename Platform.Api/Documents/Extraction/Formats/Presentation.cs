using System.Xml;
using DocumentFormat.OpenXml.Packaging;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.pptx: the slides in their order, each with its notes.</summary>
internal static class Presentation
{
    public static void Read(string path, ExtractedDocument document)
    {
        using var package = ZipPackage.Open(path);
        using var presentation = PresentationDocument.Open(path, isEditable: false, OfficeMarkup.Settings);
        OfficeMarkup.Describe(presentation, document);
        var main = presentation.PresentationPart ?? throw new UnreadableDocumentException("The file has no presentation in it.");
        var ids = new List<string>();
        using (var reader = Xml.CreateReader(package.Count(main.GetStream(FileMode.Open, FileAccess.Read))))
        {
            while (reader.Read())
            {
                if (reader is { NodeType: XmlNodeType.Element, LocalName: "sldId" } && OfficeRelation.Of(reader) is { } id)
                {
                    ids.Add(id);
                }
            }
        }

        document.Describe("slides", ids.Count);
        foreach (var id in ids)
        {
            if (document.IsFull)
            {
                document.Truncate();
                return;
            }

            if (main.TryGetPartById(id, out var part) && part is SlidePart slide)
            {
                OfficeMarkup.Read(package, slide, document);
                OfficeMarkup.Read(package, slide.NotesSlidePart, document);
                document.Append('\n');
            }
        }
    }
}
