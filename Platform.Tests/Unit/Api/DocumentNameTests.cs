using FsCheck.Xunit;
using Platform.Api.Documents;

namespace Platform.Tests.Unit.Api;

public sealed class DocumentNameTests
{
    [Theory]
    [Trait("Defect", "R07")]
    [InlineData("../../etc/passwd.txt", "passwd.txt")]
    [InlineData(@"C:\Users\ada\report.pdf", "report.pdf")]
    [InlineData(@"..\..\a/b\c.txt", "c.txt")]
    [InlineData("a:b*c?d\"e<f>g|h.txt", "a_b_c_d_e_f_g_h.txt")]
    [InlineData("invoice\u202Efdp.exe.pdf", "invoicefdp.exe.pdf")]
    [InlineData("in\u200Bvi\u0000si\nble\u2028.txt", "invisible.txt")]
    [InlineData("CON.txt", "_CON.txt")]
    [InlineData("lpt1.tar.txt", "_lpt1.tar.txt")]
    [InlineData("console.txt", "console.txt")]
    [InlineData("...hidden.txt", "hidden.txt")]
    [InlineData("a.pdf. . ", "a.pdf")]
    [InlineData("a . .pdf", "a.pdf")]
    [InlineData(".pdf", "document.pdf")]
    [InlineData("\u202E\u200B.PDF", "document.PDF")]
    [InlineData("", "document")]
    [InlineData("..", "document")]
    [InlineData("дом 東京 café.pdf", "дом 東京 café.pdf")]
    public void A_name_is_made_harmless(string sent, string name) => Assert.Equal(name, FileName.Clean(sent));

    [Fact]
    public void A_long_name_is_cut_before_its_extension_between_two_characters()
    {
        var name = FileName.Clean(new string('x', 250) + string.Concat(Enumerable.Repeat("🜂", 50)) + ".pdf");

        Assert.Equal(255, name.EnumerateRunes().Count());
        Assert.EndsWith("🜂.pdf", name, StringComparison.Ordinal);
    }

    [Property]
    public void Whatever_is_sent_the_name_is_a_name(string? sent)
    {
        var name = FileName.Clean(sent ?? "");

        Assert.InRange(name.EnumerateRunes().Count(), 1, 255);
        Assert.DoesNotContain(name, c => char.IsControl(c) || "/\\:*?\"<>|".Contains(c, StringComparison.Ordinal));
        Assert.Equal(name.Trim(), name);
        Assert.False(name.StartsWith('.') || name.EndsWith('.'), name);
        Assert.Equal(name, FileName.Clean(name));
    }

    [Property]
    public void The_extension_is_kept_whatever_is_before_it(string? stem) =>
        Assert.Equal(".Pdf", FileName.Extension(FileName.Clean(stem + ".Pdf")));

    [Property]
    public void A_cursor_is_read_as_it_was_written(DateTime time, Guid id)
    {
        var cursor = new DocumentCursor(DateTime.SpecifyKind(time, DateTimeKind.Utc), id);

        Assert.True(DocumentCursor.TryParse(cursor.ToString(), out var read));
        Assert.Equal(cursor, read);
    }

    [Property]
    public void No_text_breaks_the_reading_of_a_cursor(string? text) =>
        Assert.True(!DocumentCursor.TryParse(text ?? "", out var cursor) || cursor.ToString() == text);
}
