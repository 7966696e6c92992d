using System.Text;

namespace Platform.Tests.Fixtures.Corpus;

/// <summary>Files of every type that can be uploaded, in several languages and encodings, made here: none of them is anybody's.</summary>
internal static class Corpus
{
    /// <summary>Good ones, each with a marker in its text.</summary>
    public static IReadOnlyList<CorpusFile> All { get; } = Make();

    public static CorpusFile Named(string name) => All.Single(file => file.Name == name);

    /// <summary>The first file of a type.</summary>
    public static CorpusFile OfType(string extension) => All.First(file => file.Extension == extension);

    private static List<CorpusFile> Make()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        return
        [
            new("report.pdf", PdfFile.With(["Quarterly report about heliotrope prices and the market for flowers.", "The second page says that everything is fine."]), "heliotrope", "en", "pdftotext"),
            new("letter.doc", WordFile.With("Dear reader,\rthe zephyrus blows from the west, and it has done so for years.\r", "Über die Straße geht ein Wind.\r"), "zephyrus"),
            new("contract.docx", OfficeFiles.Word("The contract about marzipan was signed by both parties yesterday."), "marzipan", "en"),
            new("prices.xlsx", OfficeFiles.Spreadsheet("labyrinth"), "labyrinth"),
            new("talk.pptx", OfficeFiles.Presentation("The jacaranda flowers in the spring of every year.", "Say that it is a tree."), "jacaranda", "en"),
            new("essay.odt", OpenDocumentFile.With("The pistachio is a nut that grows on trees in the south.", "Essay"), "pistachio", "en"),
            new("note.rtf", RichTextFile.With("The umbrella was left in the train by somebody, says Müller from Łódź."), "umbrella", "en"),
            new("message.eml", MailFile.With("About the dromedary", "The dromedary has one hump, and it walks through the desert without water."), "dromedary", "en"),
            new("plain.txt", Utf8("The quagmire was deep and nobody could walk through it in the winter."), "quagmire", "en"),
            new("data.json", Utf8("""{"name": "obsidian", "price": 12.5, "tags": ["black", "glass"], "sold": true, "nested": {"note": "It is a stone."}}"""), "obsidian"),
            new("table.csv", Utf8("name;price;note\r\ntamarind;3,50;\"sour; and \"\"sweet\"\"\"\r\npepper;2,10;hot\r\n"), "tamarind"),
            new("readme.md", Utf8("# Saxophone\n\nThe saxophone is an instrument that was made in the 1840s.\n\n- loud\n- made of brass\n"), "saxophone", "en"),
            new("page.html", Utf8("<!doctype html><html lang=en><head><title>Mandolins &amp; more</title><style>p{color:red}</style><script>var hidden = '</b>';</script></head>"
                + "<body><h1>The mandolin</h1><p>It has eight strings,&nbsp;and it is <b>loud</b>er than one thinks.</p><table><tr><td>one<td>two</table></body></html>"), "mandolin", "en"),
            new("old.htm", Encoding.Latin1.GetBytes("<html><head><meta http-equiv=Content-Type content='text/html; charset=iso-8859-1'></head><body>Das kaleidoskop gehört "
                + "den Kindern und nicht den Großeltern, obwohl es ihnen gefällt.</body></html>"), "kaleidoskop", "de"),
            new("feed.xml", Utf8("<?xml version=\"1.0\"?><!DOCTYPE catalog><catalog><item id=\"7\"><name>bergamot</name><note><![CDATA[a fruit]]></note></item></catalog>"), "bergamot"),
            new("drawing.svg", Utf8("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"50\"><title>A waterfall in the mountains</title>"
                + "<style>.hidden{}</style><text x=\"1\" y=\"2\">so <tspan>high</tspan></text></svg>"), "waterfall"),
            new("sign.png", Picture.Of("HARBOR").Png(), "HARBOR", null, "tesseract"),
            new("photo.jpg", Picture.Of("LANTERN").Jpeg(), "LANTERN", null, "tesseract"),
            new("photo.jpeg", Picture.Of("ANTLER").Jpeg(), "ANTLER", null, "tesseract"),
            new("animation.gif", Picture.Of("ROBOT").Gif(), "ROBOT", null, "tesseract"),
            new("bitmap.bmp", Picture.Of("THRONE").Bmp(), "THRONE", null, "tesseract"),
            new("modern.webp", Picture.Of("HOTEL").WebP(), "HOTEL", null, "tesseract"),
            new("scan.tiff", Picture.Of("ALBERTA").Tiff(), "ALBERTA", null, "tesseract"),
            new("scan.tif", Picture.Of("NOTABLE").Tiff(), "NOTABLE", null, "tesseract"),
            new("utf8-mark.txt", [0xEF, 0xBB, 0xBF, .. Utf8(German("Eisvogel"))], "Eisvogel", "de"),
            new("utf16-mark.txt", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(French("libellule"))], "libellule", "fr"),
            new("utf16-big.txt", [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(Spanish("mariposa"))], "mariposa", "es"),
            new("utf16-without-mark.txt", Encoding.Unicode.GetBytes(Russian("стрекоза")), "стрекоза", "ru"),
            new("utf16-big-without-mark.txt", Encoding.BigEndianUnicode.GetBytes(German("Nachtigall")), "Nachtigall", "de"),
            new("windows-1252-de.txt", Encoding.GetEncoding(1252).GetBytes(German("Rotkehlchen")), "Rotkehlchen", "de"),
            new("windows-1252-fr.txt", Encoding.GetEncoding(1252).GetBytes(French("hirondelle")), "hirondelle", "fr"),
            new("windows-1251.txt", Encoding.GetEncoding(1251).GetBytes(Russian("журавль")), "журавль", "ru"),
            new("greek.txt", Utf8(Greek("χελιδόνι")), "χελιδόνι", "el"),
            new("shift-jis.txt", Encoding.GetEncoding(932).GetBytes(Japanese("燈台守")), "燈台守", "ja"),
            new("japanese.txt", Utf8(Japanese("灯台")), "灯台", "ja"),
            new("arabic.txt", Utf8(Arabic("منارة")), "منارة", "ar"),
            new("german.docx", OfficeFiles.Word(German("Lebkuchen")), "Lebkuchen", "de"),
            new("russian.rtf", RichTextFile.With(Russian("медведь")), "медведь", "ru"),
            new("french.eml", MailFile.With("Une lettre", French("cerisier")), "cerisier", "fr"),
        ];
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string German(string marker) =>
        $"Der Vertrag über den {marker} wurde gestern von beiden Parteien unterschrieben. Für die Übergabe müssen die Schlüssel größtenteils "
        + "zurückgegeben werden, und niemand weiß, ob das möglich ist. Außerdem gehören die Gärten nicht zu dem Grundstück.";

    private static string French(string marker) =>
        $"Le contrat de la {marker} a été signé hier par les deux parties. Après l'été, les élèves étudient la géographie à l'école, où ils "
        + "apprennent beaucoup de choses très intéressantes. Voilà pourquoi nous avons décidé de rester ici.";

    private static string Spanish(string marker) =>
        $"El contrato de la {marker} fue firmado ayer por ambas partes. Mañana los niños irán a la escuela, donde aprenderán muchas cosas. "
        + "¿Quién sabe cuándo volverán? Nadie lo ha dicho todavía.";

    private static string Russian(string marker) =>
        $"Договор про {marker} был подписан вчера обеими сторонами. Завтра дети пойдут в школу, где они узнают много нового. "
        + "Никто не знает, когда они вернутся домой, но все надеются на лучшее.";

    private static string Greek(string marker) =>
        $"Η σύμβαση για το {marker} υπογράφηκε χθες από τα δύο μέρη. Αύριο τα παιδιά θα πάνε στο σχολείο, όπου θα μάθουν πολλά πράγματα.";

    private static string Japanese(string marker) =>
        $"契約は昨日、{marker}によって署名されました。明日、子どもたちは学校へ行って、たくさんのことを学びます。いつ帰るかは誰も知りません。";

    private static string Arabic(string marker) =>
        $"تم توقيع العقد حول {marker} أمس من قبل الطرفين. غدا سيذهب الأطفال إلى المدرسة حيث سيتعلمون أشياء كثيرة ولا أحد يعرف متى سيعودون.";
}
