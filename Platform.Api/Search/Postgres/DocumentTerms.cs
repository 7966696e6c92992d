using System.Text;

namespace Platform.Api.Search.Postgres;

/// <summary>
/// What a document is found by: its words, and with a class in front its contact and the words of its filename once more. Words have no
/// <c>/</c> in them, so nothing is mistaken for another thing.
/// </summary>
internal static class DocumentTerms
{
    /// <summary>The term that every document has.</summary>
    public const string All = "";

    private const string Filename = "f/";
    private const string ContactId = "c/";

    /// <summary>So often a word is in a text that is about it.</summary>
    private const int Often = 3;

    private const int MaxTextLength = 2_000_000;

    /// <summary>Of all words of a document.</summary>
    private const int MaxBytes = 600_000;

    /// <summary>PostgreSQL: a value in an index of a table is shorter than a third of a page.</summary>
    private const int MaxValueLength = 500;

    public static string OfContact(string contactId) =>
        ContactId + PostgresText.Clean(contactId.Length <= MaxValueLength ? contactId : contactId[..MaxValueLength]);

    public static string InFilename(string word) => Filename + word;

    /// <summary>The terms of a document, bounded: of a text with too many different words the first ones.</summary>
    /// <param name="known">Its words of letters, for <see cref="Misspelling"/>.</param>
    public static Dictionary<string, PostingKind> Of(SearchDocument document, out IReadOnlyCollection<string> known)
    {
        var words = new Dictionary<string, Word>();
        var bytes = 0;
        Count(document.Filename, static word => word.InFilename = true);
        Count(document.DocumentType, static _ => { });
        Count(document.Description, static _ => { });
        foreach (var text in document.Keywords)
        {
            Count(text, static _ => { });
        }
        Count(document.TextContent.AsSpan(0, Math.Min(document.TextContent.Length, MaxTextLength)), static word => word.InText++);

        var terms = new Dictionary<string, PostingKind>(words.Count + 8, StringComparer.Ordinal)
        {
            [All] = PostingKind.Filename,
            [OfContact(document.ContactId)] = PostingKind.Filename,
        };
        var letters = new List<string>();
        foreach (var (text, word) in words)
        {
            terms[text] = word switch
            {
                { InFilename: true } => PostingKind.Filename,
                { InText: >= Often } => PostingKind.Repeated,
                { InText: > 0 } => PostingKind.Text,
                _ => PostingKind.Minor,
            };
            if (word.InFilename)
            {
                terms[InFilename(text)] = PostingKind.Filename;
            }
            if (Misspelling.IsKnown(text))
            {
                letters.Add(text);
            }
        }
        letters.Sort(StringComparer.Ordinal);
        known = letters;
        return terms;

        void Count(ReadOnlySpan<char> text, Action<Word> note)
        {
            var seen = words.GetAlternateLookup<ReadOnlySpan<char>>();
            var reader = new WordReader(text, stackalloc char[WordReader.MaxLength]);
            while (reader.Read())
            {
                if (!seen.TryGetValue(reader.Word, out var word))
                {
                    var size = Encoding.UTF8.GetByteCount(reader.Word);
                    if (bytes + size > MaxBytes)
                    {
                        continue;
                    }
                    bytes += size;
                    seen[reader.Word] = word = new();
                }
                note(word);
            }
        }
    }

    private sealed class Word
    {
        public bool InFilename { get; set; }
        public int InText { get; set; }
    }
}
