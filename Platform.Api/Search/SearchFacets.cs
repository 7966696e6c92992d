using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Platform.Api.Search;

/// <summary>What results are counted by. Many documents have the same.</summary>
/// <param name="Id">A hash of the rest.</param>
internal sealed record SearchFacets(long Id, string DocumentType, string FileExtension, string ProcessingStatus, string[] Tags)
{
    public static SearchFacets Of(SearchDocument document)
    {
        string[] fields = [document.DocumentType, document.FileExtension, document.ProcessingStatus, .. document.Tags];
        string[] values = [.. fields.Select(PostgresText.Clean)];
        // No value has a NUL in it.
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', values)));
        return new(BinaryPrimitives.ReadInt64LittleEndian(hash), values[0], values[1], values[2], values[3..]);
    }

    /// <summary>How often each value of each field occurs, the most frequent ones.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> Count(
        IEnumerable<long> ids, Dictionary<long, SearchFacets> facets, int most)
    {
        Dictionary<string, long> types = [], extensions = [], statuses = [], tags = [];
        foreach (var (id, documents) in ids.CountBy(id => id))
        {
            var values = facets[id];
            Add(types, values.DocumentType, documents);
            Add(extensions, values.FileExtension, documents);
            Add(statuses, values.ProcessingStatus, documents);
            foreach (var tag in values.Tags)
            {
                Add(tags, tag, documents);
            }
        }
        return new Dictionary<string, IReadOnlyDictionary<string, long>>
        {
            ["document_type"] = MostFrequent(types),
            ["file_extension"] = MostFrequent(extensions),
            ["processing_status"] = MostFrequent(statuses),
            ["tags"] = MostFrequent(tags),
        };

        static void Add(Dictionary<string, long> counts, string value, long documents) =>
            counts[value] = counts.GetValueOrDefault(value) + documents;

        Dictionary<string, long> MostFrequent(Dictionary<string, long> counts) => counts
            .OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).Take(most).ToDictionary();
    }
}
