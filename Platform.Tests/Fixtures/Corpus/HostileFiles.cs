using System.IO.Compression;
using System.Text;

namespace Platform.Tests.Fixtures.Corpus;

/// <summary>Files that are made to hurt whoever reads them, and files that are broken.</summary>
internal static class HostileFiles
{
    private const string BillionLaughs = """
        <?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
        <!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">
        <!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;"><!ENTITY h "&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;"><!ENTITY i "&h;&h;&h;&h;&h;&h;&h;&h;&h;&h;">]>
        """;

    /// <summary>By name. Made when asked for, since some are large.</summary>
    public static IReadOnlyDictionary<string, Func<byte[]>> All { get; } = new Dictionary<string, Func<byte[]>>
    {
        ["bomb.docx"] = () => Bomb("word/document.xml"),
        ["bomb.odt"] = () => Bomb("content.xml"),
        ["many-parts.odt"] = () => OpenDocumentFile.Zip(Enumerable.Range(0, 30_000).Select(i => ($"part{i}", Array.Empty<byte>()))),
        ["lying-sizes.docx"] = LyingSizes,
        ["not-so-packed.xlsx"] = () => Replaced(Corpus.Named("prices.xlsx").Bytes, "xl/sharedStrings.xml", new string('<', 50_000_000)),
        ["laughs.docx"] = () => Replaced(Corpus.Named("contract.docx").Bytes, "word/document.xml", BillionLaughs + "<document><p><t>&i;</t></p></document>"),
        ["laughs.xml"] = () => Bytes(BillionLaughs + "<lolz>&i;</lolz>"),
        ["laughs.svg"] = () => Bytes(BillionLaughs + "<svg><text>&i;</text></svg>"),
        ["external.xml"] = () => Bytes("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"),
        ["external-subset.xml"] = () => Bytes("<!DOCTYPE a SYSTEM \"file:///dev/zero\"><a>fine</a>"),
        ["deep.xml"] = () => Bytes(Repeat("<a>", 100_000) + "x" + Repeat("</a>", 100_000)),
        ["deep.svg"] = () => Bytes("<svg>" + Repeat("<g>", 100_000) + Repeat("</g>", 100_000) + "</svg>"),
        ["deep.docx"] = () => WithBody(Repeat("<tbl><tr><tc><p>", 100_000) + "<r><t>x</t></r>" + Repeat("</p></tc></tr></tbl>", 100_000)),
        ["deep.json"] = () => Bytes(Repeat("[", 100_000) + "1" + Repeat("]", 100_000)),
        ["deep-objects.json"] = () => Bytes(Repeat("{\"a\":", 100_000) + "1" + Repeat("}", 100_000)),
        ["deep.html"] = () => Bytes(Repeat("<div>", 100_000) + "text" + Repeat("</div>", 100_000)),
        ["deep-formatting.html"] = () => Bytes(Repeat("<b><i><a><table><td>", 50_000) + "text"),
        ["endless-comment.html"] = () => Bytes("text<!--" + new string('-', 5_000_000)),
        ["many-attributes.html"] = () => Bytes("<div " + string.Concat(Enumerable.Range(0, 200_000).Select(i => $"a{i} ")) + ">text</div>"),
        ["deep.rtf"] = () => Bytes("{\\rtf1 " + Repeat("{", 1_000_000) + "x" + Repeat("}", 1_000_000) + "}"),
        ["binary.rtf"] = () => Bytes("{\\rtf1 \\bin2147483647 x\\bin-5 \\u99999999999 \\uc9999999 \\'zz \\'"),
        ["nested.eml"] = () => MailFile.Nested(1000),
        ["nested-multiparts.eml"] = () => MailFile.NestedMultiparts(1000),
        ["circle.pdf"] = PdfFile.WithCircularPages,
        ["circular-forms.pdf"] = PdfFile.WithCircularForms,
        ["endless.pdf"] = () => PdfFile.WithForms(9),
        ["packed-twice.pdf"] = () => PdfFile.PackedTwice(128),
        ["password.pdf"] = PdfFile.WithPassword,
        ["password.docx"] = WordFile.WithEncryptedPackage,
        ["password.odt"] = OpenDocumentFile.WithPassword,
        ["circle.doc"] = WordFile.WithCircularChain,
        ["huge.png"] = () => Picture.Png(100_000, 100_000, new byte[1000]),
        ["huge-and-true.png"] = () => Picture.Png(20_000, 20_000, new byte[20_001 * 20_000]),
        ["circular.tiff"] = CircularTiff,
        ["huge-second-page.tiff"] = HugeSecondPage,
        ["long-line.csv"] = () => Bytes(Repeat("abcdefghi,", 4_000_000)),
        ["unclosed-quote.csv"] = () => Bytes("a,b\n\"" + Repeat("x\n", 1_000_000)),
        ["nul.txt"] = () => new byte[1_000_000],
        ["combining.txt"] = () => Bytes("e" + Repeat("\u0301", 500_000)),
        ["ats.txt"] = () => Bytes(Repeat("@", 1_000_000)),
        ["almost-addresses.txt"] = () => Bytes(Repeat("a", 300_000) + Repeat("a@a.", 150_000)),
        ["digits.txt"] = () => Bytes(Repeat("1 (2)-", 150_000)),
        ["urls.txt"] = () => Bytes(Repeat("http://", 140_000)),
        ["one-word.txt"] = () => Bytes(Repeat("a", 1_000_000)),
        ["distinct-words.txt"] = () => Bytes(string.Join(' ', Enumerable.Range(0, 140_000).Select(i => $"word{i:x}"))),
        ["empty.txt"] = () => [],
        ["blank.txt"] = () => Bytes("   \n\n \t \n"),
        ["one-byte.txt"] = () => [0xFF],
        ["lone-surrogates.txt"] = () => Encoding.Unicode.GetBytes("\uFEFFab \uD800 cd \uDC00\uD800 ef"),
        ["surrogate.json"] = () => Bytes("""{"a": "\ud800", "b\u0000": "\u0000x"}"""),
    };

