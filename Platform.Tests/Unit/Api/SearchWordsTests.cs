using FsCheck.Xunit;
using Platform.Api.Search;
using Platform.Api.Search.Postgres;

namespace Platform.Tests.Unit.Api;

public sealed class SearchWordsTests
{
    [Theory]
    [InlineData("The QUICK, brown_fox: 42!", "the quick brown fox 42")]
    [InlineData("report-2026.Q1.PDF", "report 2026 q1 pdf")]
    [InlineData("Cre\u0300me Brûlée Straße Łódź Æon", "creme brulee strasse lodz aeon")]
    [InlineData("全文検索", "全文 文検 検索 索")]
    [InlineData("x全y", "x 全 y")]
    [InlineData("😀 a😀b", "a b")]
    [InlineData("ＡＢＣ１", "abc1")]
    [InlineData("", "")]
    public void Words_are_runs_of_letters_folded_and_pairs_where_there_are_no_blanks(string text, string words) =>
        Assert.Equal(words, string.Join(' ', Read(text)));

    [Property]
    public void Any_text_is_cut_into_words_that_are_short_and_cut_again_stay_what_they_are(string text)
    {
        foreach (var word in Read(text ?? ""))
        {
            Assert.InRange(word.Length, 1, WordReader.MaxLength);
            Assert.DoesNotContain(word, c => c is '/' or '\'' or '\\' or '\0' or ' ');
            Assert.Equal(word, Read(word)[0]);
        }
    }

    [Property]
    public void Whatever_the_text_and_the_query_a_highlight_is_safe_and_shows_the_text(string text, string query)
    {
        if (Highlighter.Mark(text ?? "", SearchWords.Read(query ?? "")) is { } html)
        {
            var rest = html.Replace("<mark>", "", StringComparison.Ordinal).Replace("</mark>", "", StringComparison.Ordinal);
            Assert.DoesNotContain(rest, c => c is '<' or '>' or '"' or '\'');
        }
    }

    /// <summary>Letters of ASCII are skipped, and whatever else there is must not make a difference.</summary>
    [Property(MaxTest = 2000)]
    public void The_words_that_are_found_in_a_text_are_those_that_a_reader_finds(byte[] text, byte[] query)
    {
        string[] parts =
        [
            "apple", "APPLE", "app", "le", "x", "0", " ", " ", " ", "-", "\n", "é", "ß", "全", "文", "検索", "ไทย", "😀", "𝒜", "\u00ad", "\u0301",
            "\ud83d", "K", "ı", "_", new('a', 39), "a",
        ];
        var (whole, words) = (Text(text), SearchWords.Read(Text(query?.Take(6).ToArray())));
        var expected = new List<(int, int)>();
        var reader = new WordReader(whole, stackalloc char[WordReader.MaxLength]);
        while (reader.Read())
        {
            if (words.Match(reader.Word))
            {
                expected.Add((reader.Start, reader.End));
            }
        }
        var found = new List<(int, int)>();
        var finder = new WordFinder(whole, words, stackalloc char[WordReader.MaxLength]);
        while (finder.Find())
        {
            found.Add((finder.Start, finder.End));
        }
        Assert.Equal(expected, found);

        string Text(byte[]? places) => string.Concat((places ?? []).Select(place => parts[place % parts.Length]));
    }

    [Property]
    public void A_snippet_is_short_whatever_the_text(string text, byte times)
    {
        var repeated = string.Concat(Enumerable.Repeat(text ?? "", times));
        Assert.InRange(Highlighter.Snippet(repeated, SearchWords.Read(text ?? "")).Length, 0, 250);
    }

    [Property]
    public void A_word_and_one_that_is_a_letter_apart_have_a_hash_in_common(byte[] letters, byte place, char other)
    {
        var word = string.Concat((letters ?? []).Take(20).Select(letter => (char)('a' + (letter % 26))));
        if (!Misspelling.CanBeCorrected(word))
        {
            return;
        }
        var at = place % word.Length;
        foreach (var wrong in (string[])[word.Remove(at, 1), word.Insert(at, "x"), word[..at] + (char)('a' + (other % 26)) + word[(at + 1)..]])
        {
            Assert.InRange(Misspelling.Errors(word, wrong), 0, 1);
            if (Misspelling.IsKnown(wrong))
            {
                Assert.NotEmpty(Misspelling.Hashes(word).Intersect(Misspelling.Hashes(wrong)));
            }
        }
    }

    [Theory]
    [InlineData("receive", "recieve", 1)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("same", "same", 0)]
    [InlineData("", "abc", 3)]
    public void Errors_are_letters_left_out_added_exchanged_or_swapped(string a, string b, int errors) =>
        Assert.Equal(errors, Misspelling.Errors(a, b));

    [Fact]
    public void A_short_word_is_not_corrected_and_a_long_one_may_have_two_errors()
    {
        Assert.False(Misspelling.CanBeCorrected("cat"));
        Assert.Equal(["board"], Misspelling.Nearest("baord", ["board", "bored"]));
        Assert.Empty(Misspelling.Nearest("baxrd", ["boards"]));
        Assert.Equal(["documents"], Misspelling.Nearest("docmuentss", ["documents", "document"]));
    }

    [Fact]
    public void A_query_has_a_bounded_number_of_words()
    {
        var words = SearchWords.Read(string.Join(' ', Enumerable.Range(0, 250)));
        Assert.Equal(SearchWords.MaxWords, words.All.Count);
    }

    private static List<string> Read(string text)
    {
        var words = new List<string>();
        var reader = new WordReader(text, stackalloc char[WordReader.MaxLength]);
        while (reader.Read())
        {
            words.Add(reader.Word.ToString());
        }
        return words;
    }
}
