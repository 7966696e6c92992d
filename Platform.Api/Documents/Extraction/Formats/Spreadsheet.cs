using System.Globalization;
using System.Text;
using System.Xml;
using DocumentFormat.OpenXml.Packaging;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.xlsx: the sheets in their order with their names, a row a line, cells with tabs between them.</summary>
internal static class Spreadsheet
{
    /// <summary>Characters of shared strings that are kept; what comes after is not shown anyway.</summary>
    private const int MaxSharedText = 8_000_000;

    public static void Read(string path, ExtractedDocument document)
    {
        using var package = ZipPackage.Open(path);
        using var spreadsheet = SpreadsheetDocument.Open(path, isEditable: false, OfficeMarkup.Settings);
        OfficeMarkup.Describe(spreadsheet, document);
        var workbook = spreadsheet.WorkbookPart ?? throw new UnreadableDocumentException("The file has no workbook in it.");
        var (sheets, has1904) = Sheets(package, workbook);
        document.Describe("sheets", sheets.Count);
        var strings = SharedStrings(package, workbook.SharedStringTablePart);
        var dates = DateStyles(package, workbook.WorkbookStylesPart);
        foreach (var (name, id) in sheets)
        {
            if (document.IsFull)
            {
                document.Truncate();
                return;
            }

            document.AppendLine(name);
            if (workbook.TryGetPartById(id, out var part) && part is WorksheetPart)
            {
                ReadSheet(Open(package, part), strings, dates, has1904, document);
                document.Append('\n');
            }
        }
    }

    private static XmlReader Open(ZipPackage package, OpenXmlPart part) =>
        Xml.CreateReader(package.Count(part.GetStream(FileMode.Open, FileAccess.Read)));

    private static (List<(string Name, string Id)> Sheets, bool Has1904) Sheets(ZipPackage package, WorkbookPart workbook)
    {
        var sheets = new List<(string, string)>();
        var has1904 = false;
        using var reader = Open(package, workbook);
        while (reader.Read())
        {
            if (reader is { NodeType: XmlNodeType.Element, LocalName: "sheet" } && OfficeRelation.Of(reader) is { } id)
            {
                sheets.Add((reader.GetAttribute("name") ?? "", id));
            }
            else if (reader is { NodeType: XmlNodeType.Element, LocalName: "workbookPr" })
            {
                has1904 = reader.GetAttribute("date1904") is "1" or "true";
            }
        }

        return (sheets, has1904);
    }

    private static List<string> SharedStrings(ZipPackage package, SharedStringTablePart? part)
    {
        var strings = new List<string>();
        if (part is null)
        {
            return strings;
        }

        using var reader = Open(package, part);
        var text = new StringBuilder();
        var length = 0L;
        // Inside of rPh is how a text is pronounced.
        var pronunciations = 0;
        var isText = false;
        while (length < MaxSharedText && reader.Read())
        {
            switch (reader.NodeType, reader.LocalName)
            {
                case (XmlNodeType.Element, "si"):
                    text.Clear();
                    if (reader.IsEmptyElement)
                    {
                        strings.Add("");
                    }

                    break;
                case (XmlNodeType.EndElement, "si"):
                    strings.Add(text.ToString());
                    length += text.Length + 16;
                    break;
                case (XmlNodeType.Element, "rPh"):
                    pronunciations += reader.IsEmptyElement ? 0 : 1;
                    break;
                case (XmlNodeType.EndElement, "rPh"):
                    pronunciations--;
                    break;
                case (XmlNodeType.Element, "t"):
                    isText = !reader.IsEmptyElement;
                    break;
                case (XmlNodeType.EndElement, _):
                    isText = false;
                    break;
                case (XmlNodeType.Text or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace or XmlNodeType.CDATA, _)
                    when isText && pronunciations == 0 && text.Length < ExtractedDocument.MaxTextLength:
                    text.Append(reader.Value);
                    break;
            }
        }

        return strings;
    }

