using System.Xml;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>The attribute by which a part names another one: <c>r:id</c>, in one of two namespaces.</summary>
internal static class OfficeRelation
{
    public static string? Of(XmlReader element) =>
        element.GetAttribute("id", "http://schemas.openxmlformats.org/officeDocument/2006/relationships")
        ?? element.GetAttribute("id", "http://purl.oclc.org/ooxml/officeDocument/relationships");
}
