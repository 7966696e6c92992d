using System.Xml;
using DocumentFormat.OpenXml.Packaging;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>
/// What Word and PowerPoint have in common. Parts are read as a stream of XML, not as the library's tree: however deep or long they are,
/// they take no stack and little memory. Names are compared without their namespaces, of which there are two generations.
/// </summary>
internal static class OfficeMarkup
{
    private static readonly HashSet<string> Unseen = ["instrText", "delText", "delInstrText", "Fallback", "fldData"];

    /// <summary>The file's own limits, for what the library reads of it.</summary>
    public static OpenSettings Settings { get; } = new() { AutoSave = false, MaxCharactersInPart = 250_000_000 };

    /// <summary>The paragraphs of a part.</summary>
    public static void Read(ZipPackage package, OpenXmlPart? part, ExtractedDocument document)
    {
        if (part is null)
        {
            return;
        }

        using var stream = package.Count(part.GetStream(FileMode.Open, FileAccess.Read));
        using var reader = Xml.CreateReader(stream);
        var cells = 0;
        var isText = false;
        var isMore = reader.Read();
        while (isMore && !document.IsFull)
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element when Unseen.Contains(reader.LocalName):
                    reader.Skip();
                    continue;
                case XmlNodeType.Element when reader.LocalName == "t":
                    isText = !reader.IsEmptyElement;
                    break;
                case XmlNodeType.Element:
                    cells += reader.LocalName == "tc" && !reader.IsEmptyElement ? 1 : 0;
                    AppendSymbol(reader.LocalName, document);
                    break;
                case XmlNodeType.Text or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace or XmlNodeType.CDATA when isText:
                    document.Append(reader.Value);
                    break;
                case XmlNodeType.EndElement:
                    isText = false;
                    cells -= reader.LocalName == "tc" ? 1 : 0;
                    AppendEnd(reader.LocalName, cells > 0, document);
                    break;
            }

            isMore = reader.Read();
        }

        document.EndLine();
    }

    /// <summary>Title, author and so on, as all three programs keep them.</summary>
    public static void Describe(OpenXmlPackage file, ExtractedDocument document)
    {
        var properties = file.PackageProperties;
        document.Describe("title", properties.Title);
        document.Describe("author", properties.Creator);
        document.Describe("subject", properties.Subject);
        document.Describe("keywords", properties.Keywords);
        document.Describe("created", properties.Created?.ToString("u"));
        document.Describe("modified", properties.Modified?.ToString("u"));
        document.Describe("last_modified_by", properties.LastModifiedBy);
    }

    private static void AppendSymbol(string name, ExtractedDocument document)
    {
        switch (name)
        {
            case "tab" or "ptab":
                document.Append('\t');
                break;
            case "br" or "cr":
                document.Append('\n');
                break;
            case "noBreakHyphen":
                document.Append('-');
                break;
        }
    }

    /// <summary>A table row is a line with tabs.</summary>
    private static void AppendEnd(string name, bool isInCell, ExtractedDocument document)
    {
        switch (name)
        {
            case "p":
                document.Append(isInCell ? ' ' : '\n');
                break;
            case "tc":
                document.Append('\t');
                break;
            case "tr":
                document.EndLine();
                break;
        }
    }
}
