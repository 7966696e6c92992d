using System.Buffers;

namespace Platform.Api.Search;

/// <summary>The words of a query; all of them have to be found.</summary>
internal sealed class SearchWords
{
    /// <summary>Further words are not looked for.</summary>
    public const int MaxWords = 16;

    private SearchValues<string>? _terms;

    private SearchWords(IReadOnlyList<SearchWord> words, bool isCorrected) => (All, IsCorrected) = (words, isCorrected);

    public IReadOnlyList<SearchWord> All { get; }

    /// <summary>Words that nothing has were replaced by similar ones.</summary>
    public bool IsCorrected { get; }

    /// <summary>All of them, to find where in a text one may be.</summary>
    public SearchValues<string> Terms =>
        _terms ??= SearchValues.Create([.. All.SelectMany(word => word.Terms)], StringComparison.OrdinalIgnoreCase);

    public static SearchWords Read(string text)
    {
        var words = new List<SearchWord>();
        var reader = new WordReader(text, stackalloc char[WordReader.MaxLength]);
        while (words.Count < MaxWords && reader.Read())
        {
            // Half a pair is asked for only where there is no pair, and then it may be the beginning of one.
            if (!reader.IsTail)
            {
                words.Add(new([reader.Word.ToString()], IsPrefix: reader.IsUnsegmented && IsOneCharacter(reader.Word), reader.IsUnsegmented));
            }
        }
        if (words is [.., { IsUnsegmented: false } last])
        {
            // Perhaps it is still being typed.
            words[^1] = last with { IsLast = true };
        }
        return new(words, isCorrected: false);
    }

    /// <summary>With other words in the place of some.</summary>
    public SearchWords Replace(IReadOnlyDictionary<string, IReadOnlyList<string>> similar) => new(
        [.. All.Select(word => similar.TryGetValue(word.Terms[0], out var terms) ? new SearchWord(terms, IsPrefix: false, false) : word)],
        isCorrected: true);

    /// <summary>Whether a word of a text, folded, is one of those that are looked for.</summary>
    public bool Match(ReadOnlySpan<char> word)
    {
        foreach (var asked in All)
        {
            foreach (var term in asked.Terms)
            {
                if (word.StartsWith(term, StringComparison.Ordinal) && (word.Length == term.Length || asked.IsPrefix || asked.IsLast))
                {
                    return true;
                }
            }
        }
        return false;
    }

    private static bool IsOneCharacter(ReadOnlySpan<char> word) => word.Length == 1 || (word.Length == 2 && char.IsSurrogate(word[0]));
}

/// <summary>A word, or several of which any will do.</summary>
/// <param name="IsPrefix">Its end does not matter.</param>
/// <param name="IsUnsegmented">Of a script without blanks between words.</param>
internal sealed record SearchWord(IReadOnlyList<string> Terms, bool IsPrefix, bool IsUnsegmented)
{
    /// <summary>Whole words are better, but words that begin so are found as well.</summary>
    public bool IsLast { get; init; }
}
