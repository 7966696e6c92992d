using FsCheck.Xunit;
using Platform.Api.Search;
using Platform.Api.Search.Postgres;

namespace Platform.Tests.Unit.Api;

public sealed class KnownDocumentsTests
{
    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>A hundred tags: more than the values that documents are counted by 64 at a time for.</summary>
    [Property(MaxTest = 300)]
    public void What_matches_is_filtered_counted_and_ranked_as_if_each_document_were_looked_at(int seed)
    {
        var random = new Random(seed);
        var count = random.Next(3000);
        var number = 0L;
        var documents = Enumerable.Range(0, count).Select(i => new Known(
            number += random.Next(1, 4), Start.AddMinutes(random.Next(2) == 0 ? i : random.Next(500)), Facets(random), Tier: random.Next(1, 8)))
            .ToArray();
        var known = new KnownDocuments();
        var unknown = new List<long>();
        var untold = documents.Where(_ => random.Next(1000) == 0).ToList();
        foreach (var document in documents.Except(untold))
        {
            known.Add(document.Number, document.Time, document.Facets.Id, () => document.Facets);
        }
        var gone = documents.Where(_ => random.Next(10) == 0).ToHashSet();
        known.Remove(gone.Select(document => document.Number));
        foreach (var document in gone.Take(5))
        {
            // Who read it before it was gone comes too late.
            known.Add(document.Number, document.Time, document.Facets.Id, () => document.Facets);
        }
        var share = random.Next(1, 40);
        var matches = documents.Where(_ => random.Next(share) == 0).ToArray();
        var postings = matches.Select(match => Postings.Of(match.Number, match.Tier)).ToArray();
        var filters = Filters(random);

        known.Rank(postings, new(null, filters, 10, 0), 20, unknown);
        Assert.Equal(matches.Intersect(untold.Except(gone)).Select(match => match.Number).Order(), unknown.Order());
        foreach (var document in untold)
        {
            known.Add(document.Number, document.Time, document.Facets.Id, () => document.Facets);
        }
        unknown.Clear();
        var (limit, offset) = (random.Next(1, 100), random.Next(3) * 20);
        var ranked = known.Rank(postings, new(null, filters, limit, offset), 1000, unknown);

        var expected = matches.Except(gone).Where(match => Passes(match, filters)).ToArray();
        Assert.Empty(unknown);
        Assert.Equal(expected.Length, ranked.Total);
        Assert.Equal(
            expected.OrderBy(match => match.Tier).ThenByDescending(match => match.Time).ThenByDescending(match => match.Number)
                .Skip(offset).Take(limit).Select(match => (match.Number, match.Tier, match.Time.Ticks, match.Facets.Id)),
            ranked.Page.Select(match => (match.Number, match.Tier, match.Time, match.Facets.Id)));
        Assert.Equal(
            expected.SelectMany(match => match.Facets.ByField()).GroupBy(value => value).Select(value => (value.Key, value.LongCount())).Order(),
            ranked.Facets.SelectMany(field => field.Value.Select(value => ((field.Key, value.Key), value.Value))).Order());
    }

    [Fact]
    public void A_page_that_was_never_heard_of_is_unknown()
    {
        var unknown = new List<long>();
        var ranked = new KnownDocuments().Rank([Postings.Of(5, 1), Postings.Of(5_000_000_000, 1)], new(null, new(Tags: ["a"]), 10, 0), 20, unknown);
        Assert.Equal([5_000_000_000, 5], unknown);
        Assert.Equal((0, 0), (ranked.Total, ranked.Page.Length));
    }

    private static bool Passes(Known document, SearchFilters filters) =>
        (filters.DocumentTypes?.Contains(document.Facets.DocumentType) ?? true)
        && (filters.FileExtensions?.Contains(document.Facets.FileExtension) ?? true)
        && (filters.Tags?.All(document.Facets.Tags.Contains) ?? true)
        && (filters.From is not { } from || document.Time >= from)
        && (filters.To is not { } to || document.Time < to);

    private static SearchFilters Filters(Random random) => random.Next(3) == 0
        ? new()
        : new(
            DocumentTypes: random.Next(2) == 0 ? null : [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => $"type{random.Next(5)}")],
            FileExtensions: random.Next(3) == 0 ? [$".{random.Next(4)}"] : null,
            Tags: random.Next(4) > 0 ? null : [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => $"tag{random.Next(120)}")],
            From: random.Next(3) == 0 ? Start.AddMinutes(random.Next(500)) : null,
            To: random.Next(3) == 0 ? Start.AddMinutes(random.Next(500)) : null);

    private static SearchFacets Facets(Random random)
    {
        var (type, extension) = (random.Next(4), random.Next(3));
        var tags = Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(100)).Distinct().ToArray();
        var id = tags.Aggregate(200L + (type * 3) + extension, (id, tag) => (id * 101) + tag + 1);
        return new(id, $"type{type}", $".{extension}", "completed", [.. tags.Select(tag => $"tag{tag}")]);
    }

    private sealed record Known(long Number, DateTime Time, SearchFacets Facets, int Tier);
}