    /// <summary>The styles, by their index, that show a number as a date.</summary>
    private static HashSet<int> DateStyles(ZipPackage package, WorkbookStylesPart? part)
    {
        var dates = new HashSet<int>();
        if (part is null)
        {
            return dates;
        }

        var custom = new HashSet<int>();
        using var reader = Open(package, part);
        var isCellFormats = false;
        var index = 0;
        while (reader.Read())
        {
            if (reader is { NodeType: XmlNodeType.EndElement, LocalName: "cellXfs" })
            {
                isCellFormats = false;
            }
            else if (reader.NodeType == XmlNodeType.Element)
            {
                switch (reader.LocalName)
                {
                    case "numFmt" when int.TryParse(reader.GetAttribute("numFmtId"), CultureInfo.InvariantCulture, out var id)
                        && IsDate(reader.GetAttribute("formatCode")):
                        custom.Add(id);
                        break;
                    case "cellXfs":
                        isCellFormats = !reader.IsEmptyElement;
                        break;
                    case "xf" when isCellFormats:
                        if (int.TryParse(reader.GetAttribute("numFmtId"), CultureInfo.InvariantCulture, out var format)
                            && (custom.Contains(format) || format is (>= 14 and <= 22) or (>= 27 and <= 36) or (>= 45 and <= 47) or (>= 50 and <= 58)))
                        {
                            dates.Add(index);
                        }

                        index++;
                        break;
                }
            }
        }

        return dates;
    }

    /// <summary>A format with a year, a month, a day, an hour or a second outside of quotes and brackets.</summary>
    private static bool IsDate(string? format)
    {
        var end = '\0';
        foreach (var c in format ?? "")
        {
            if (end != '\0')
            {
                end = c == end ? '\0' : end;
            }
            else if (c is '"' or '[')
            {
                end = c == '"' ? '"' : ']';
            }
            else if (c is 'y' or 'm' or 'd' or 'h' or 's' or 'Y' or 'M' or 'D' or 'H' or 'S')
            {
                return true;
            }
        }

        return false;
    }

    private static void ReadSheet(XmlReader sheet, List<string> strings, HashSet<int> dates, bool has1904, ExtractedDocument document)
    {
        using var reader = sheet;
        var value = new StringBuilder();
        string? type = null;
        var style = 0;
        var isValue = false;
        while (!document.IsFull && reader.Read())
        {
            switch (reader.NodeType, reader.LocalName)
            {
                case (XmlNodeType.Element, "c"):
                    type = reader.GetAttribute("t");
                    style = int.TryParse(reader.GetAttribute("s"), CultureInfo.InvariantCulture, out var index) ? index : 0;
                    value.Clear();
                    if (reader.IsEmptyElement)
                    {
                        document.Append('\t');
                    }

                    break;
                case (XmlNodeType.Element, "v" or "t"):
                    isValue = !reader.IsEmptyElement;
                    break;
                case (XmlNodeType.EndElement, "v" or "t"):
                    isValue = false;
                    break;
                case (XmlNodeType.EndElement, "c"):
                    document.Append(Shown(value.ToString(), type, dates.Contains(style), strings, has1904));
                    document.Append('\t');
                    break;
                case (XmlNodeType.EndElement, "row"):
                    document.EndLine();
                    break;
                case (XmlNodeType.Text or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace or XmlNodeType.CDATA, _)
                    when isValue && value.Length < ExtractedDocument.MaxTextLength:
                    value.Append(reader.Value);
                    break;
            }
        }
    }

    private static string Shown(string value, string? type, bool isDate, List<string> strings, bool has1904)
    {
        switch (type)
        {
            case "s":
                return int.TryParse(value, CultureInfo.InvariantCulture, out var index) && index >= 0 && index < strings.Count ? strings[index] : "";
            case "b":
                return value == "1" ? "TRUE" : "FALSE";
            case null or "n" when double.TryParse(value, CultureInfo.InvariantCulture, out var number):
                return isDate && number is >= 0 and < 2_958_466
                    ? Date(has1904 ? number + 1462 : number)
                    // 15 digits are what a spreadsheet shows of 0.30000000000000004.
                    : number.ToString("G15", CultureInfo.InvariantCulture);
            default:
                return value;
        }
    }

    private static string Date(double days)
    {
        var time = DateTime.FromOADate(days);
        return time.ToString(days < 1 ? "HH:mm:ss" : time.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
    }
}
