using System.Diagnostics;
using System.Text;
using FsCheck.Xunit;
using Platform.Api.Documents.Extraction;
using Platform.Api.Documents.Extraction.Analysis;
using Platform.Api.Documents.Extraction.Formats;

namespace Platform.Tests.Unit.Api;

public sealed class ExtractionTextTests
{
    [Property]
    public void Whatever_is_normalised_can_be_stored(string text, char[] characters)
    {
        foreach (var sample in (string[])[text ?? "", new(characters ?? []), string.Concat(characters ?? []) + "\uD800", "\uDC00\0\r\n\u0001 " + text, Layout(characters)])
        {
            var normal = TextNormalisation.Of(sample);
            Assert.DoesNotContain(normal, c => char.IsControl(c) && c is not ('\n' or '\t'));
            // Throws on half a pair, as PostgreSQL does.
            new UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(normal);
            Assert.DoesNotContain("\n\n\n", normal, StringComparison.Ordinal);
            Assert.Equal(normal, TextNormalisation.Of(normal));
            Assert.DoesNotContain('\n', TextNormalisation.OfLine(sample));
        }
    }

    /// <summary>Mostly of what normalisation is about.</summary>
    private static string Layout(char[]? characters) => new([.. (characters ?? []).Select(c => "a\n\r\t \u00A0\u0301\u0323e\uD83D\uDE00\u3000"[c % 12])]);

    [Theory]
    [InlineData("Mu\u0308ller", "Müller")]
    [InlineData("e\u0301te\u0301", "été")]
    [InlineData("\u0438\u0306", "й")]
    [InlineData("\u03B1\u0313\u0301", "ἄ")]
    [InlineData("\u304B\u3099", "が")]
    [InlineData("\u1112\u1161\u11AB", "한")]
    [InlineData("a\u0323\u0302", "ậ")]
    [InlineData("x\u0301", "x\u0301")]
    [InlineData("a\r\nb\rc\u2028d", "a\nb\nc\nd")]
    [InlineData("a  \n\n\n\n  b", "a\n\nb")]
    [InlineData("\n\n a", "a")]
    [InlineData("a \n \t\n \t\n \t\n\tb", "a\n\n\tb")]
    [InlineData("soft\u00ADhyphen\uFEFF", "softhyphen")]
    public void Text_is_normalised(string text, string normal) => Assert.Equal(normal, TextNormalisation.Of(text));

    [Theory]
    [InlineData("One two, three-four don't 5.", 5)]
    [InlineData("", 0)]
    [InlineData("... --- !!!", 0)]
    [InlineData("東京タワー", 5)]
    [InlineData("Привет, мир", 2)]
    [InlineData("สวัสดี", 1)]
    public void Words_are_counted(string text, int words) => Assert.Equal(words, Words.In(text).Count());

    [Property]
    public void Words_are_in_order_and_within_the_text(string text)
    {
        var end = 0;
        foreach (var word in Words.In(text ?? ""))
        {
            Assert.InRange(word.Start.Value, end, word.End.Value - 1);
            end = word.End.Value;
        }

        Assert.InRange(end, 0, (text ?? "").Length);
    }

    [Fact]
    public void Entities_are_found_as_they_are_written()
    {
        var entities = Entities.In("""
            Write to ada@example.org, <bob.o'neil+x@sub.example.co.uk> or почта@пример.рф; not to @nobody or a@b.
            Call +49 30 1234567, +1 (555) 123-4567, 0049 30 1234567, (555) 123-4567, 030/12345678 or 555-123-4567.
            See https://example.org/a_(b)?q=1#x, (http://example.com/) and www.example.net. But not http:// or www.
            On 2026-12-31, 31.12.2026, 12/31/2026, 31/12/2026, 31 December 2026, December 31, 2026, 3. März 2026, 1er mai 2026 and 31 de diciembre de 2026.
            Pay $1,234.50, 1.234,50 €, EUR 99, 99 CHF, £5 or 12 000,00 PLN.
            Neither IBAN DE89 3704 0044 0532 0130 00 nor ISBN 978-3-16-148410-0 nor 1234567890 nor 192.168.10.100 nor 2026-13-45 is one of these.
            """);
        Assert.Equal(["ada@example.org", "bob.o'neil+x@sub.example.co.uk", "почта@пример.рф"], entities.Emails);
        Assert.Equal(["+49 30 1234567", "+1 (555) 123-4567", "0049 30 1234567", "(555) 123-4567", "030/12345678", "555-123-4567"], entities.Phones);
        Assert.Equal(["https://example.org/a_(b)?q=1#x", "http://example.com/", "www.example.net"], entities.Urls);
        Assert.Equal(
            ["2026-12-31", "31.12.2026", "12/31/2026", "31/12/2026", "31 December 2026", "3. März 2026", "1er mai 2026", "31 de diciembre de 2026", "December 31, 2026"],
            entities.Dates);
        Assert.Equal(["$1,234.50", "1.234,50 €", "EUR 99", "99 CHF", "£5", "12 000,00 PLN"], entities.Amounts);
    }

