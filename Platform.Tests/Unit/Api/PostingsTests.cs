using FsCheck.Xunit;
using Platform.Api.Search;
using Platform.Api.Search.Postgres;

namespace Platform.Tests.Unit.Api;

public sealed class PostingsTests
{
    [Property]
    public void What_was_encoded_is_decoded(uint[] distances, byte[] marks)
    {
        var postings = InOrder(distances, marks);
        using var decoded = new Postings();
        decoded.Decode(Postings.Encode(postings), Postings.AsStored);
        Assert.Equal(postings, decoded.Items.ToArray());
    }

    [Property]
    public void Lists_in_any_order_become_one_with_the_best_mark_of_each_number(ushort[] numbers, byte[] marks, bool isSparse)
    {
        var all = numbers.Select((number, i) => Postings.Of(number * (isSparse ? 1_000_000L : 1), MarkOf(marks, i))).ToArray();
        using var postings = new Postings();
        foreach (var posting in all)
        {
            postings.Decode(Postings.Encode([posting]), Postings.AsStored);
        }
        postings.Normalize();
        Assert.Equal(
            all.GroupBy(Postings.Number).OrderBy(same => same.Key).Select(same => Postings.Of(same.Key, same.Min(Postings.Mark))),
            postings.Items.ToArray());
    }

    [Property]
    public void Bytes_that_are_no_postings_are_refused_or_are_numbers(byte[] bytes)
    {
        using var postings = new Postings();
        try
        {
            postings.Decode(bytes, Postings.AsStored);
            Assert.InRange(postings.Count, 0, bytes.Length);
        }
        catch (InvalidDataException)
        {
            Assert.NotEmpty(bytes);
        }
    }

    [Theory]
    // The distance of 2 to the 55, which has no room, and one that makes a number negative.
    [InlineData("808080808080808002")]
    [InlineData("fcffffffffffffffff01")]
    [InlineData("fcffffffffffffff7ffcffffffffffffff7f")]
    public void A_number_that_is_too_large_is_refused(string bytes)
    {
        using var postings = new Postings();
        Assert.Throws<InvalidDataException>(() => postings.Decode(Convert.FromHexString(bytes), Postings.AsStored));
    }

    [Fact]
    public void A_frequent_term_takes_a_byte_a_document()
    {
        var postings = Enumerable.Range(1000, 5000).Select(number => Postings.Of(number, 2)).ToArray();
        Assert.Equal(5001, Postings.Encode(postings).Length);
    }

    [Theory]
    [InlineData("1:7 8:1", "")]
    [InlineData("1:8 100:1", "1 2 3 4 5 6 7 8")]
    // The smallest first, whatever else there is.
    [InlineData("64:8 1:9", "9 10 11 12 13 14 15 16 17")]
    [InlineData("70:3 500:5", "1 2 3 4 5 6 7 8")]
    [InlineData("100000:9", "")]
    [InlineData("", "")]
    public void Enough_segments_of_a_size_are_merged(string documentsAndSegments, string merged)
    {
        var segments = documentsAndSegments.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(size => size.Split(':'))
            .SelectMany(size => Enumerable.Repeat(int.Parse(size[0], null), int.Parse(size[1], null)))
            .Select((documents, i) => (Segment: i + 1L, documents));
        Assert.Equal(merged, string.Join(' ', SearchSegments.OfOneSize(segments)));
    }

    [Theory]
    [InlineData("pear", "pear:0", 1)]
    [InlineData("pear", "pear:1", 2)]
    [InlineData("pear", "pear:2", 4)]
    [InlineData("pear", "pear:3", 5)]
    [InlineData("pear", "pears:0", 6)]
    [InlineData("pear", "pears:2", 7)]
    [InlineData("pear", "pears:2 pear:3", 5)]
    [InlineData("red pear", "red:0 pear:0", 1)]
    [InlineData("red pear", "red:1 pear:0", 2)]
    [InlineData("red pear", "red:2 pear:0", 3)]
    [InlineData("red pear", "red:2 pear:1", 3)]
    [InlineData("red pear", "red:2 pear:2", 4)]
    [InlineData("red pear", "red:0 pear:3", 5)]
    [InlineData("red pear", "red:0 pears:0", 6)]
    [InlineData("red pear", "red:3 pears:1", 7)]
    [InlineData("red pear", "pear:0", 0)]
    [InlineData("red pear", "reds:0 pear:0", 0)]
    public void The_tier_of_a_document_follows_from_how_it_has_the_words(string query, string terms, int tier)
    {
        using var question = new SearchQuestion(SearchWords.Read(query), contactIds: null);
        foreach (var (term, kind) in terms.Split(' ').Select(term => (term[..^2], term[^1] - '0')))
        {
            for (var range = 0; range < question.Ranges.Count; range++)
            {
                if (string.CompareOrdinal(term, question.Ranges[range].Low) >= 0 && string.CompareOrdinal(term, question.Ranges[range].High) < 0)
                {
                    question.Add(range, term, Postings.Encode([Postings.Of(42, kind)]));
                }
            }
        }
        question.Match();
        Assert.Equal(tier == 0 ? [] : [Postings.Of(42, tier)], question.Matches.ToArray());
    }

    private static long[] InOrder(uint[] distances, byte[] marks)
    {
        var number = 0L;
        return [.. distances.Select((distance, i) => Postings.Of(number += distance + 1L, MarkOf(marks, i)))];
    }

    private static int MarkOf(byte[] marks, int place) => marks.Length == 0 ? 0 : marks[place % marks.Length] % 4;
}
