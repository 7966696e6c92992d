using System.Xml;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.xml and .svg, read as a stream: no document type is processed, no entity replaced, nothing fetched.</summary>
internal static class Xml
{
    private static readonly HashSet<string> SvgTexts = ["text", "tspan", "title", "desc", "textPath", "a", "tref", "p", "div", "span"];

    /// <summary>For every piece of XML in every format.</summary>
    public static XmlReader CreateReader(Stream stream) => XmlReader.Create(stream, new()
    {
        DtdProcessing = DtdProcessing.Ignore,
        XmlResolver = null,
        MaxCharactersInDocument = 250_000_000,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CheckCharacters = false,
    });

    public static void Read(string path, ExtractedDocument document)
    {
        try
        {
            using var file = File.OpenRead(path);
            ReadElements(file, document);
        }
        catch (XmlException)
        {
            document.Note = "The XML is not well-formed, or uses entities of its own; its text was taken as it is.";
            document.Clear();
            PlainText.Read(path, document);
        }
    }

    /// <summary>The texts in the drawing and its size.</summary>
    public static void ReadSvg(string path, ExtractedDocument document)
    {
        document.Describe("type", "SVG");
        Read(path, document, SvgTexts.Contains);
    }

    private static void Read(string path, ExtractedDocument document, Predicate<string> isText)
    {
        using var file = File.OpenRead(path);
        using var reader = CreateReader(file);
        var isRoot = true;
        var name = "";
        while (!document.IsFull && reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    name = reader.LocalName;
                    if (isRoot)
                    {
                        if (name != "svg")
                        {
                            throw new UnreadableDocumentException("The file is not an SVG drawing.");
                        }

                        isRoot = false;
                        document.Describe("width", reader.GetAttribute("width"));
                        document.Describe("height", reader.GetAttribute("height"));
                    }

                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA when isText(name):
                    document.AppendLine(reader.Value);
                    break;
                case XmlNodeType.EndElement:
                    name = reader.LocalName is "tspan" or "a" ? "text" : "";
                    break;
            }
        }
    }

    private static void ReadElements(Stream stream, ExtractedDocument document)
    {
        using var reader = CreateReader(stream);
        var name = "";
        while (!document.IsFull && reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    document.EndLine();
                    name = reader.LocalName;
                    while (reader.MoveToNextAttribute())
                    {
                        if (reader.Prefix != "xmlns" && reader.Name != "xmlns")
                        {
                            document.AppendLine($"{reader.LocalName}: {reader.Value}");
                        }
                    }

                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA:
                    document.Append(name.Length > 0 ? $"{name}: {reader.Value}" : reader.Value);
                    name = "";
                    break;
                case XmlNodeType.EndElement:
                    document.EndLine();
                    name = "";
                    break;
            }
        }
    }
}
