using System.Globalization;
using System.Xml;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.odt: the paragraphs of content.xml and the description in meta.xml.</summary>
internal static class OpenDocument
{
    private static readonly HashSet<string> Unseen = ["tracked-changes", "script", "binary-data"];

    public static void Read(string path, ExtractedDocument document)
    {
        using var package = ZipPackage.Open(path);
        if (IsEncrypted(package))
        {
            throw new UnreadableDocumentException("The file is protected by a password.");
        }

        Describe(package, document);
        using var content = package.OpenPart("content.xml") ?? throw new UnreadableDocumentException("The file has no document in it.");
        using var reader = Xml.CreateReader(content);
        // Text is what is in paragraphs and headings; everything else is layout.
        var paragraphs = 0;
        var cells = 0;
        var isMore = reader.Read();
        while (isMore && !document.IsFull)
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element when Unseen.Contains(reader.LocalName):
                    reader.Skip();
                    continue;
                case XmlNodeType.Element:
                    paragraphs += reader.LocalName is "p" or "h" && !reader.IsEmptyElement ? 1 : 0;
                    cells += reader.LocalName == "table-cell" && !reader.IsEmptyElement ? 1 : 0;
                    AppendSymbol(reader, document);
                    break;
                case XmlNodeType.Text or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace or XmlNodeType.CDATA when paragraphs > 0:
                    document.Append(reader.Value.ReplaceLineEndings(" "));
                    break;
                case XmlNodeType.EndElement:
                    paragraphs -= reader.LocalName is "p" or "h" ? 1 : 0;
                    cells -= reader.LocalName == "table-cell" ? 1 : 0;
                    AppendEnd(reader.LocalName, cells > 0, document);
                    break;
            }

            isMore = reader.Read();
        }

        if (document.IsFull)
        {
            document.Truncate();
        }
    }

    private static void AppendSymbol(XmlReader reader, ExtractedDocument document)
    {
        switch (reader.LocalName)
        {
            case "tab":
                document.Append('\t');
                break;
            case "line-break":
                document.Append('\n');
                break;
            case "s":
                var count = int.TryParse(reader.GetAttribute("c", reader.NamespaceURI), CultureInfo.InvariantCulture, out var spaces) ? spaces : 1;
                document.Append(new string(' ', Math.Clamp(count, 0, 100)));
                break;
        }
    }

    private static void AppendEnd(string name, bool isInCell, ExtractedDocument document)
    {
        switch (name)
        {
            case "p" or "h":
                document.Append(isInCell ? ' ' : '\n');
                break;
            case "table-cell":
                document.Append('\t');
                break;
            case "table-row":
                document.EndLine();
                break;
        }
    }

    private static bool IsEncrypted(ZipPackage package)
    {
        using var manifest = package.OpenPart("META-INF/manifest.xml");
        if (manifest is null)
        {
            return false;
        }

        using var reader = Xml.CreateReader(manifest);
        while (reader.Read())
        {
            if (reader is { NodeType: XmlNodeType.Element, LocalName: "encryption-data" })
            {
                return true;
            }
        }

        return false;
    }

    private static void Describe(ZipPackage package, ExtractedDocument document)
    {
        using var meta = package.OpenPart("meta.xml");
        if (meta is null)
        {
            return;
        }

        using var reader = Xml.CreateReader(meta);
        var name = "";
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    name = reader.LocalName;
                    if (name == "document-statistic")
                    {
                        document.Describe("pages", reader.GetAttribute("page-count", reader.NamespaceURI));
                    }

                    break;
                case XmlNodeType.Text:
                    document.Describe(name switch
                    {
                        "title" or "subject" or "generator" => name,
                        "initial-creator" => "author",
                        "creator" => "last_modified_by",
                        "creation-date" => "created",
                        "date" => "modified",
                        _ => "",
                    }, reader.Value);
                    break;
            }
        }
    }
}