    [Fact]
    public void At_most_fifty_of_each_kind_are_kept()
    {
        var text = string.Concat(Enumerable.Range(100, 200).Select(i => $"a{i}@example.org +49 30 12345{i} https://e.org/{i} 1 May 2{i % 10}00 ${i}.00 "));
        var entities = Entities.In(text);
        Assert.Equal(50, entities.Emails.Count);
        Assert.Equal(50, entities.Phones.Count);
        Assert.Equal(50, entities.Urls.Count);
        Assert.Equal(50, entities.Amounts.Count);
    }

    [Theory]
    [InlineData("@")]
    [InlineData("a@")]
    [InlineData("a@a.")]
    [InlineData("1 ")]
    [InlineData("(1)-")]
    [InlineData("1.")]
    [InlineData("1,111")]
    [InlineData("$")]
    [InlineData("http://")]
    [InlineData("www.a")]
    [InlineData("1 may ")]
    [InlineData("(")]
    [InlineData("a")]
    public void A_million_characters_of_anything_are_looked_through(string piece)
    {
        // Work that grows with the square of the length would take hours.
        var watch = Stopwatch.StartNew();
        Entities.In(new StringBuilder().Insert(0, piece, 1_000_000 / piece.Length).ToString());
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData("The contract was signed by both parties and the keys will be returned tomorrow.", "en")]
    [InlineData("Der Vertrag wurde von beiden Parteien unterschrieben und die Schlüssel werden morgen zurückgegeben.", "de")]
    [InlineData("Договор был подписан обеими сторонами.", "ru")]
    [InlineData("12345 67890 !!!", null)]
    [InlineData("", null)]
    public void The_language_of_a_text_is_told(string text, string? language) => Assert.Equal(language, Languages.Detect(text));

    [Fact]
    public void Keywords_are_the_frequent_words_of_the_text_and_not_of_the_language()
    {
        var text = "The harbour is old. The harbour and the lighthouse are by the sea, and the harbour has a lighthouse. " + new string('x', 50) + " of to in it";
        Assert.Equal(["harbour", "lighthouse"], Keywords.Of(text, [.. Words.In(text)], "en").Take(2));
        Assert.DoesNotContain("the", Keywords.Of(text, [.. Words.In(text)], "en"));
        // A long text's words that occur once say nothing.
        var words = string.Join(' ', Enumerable.Range(0, 200).Select(i => $"w{(char)('a' + (i / 26))}{(char)('a' + (i % 26))}x")) + " often often";
        Assert.Equal(["often"], Keywords.Of(words, [.. Words.In(words)], "en"));
    }

    [Fact, Trait("Defect", "D14")]
    public void Complexity_reaches_its_maximum_and_never_leaves_its_range()
    {
        var many = new DocumentEntities([.. Enumerable.Range(0, 11).Select(i => $"{i}@example.org")], [], [], [], []);
        var none = new DocumentEntities([], [], [], [], []);
        Assert.Equal(1.0, Complexity.Of(1001, many, 15, ".pdf"));
        Assert.Equal(0.0, Complexity.Of(1, none, 0, ".txt"));
        Assert.Equal(0.3, Complexity.Of(501, none, 6, ".md"));
    }
}
