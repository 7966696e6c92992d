using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Packaging;
using P = DocumentFormat.OpenXml.Presentation;
using D = DocumentFormat.OpenXml.Drawing;
using S = DocumentFormat.OpenXml.Spreadsheet;
using W = DocumentFormat.OpenXml.Wordprocessing;

namespace Platform.Tests.Fixtures.Corpus;

/// <summary>Office files, written by the library that reads them, with a bit of everything that has text.</summary>
internal static class OfficeFiles
{
    public static byte[] Word(string text)
    {
        using var memory = new MemoryStream();
        using (var file = WordprocessingDocument.Create(memory, WordprocessingDocumentType.Document))
        {
            file.PackageProperties.Title = "A contract";
            file.PackageProperties.Creator = "Ada";
            var main = file.AddMainDocumentPart();
            main.Document = new(new W.Body(
                Paragraph(text),
                new W.Paragraph(new W.Run(new W.Text("before"), new W.TabChar(), new W.Text("after"), new W.Break(), new W.Text("next line"))),
                new W.Table(new W.TableRow(new W.TableCell(Paragraph("left cell")), new W.TableCell(Paragraph("right cell")))),
                new W.Paragraph(new W.Run(new W.FieldCode("HYPERLINK hidden-code")))));
            main.AddNewPart<HeaderPart>().Header = new(Paragraph("In the header"));
            main.AddNewPart<FooterPart>().Footer = new(Paragraph("In the footer"));
            main.AddNewPart<FootnotesPart>().Footnotes = new(new W.Footnote(Paragraph("In the footnote")) { Id = 1 });
            main.AddNewPart<WordprocessingCommentsPart>().Comments = new(new W.Comment(Paragraph("In the comment")) { Id = "1", Author = "Bob" });
        }

        return memory.ToArray();
    }

    public static byte[] Spreadsheet(string text)
    {
        using var memory = new MemoryStream();
        using (var file = SpreadsheetDocument.Create(memory, SpreadsheetDocumentType.Workbook))
        {
            var workbook = file.AddWorkbookPart();
            workbook.AddNewPart<SharedStringTablePart>().SharedStringTable = new(new S.SharedStringItem(new S.Text(text)), new S.SharedStringItem(new S.Text("Price")));
            workbook.AddNewPart<WorkbookStylesPart>().Stylesheet = new()
            {
                NumberingFormats = new(new S.NumberingFormat { NumberFormatId = 165, FormatCode = "dd\\.mm\\.yyyy" }),
                CellFormats = new(new S.CellFormat { NumberFormatId = 0 }, new S.CellFormat { NumberFormatId = 14 }, new S.CellFormat { NumberFormatId = 165 }),
            };
            var second = Sheet(workbook, Row(Cell("in the second", S.CellValues.InlineString)));
            var first = Sheet(workbook,
                Row(Cell("1", S.CellValues.SharedString), Cell("0", S.CellValues.SharedString)),
                Row(Cell("0.30000000000000004"), Cell("46023", style: 1), Cell("46023.5", style: 2), Cell("1", S.CellValues.Boolean)));
            // Not in the order of their parts.
            workbook.Workbook = new(new S.Sheets(
                new S.Sheet { Name = "Prices of 2026", SheetId = 1, Id = workbook.GetIdOfPart(first) },
                new S.Sheet { Name = "More", SheetId = 2, Id = workbook.GetIdOfPart(second) }));
        }

        return memory.ToArray();
    }

    public static byte[] Presentation(string text, string notes)
    {
        using var memory = new MemoryStream();
        using (var file = PresentationDocument.Create(memory, PresentationDocumentType.Presentation))
        {
            var presentation = file.AddPresentationPart();
            var last = Slide(presentation, "The last slide");
            var first = Slide(presentation, text);
            first.AddNewPart<NotesSlidePart>().NotesSlide = new(new P.CommonSlideData(Tree(notes)));
            presentation.Presentation = new(new P.SlideIdList(
                new P.SlideId { Id = 256, RelationshipId = presentation.GetIdOfPart(first) },
                new P.SlideId { Id = 257, RelationshipId = presentation.GetIdOfPart(last) }));
        }

        return memory.ToArray();
    }

    private static W.Paragraph Paragraph(string text) => new(new W.Run(new W.Text(text) { Space = SpaceProcessingModeValues.Preserve }));

    private static WorksheetPart Sheet(WorkbookPart workbook, params S.Row[] rows)
    {
        var part = workbook.AddNewPart<WorksheetPart>();
        part.Worksheet = new(new S.SheetData(rows));
        return part;
    }

    private static S.Row Row(params S.Cell[] cells) => new(cells);

    private static S.Cell Cell(string value, S.CellValues? type = null, uint style = 0)
    {
        var cell = new S.Cell { StyleIndex = style };
        if (type == S.CellValues.InlineString)
        {
            cell.InlineString = new(new S.Text(value));
        }
        else
        {
            cell.CellValue = new(value);
        }

        if (type is { } known)
        {
            cell.DataType = known;
        }

        return cell;
    }

    private static SlidePart Slide(PresentationPart presentation, string text)
    {
        var part = presentation.AddNewPart<SlidePart>();
        part.Slide = new(new P.CommonSlideData(Tree(text)));
        return part;
    }

    private static P.ShapeTree Tree(string text) => new(new P.Shape(new P.TextBody(new D.BodyProperties(), new D.Paragraph(new D.Run(new D.Text(text))))));
}
