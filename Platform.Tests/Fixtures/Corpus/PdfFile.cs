using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Platform.Tests.Fixtures.Corpus;

/// <summary>PDF files, written by hand: a catalog, a page tree, a base-14 font, a content stream a page.</summary>
internal static class PdfFile
{
    public static byte[] With(IReadOnlyList<string> pages)
    {
        var objects = new List<string>
        {
            "<< /Type /Catalog /Pages 2 0 R >>",
            $"<< /Type /Pages /Count {pages.Count} /Kids [{string.Join(' ', pages.Select((_, i) => $"{5 + (i * 2)} 0 R"))}] >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            "<< /Title (A report) /Author (Ada) /CreationDate (D:20260102030405Z) >>",
        };
        for (var i = 0; i < pages.Count; i++)
        {
            objects.Add($"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {6 + (i * 2)} 0 R >>");
            objects.Add(Stream($"BT /F1 12 Tf 50 800 Td ({pages[i]}) Tj ET"));
        }

        return Of(objects);
    }

    /// <summary>The page tree is its own child.</summary>
    public static byte[] WithCircularPages() => Of(
    [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1000000 /Kids [2 0 R 2 0 R 2 0 R] /Parent 2 0 R >>",
    ]);

    /// <summary>A page draws a form that draws itself, twice.</summary>
    public static byte[] WithCircularForms() => Of(
    [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /XObject << /X 5 0 R >> >> /Contents 4 0 R >>",
        Stream("/X Do"),
        Stream("/X Do /X Do", "/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X 5 0 R >> >>"),
    ]);

    /// <summary>Forms draw forms: 10 to the 9th texts, in two kilobytes.</summary>
    public static byte[] WithForms(int levels)
    {
        var objects = new List<string>
        {
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> /XObject << /X 6 0 R >> >> /Contents 4 0 R >>",
            Stream("/X Do"),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        };
        for (var level = 0; level < levels; level++)
        {
            objects.Add(Stream(
                string.Concat(Enumerable.Repeat("/X Do ", 10)),
                $"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /X {objects.Count + 2} 0 R >> >>"));
        }

        objects.Add(Stream("BT /F1 1 Tf 50 800 Td (lol) Tj ET", "/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >>"));
        return Of(objects);
    }

    /// <summary>A page of so many megabytes of blanks, compressed, and what came of that compressed again.</summary>
    public static byte[] PackedTwice(int megabytes) => Of(
    [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        Stream(Encoding.Latin1.GetString(Packed(Packed([.. Enumerable.Repeat((byte)' ', 1 << 20)], megabytes))), "/Filter [/FlateDecode /FlateDecode]"),
    ]);

    /// <summary>Encrypted (RC4, 40 bits), with a password that nobody has.</summary>
    public static byte[] WithPassword()
    {
        var key = string.Concat(Enumerable.Repeat("5A", 32));
        return Of(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Count 0 /Kids [] >>",
        ],
        $"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{key}> /U <{key}> /P -4 >> /ID [<00> <00>]");
    }

    private static byte[] Packed(byte[] piece, int times = 1)
    {
        using var packed = new MemoryStream();
        using (var packer = new ZLibStream(packed, CompressionLevel.Optimal))
        {
            for (; times > 0; times--)
            {
                packer.Write(piece);
            }
        }

        return packed.ToArray();
    }

    private static string Stream(string content, string dictionary = "") => $"<< {dictionary} /Length {content.Length} >>\nstream\n{content}\nendstream";

    private static byte[] Of(List<string> objects, string trailer = "")
    {
        var file = new StringBuilder("%PDF-1.4\n");
        var offsets = new List<int>();
        foreach (var (content, i) in objects.Select((content, i) => (content, i)))
        {
            offsets.Add(file.Length);
            file.Append(CultureInfo.InvariantCulture, $"{i + 1} 0 obj\n{content}\nendobj\n");
        }

        var table = file.Length;
        file.Append(CultureInfo.InvariantCulture, $"xref\n0 {objects.Count + 1}\n0000000000 65535 f \n");
        foreach (var offset in offsets)
        {
            file.Append(CultureInfo.InvariantCulture, $"{offset:0000000000} 00000 n \n");
        }

        var info = objects.Exists(content => content.Contains("/Title", StringComparison.Ordinal)) ? "/Info 4 0 R" : "";
        file.Append(CultureInfo.InvariantCulture, $"trailer\n<< /Size {objects.Count + 1} /Root 1 0 R {info} {trailer} >>\nstartxref\n{table}\n%%EOF\n");
        return Encoding.Latin1.GetBytes(file.ToString());
    }
}
