namespace Platform.Api.Search.Postgres;

/// <summary>Which documents pass the filters.</summary>
internal sealed class DocumentFilter
{
    private readonly List<int[]> _groups = [];

    private DocumentFilter(SearchFilters filters, IReadOnlyDictionary<(string Field, string Value), int> values)
    {
        From = filters.From?.ToUniversalTime().Ticks ?? long.MinValue;
        To = filters.To?.ToUniversalTime().Ticks ?? long.MaxValue;
        AnyOf(SearchFacets.DocumentTypeField, filters.DocumentTypes);
        AnyOf(SearchFacets.FileExtensionField, filters.FileExtensions);
        AnyOf(SearchFacets.ProcessingStatusField, filters.ProcessingStatuses);
        foreach (var tag in filters.Tags ?? [])
        {
            AnyOf(SearchFacets.TagsField, [tag]);
        }

        void AnyOf(string field, IReadOnlyList<string>? wanted)
        {
            if (wanted is { Count: > 0 })
            {
                var places = new List<int>();
                foreach (var value in wanted)
                {
                    if (values.TryGetValue((field, PostgresText.Clean(value)), out var place))
                    {
                        places.Add(place);
                    }
                    else
                    {
                        HasUnknownValues = true;
                    }
                }
                _groups.Add([.. places]);
            }
        }
    }

    /// <summary>The first time that passes, in ticks of UTC.</summary>
    public long From { get; }

    /// <summary>Behind the last time that passes.</summary>
    public long To { get; }

    /// <summary>Places of values: of each group a document has to have one.</summary>
    public IReadOnlyList<int[]> Groups => _groups;

    /// <summary>No document that was known has one of the values.</summary>
    public bool HasUnknownValues { get; private set; }

    /// <summary>Null when all pass.</summary>
    /// <param name="values">The places of those that are known.</param>
    public static DocumentFilter? Of(SearchFilters filters, IReadOnlyDictionary<(string Field, string Value), int> values) =>
        new DocumentFilter(filters, values) is var filter && filter is { From: long.MinValue, To: long.MaxValue, Groups: [] } ? null : filter;
}
