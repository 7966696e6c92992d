using System.Text;

namespace Platform.Api.Search;

/// <summary>
/// What a document is found by in PostgreSQL: the lexemes of its tsvector. Each word as it is; with a class in front the words that count
/// for more or for less than others; and the values of the filters. So words, filters and rank are all answered by the one inverted index,
/// without a look at the documents. Words have no <c>/</c> in them, so nothing is mistaken for another thing.
/// </summary>
internal static class SearchLexemes
{
    /// <summary>Words of the filename.</summary>
    private const string Filename = "f/";

    /// <summary>Words of the filename, and those that the text repeats.</summary>
    private const string Strong = "s/";

    /// <summary>Words that only type, keywords and description have.</summary>
    private const string Minor = "m/";

    private const string ContactId = "c/";
    private const string DocumentType = "t/";
    private const string ProcessingStatus = "p/";
    private const string FileExtension = "e/";
    private const string Tag = "g/";

    /// <summary>So often a word is in a text that is about it.</summary>
    private const int Often = 3;

    /// <summary>A prefix of fewer letters begins too many words: it is looked for in filenames alone.</summary>
    private const int MinPrefixLength = 3;

    // PostgreSQL: a tsvector is shorter than 1 MB, a lexeme than 2 KB.
    private const int MaxTextLength = 2_000_000;
    private const int MaxBytes = 600_000;
    private const int MaxValueLength = 500;

    /// <summary>Of each tier.</summary>
    private static readonly double[] Scores = [1, 0.85, 0.75, 0.65, 0.5, 0.35, 0.25];

    /// <summary>The lexemes of a document, bounded: of a text with too many different words the first ones.</summary>
    /// <param name="terms">Its words of letters, for <see cref="Misspelling"/>.</param>
    public static string[] Of(SearchDocument document, out IReadOnlyCollection<string> terms)
    {
        var words = new Dictionary<string, Word>();
        var bytes = 0;
        Count(document.Filename, static word => word.InFilename = true);
        Count(document.DocumentType, static word => word.IsMinor = true);
        Count(document.Description, static word => word.IsMinor = true);
        foreach (var text in document.Keywords)
        {
            Count(text, static word => word.IsMinor = true);
        }
        Count(document.TextContent.AsSpan(0, Math.Min(document.TextContent.Length, MaxTextLength)), static word => word.InText++);

        var lexemes = new HashSet<string>(words.Count * 2, StringComparer.Ordinal)
        {
            ContactId + Value(document.ContactId),
            DocumentType + Value(document.DocumentType),
            ProcessingStatus + Value(document.ProcessingStatus),
            FileExtension + Value(document.FileExtension),
        };
        foreach (var tag in document.Tags.Take(1000))
        {
            lexemes.Add(Tag + Value(tag));
        }
        var letters = new List<string>();
        foreach (var (text, word) in words)
        {
            lexemes.Add(text);
            if (word.InFilename)
            {
                lexemes.Add(Filename + text);
            }
            if (word.InFilename || word.InText >= Often)
            {
                lexemes.Add(Strong + text);
            }
            if (!word.InFilename && word.InText == 0)
            {
                lexemes.Add(Minor + text);
            }
            if (Misspelling.IsKnown(text))
            {
                letters.Add(text);
            }
        }
        letters.Sort(StringComparer.Ordinal);
        terms = letters;
        return [.. lexemes];

        void Count(ReadOnlySpan<char> text, Action<Word> note)
        {
            var known = words.GetAlternateLookup<ReadOnlySpan<char>>();
            var reader = new WordReader(text, stackalloc char[WordReader.MaxLength]);
            while (reader.Read())
            {
                if (!known.TryGetValue(reader.Word, out var word))
                {
                    // Every class that a word may be in is a lexeme more.
                    var size = 3 * (Encoding.UTF8.GetByteCount(reader.Word) + 4);
                    if (bytes + size > MaxBytes)
                    {
                        continue;
                    }
                    bytes += size;
                    known[reader.Word] = word = new();
                }
                note(word);
            }
        }
    }

    public static double Score(int tier, bool isCorrected) => Scores[tier - 1] * (isCorrected ? 0.9 : 1);

    /// <summary>
    /// The question to the index: queries of which no two match the same document, the best first; null when there are neither words nor
    /// filters.
    /// </summary>
    public static string?[]? TiersOf(SearchWords? words, SearchFilters filters)
    {
        var filter = Filter(filters);
        if (words is null)
        {
            return filter is null ? null : [filter];
        }
        var whole = All(words, "");
        var strong = All(words, Strong);
        var minor = Any(words, Minor);
        // All in the filename, all strong, some strong, none, some in the lesser fields alone.
        List<string?> tiers =
        [
            All(words, Filename),
            $"{strong} & !{All(words, Filename)}",
            words.All.Count == 1 ? null : $"{whole} & {Any(words, Strong)} & !{strong} & !{minor}",
            $"{whole} & !{Any(words, Strong)} & !{minor}",
            $"{whole} & {minor}",
        ];
        if (words.All[^1] is { IsLast: true } last)
        {
            var before = words.All.Count == 1 ? "" : All(words, "", words.All.Count - 1) + " & ";
            var isWhole = One(last, "", isPrefix: false);
            var inFilename = One(last, Filename, isPrefix: true);
            tiers.Add($"{before}{inFilename} & !{isWhole}");
            if (last.Terms[0].Length >= MinPrefixLength)
            {
                tiers.Add($"{before}{One(last, "", isPrefix: true)} & !{isWhole} & !{inFilename}");
            }
        }
        return [.. tiers.Select(tier => tier is null || filter is null ? tier : $"{tier} & {filter}")];
    }

    private static string All(SearchWords words, string kind, int? count = null) =>
        "(" + string.Join(" & ", words.All.Take(count ?? words.All.Count).Select(word => One(word, kind, word.IsPrefix))) + ")";

    private static string Any(SearchWords words, string kind) =>
        "(" + string.Join(" | ", words.All.Select(word => One(word, kind, word.IsPrefix))) + ")";

    private static string One(SearchWord word, string kind, bool isPrefix) =>
        "(" + string.Join(" | ", word.Terms.Select(term => Lexeme(kind + term) + (isPrefix ? ":*" : ""))) + ")";

    private static string? Filter(SearchFilters filters)
    {
        List<string> conditions = [];
        AnyOf(ContactId, filters.ContactIds);
        AnyOf(DocumentType, filters.DocumentTypes);
        AnyOf(ProcessingStatus, filters.ProcessingStatuses);
        AnyOf(FileExtension, filters.FileExtensions);
        conditions.AddRange((filters.Tags ?? []).Select(tag => Lexeme(Tag + Value(tag))));
        return conditions.Count == 0 ? null : string.Join(" & ", conditions);

        void AnyOf(string kind, IReadOnlyList<string>? values)
        {
            if (values is { Count: > 0 })
            {
                conditions.Add("(" + string.Join(" | ", values.Select(value => Lexeme(kind + Value(value)))) + ")");
            }
        }
    }

    /// <summary>A lexeme in a tsquery: between quotes, and the two characters that mean something there doubled.</summary>
    private static string Lexeme(string value) =>
        $"'{value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Value(string value) => PostgresText.Clean(value.Length <= MaxValueLength ? value : value[..MaxValueLength]);

    private sealed class Word
    {
        public bool InFilename { get; set; }
        public bool IsMinor { get; set; }
        public int InText { get; set; }
    }
}