    /// <summary>Bytes of the same kind every time.</summary>
    public static byte[] Random(int seed, int length)
    {
        var bytes = new byte[length];
#pragma warning disable CA5394 // Not for secrets: the same bytes in every run.
        new Random(seed).NextBytes(bytes);
#pragma warning restore CA5394
        return bytes;
    }

    /// <summary>210 MB of nothing in 200 KB.</summary>
    private static byte[] Bomb(string name)
    {
        var piece = new byte[1024 * 1024];
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var stream = archive.CreateEntry(name).Open();
            for (var i = 0; i < 210; i++)
            {
                stream.Write(piece);
            }
        }

        return memory.ToArray();
    }

    /// <summary>A .docx whose body is the XML.</summary>
    private static byte[] WithBody(string xml) =>
        Replaced(Corpus.Named("contract.docx").Bytes, "word/document.xml", $"<document><body>{xml}</body></document>");

    private static byte[] Replaced(byte[] zip, string name, string content)
    {
        using var memory = new MemoryStream();
        memory.Write(zip);
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Update, leaveOpen: true))
        {
            archive.GetEntry(name)!.Delete();
            using var stream = archive.CreateEntry(name, CompressionLevel.Fastest).Open();
            stream.Write(Encoding.UTF8.GetBytes(content));
        }

        return memory.ToArray();
    }

    /// <summary>A bomb that declares 100 bytes in its directory and in its entry.</summary>
    private static byte[] LyingSizes()
    {
        var zip = OpenDocumentFile.Zip([("word/document.xml", new byte[50_000_000])]);
        var size = BitConverter.GetBytes(50_000_000);
        for (var i = 0; i + 4 <= zip.Length; i++)
        {
            if (zip.AsSpan(i, 4).SequenceEqual(size))
            {
                BitConverter.GetBytes(100).CopyTo(zip, i);
            }
        }

        return zip;
    }

    /// <summary>The page that follows the only page is that page.</summary>
    private static byte[] CircularTiff()
    {
        var file = Picture.Of("NOTABLE").Tiff();
        file.AsSpan(4, 4).CopyTo(file.AsSpan(file.Length - 4));
        return file;
    }

    /// <summary>A small page, and one of 60 000 x 60 000 pixels, of which only a few are there.</summary>
    private static byte[] HugeSecondPage()
    {
        var file = Picture.Of("NOTABLE").Tiff();
        var directory = file[BitConverter.ToInt32(file, 4)..];
        BitConverter.GetBytes(file.Length).CopyTo(file, file.Length - 4);
        // Width, height and rows in a strip: the last four of the twelve bytes of an entry.
        foreach (var entry in (int[])[0, 1, 7])
        {
            BitConverter.GetBytes(60_000).CopyTo(directory, 2 + (12 * entry) + 8);
        }

        return [.. file, .. directory];
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Repeat(string text, int count) => new StringBuilder(text.Length * count).Insert(0, text, count).ToString();
}
