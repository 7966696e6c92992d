using System.IO.Compression;
using System.Text;

namespace Platform.Tests.Fixtures.Corpus;

/// <summary>ODT files, and ZIP files in general.</summary>
internal static class OpenDocumentFile
{
    public static byte[] With(string text, string title) => Zip(
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("content.xml", $"""
            <office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
                xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:text>
              <text:h>The heading</text:h>
              <text:p>{text}</text:p>
              <text:p>one<text:tab/>two<text:line-break/>three<text:s text:c="2"/>four</text:p>
              <table:table><table:table-row><table:table-cell><text:p>left</text:p></table:table-cell>
              <table:table-cell><text:p>right</text:p></table:table-cell></table:table-row></table:table>
            </office:text></office:body></office:document-content>
            """),
        ("meta.xml", $"""
            <office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
                xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"><office:meta><dc:title>{title}</dc:title>
              <meta:initial-creator>Ada</meta:initial-creator><meta:document-statistic meta:page-count="3"/></office:meta></office:document-meta>
            """));

    public static byte[] WithPassword() => Zip(
        ("content.xml", "not what it was"),
        ("META-INF/manifest.xml", "<manifest><file-entry><encryption-data/></file-entry></manifest>"));

    public static byte[] Zip(params (string Name, string Content)[] entries) => Zip(entries.Select(entry => (entry.Name, Encoding.UTF8.GetBytes(entry.Content))));

    public static byte[] Zip(IEnumerable<(string Name, byte[] Content)> entries)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create))
        {
            foreach (var (name, content) in entries)
            {
                // The type stands at the beginning of the file to be read there (OpenDocument 1.3, part 2, 3.3).
                var level = name == "mimetype" ? CompressionLevel.NoCompression : CompressionLevel.Optimal;
                using var stream = zip.CreateEntry(name, level).Open();
                stream.Write(content);
            }
        }

        return memory.ToArray();
    }
}
