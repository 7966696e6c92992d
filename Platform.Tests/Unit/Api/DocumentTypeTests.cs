using System.IO.Compression;
using System.Text;
using FsCheck.Xunit;
using Platform.Api.Documents;

namespace Platform.Tests.Unit.Api;

[Trait("Defect", "D04")]
public sealed class DocumentTypeTests
{
    private static readonly byte[] Program = [.. "MZ"u8, 0x90, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0xFF, 0xFF, .. new byte[100]];
    private static readonly byte[] Png = [0x89, .. "PNG\r\n\x1A\n"u8, 0, 0, 0, 13, .. "IHDR"u8];
    private static readonly byte[] Ole = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, .. new byte[500]];

    [Fact]
    public void The_list_is_the_originals_and_six_more() => Assert.Equal(
        [
            ".bmp", ".csv", ".doc", ".docx", ".eml", ".gif", ".htm", ".html", ".jpeg", ".jpg", ".json", ".md", ".odt", ".pdf", ".png", ".pptx",
            ".rtf", ".svg", ".tif", ".tiff", ".txt", ".webp", ".xlsx", ".xml",
        ],
        FileType.Extensions.Order());

    [Theory]
    [InlineData(".pdf", "%PDF-1.7\n")]
    [InlineData(".pdf", "\uFEFF  %PDF-1.7\n")]
    [InlineData(".txt", "hello\r\n\tworld")]
    [InlineData(".TXT", "Grüße")]
    [InlineData(".md", "# a")]
    [InlineData(".csv", "a;b\n1;2")]
    [InlineData(".json", " {\"a\": 1}")]
    [InlineData(".json", "-1")]
    [InlineData(".htm", "<p>")]
    [InlineData(".xml", "\uFEFF<?xml version='1.0'?><a/>")]
    [InlineData(".eml", "Received: from a\r\n")]
    [InlineData(".rtf", @"{\rtf1 a}")]
    [InlineData(".svg", "<?xml version='1.0'?>\n<!-- > <svg> -->\n<!DOCTYPE svg [ <!ENTITY a 'b'> ]>\n<svg xmlns='http://www.w3.org/2000/svg'>")]
    [InlineData(".svg", "<s:svg/>")]
    [InlineData(".gif", "GIF89a")]
    [InlineData(".webp", "RIFF1234WEBPVP8 ")]
    public void Content_that_matches_is_taken(string extension, string content) => Assert.True(Matches(extension, Encoding.UTF8.GetBytes(content)));

    [Theory]
    [InlineData(".txt", "%PDF-1.7")]
    [InlineData(".txt", "GIF89a")]
    [InlineData(".csv", "PK\u0003\u0004")]
    [InlineData(".txt", "a\0b")]
    [InlineData(".pdf", "hello")]
    [InlineData(".pdf", "MZ%PDF-")]
    [InlineData(".json", "hello")]
    [InlineData(".xml", "hello")]
    [InlineData(".eml", "hello world")]
    [InlineData(".rtf", "hello")]
    [InlineData(".svg", "<html><svg>")]
    [InlineData(".svg", "<!-- <svg> -->")]
    [InlineData(".svg", "<svgx>")]
    [InlineData(".png", "GIF89a")]
    [InlineData(".docx", "PK\u0003\u0004")]
    [InlineData(".doc", "hello")]
    public void Content_of_another_type_is_not(string extension, string content) => Assert.False(Matches(extension, Encoding.UTF8.GetBytes(content)));

    [Fact]
    public void A_program_is_refused_under_every_extension() =>
        Assert.All(FileType.Extensions, extension => Assert.False(Matches(extension, Program), extension));

    [Fact]
    public void Text_in_UTF_16_and_UTF_32_is_text()
    {
        foreach (var encoding in new[] { Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32 })
        {
            Assert.True(Matches(".txt", [.. encoding.Preamble, .. encoding.GetBytes("hello")]));
        }
        Assert.True(Matches(".txt", Encoding.Unicode.GetBytes("hello")));
        Assert.True(Matches(".txt", Encoding.BigEndianUnicode.GetBytes("привет всем")));
    }

    [Fact]
    public void Office_files_are_told_apart_by_their_first_entries()
    {
        var docx = Zip("[Content_Types].xml", "_rels/.rels", "word/document.xml");
        var xlsx = Zip("[Content_Types].xml", "xl/workbook.xml");

        Assert.True(Matches(".docx", docx));
        Assert.True(Matches(".xlsx", xlsx));
        Assert.False(Matches(".xlsx", docx));
        Assert.False(Matches(".pptx", xlsx));
        Assert.False(Matches(".docx", Zip("a.txt", "b.txt")));
        Assert.False(Matches(".docx", Zip("META-INF/MANIFEST.MF")));
        Assert.False(Matches(".odt", docx));
        Assert.True(Matches(".doc", Ole));
        Assert.True(Matches(".png", Png));
        Assert.False(Matches(".jpg", Png));
    }

    [Property]
    public void No_bytes_break_a_check(byte[]? head) =>
        Assert.All(FileType.Extensions, extension => _ = Matches(extension, [.. "PK\x03\x04"u8, .. head ?? []]) | Matches(extension, head ?? []));

    private static bool Matches(string extension, byte[] head) => FileType.TryGet(extension, out var type) && type.Matches(head);

    private static byte[] Zip(params string[] names)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create))
        {
            foreach (var name in names)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write("content"u8);
            }
        }
        return bytes.ToArray();
    }
}
