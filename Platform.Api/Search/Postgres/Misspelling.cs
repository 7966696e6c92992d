namespace Platform.Api.Search.Postgres;

/// <summary>
/// Words that are a typing error or two apart: one for words of 4 to 7 letters, two for longer ones. To leave a letter out, to add one, to
/// take another, and to swap two neighbours is one error. Similar words are found through what is left of each when as many letters are
/// left out: words that have none of it in common are not similar (the deletion neighbourhoods of SymSpell).
/// </summary>
internal static class Misspelling
{
    private const int MinLength = 3;
    private const int MinCorrected = 4;
    private const int MinForTwo = 8;
    private const int MaxLength = 24;

    /// <summary>Letters are left out among the first ones only: a longer word has more of them, not more kinds of errors.</summary>
    private const int PrefixLength = 7;

    /// <summary>Words that stand for a misspelt one at most.</summary>
    private const int MaxSimilar = 16;

    /// <summary>A word that may be meant when another one is written: of letters, and not too long.</summary>
    public static bool IsKnown(string word) => word.Length is >= MinLength and <= MaxLength && word.All(char.IsLetter);

    public static bool CanBeCorrected(string word) => word.Length >= MinCorrected && IsKnown(word);

    /// <summary>Hashes of the word's beginning with up to one letter left out, or two when it is long.</summary>
    public static int[] Hashes(string word)
    {
        var hashes = new HashSet<int>();
        Add(word.AsSpan(0, Math.Min(word.Length, PrefixLength)), Distance(word), hashes);
        return [.. hashes];
    }

    /// <summary>The candidates with the fewest errors; nothing when all have too many.</summary>
    public static IReadOnlyList<string> Nearest(string word, IEnumerable<string> candidates)
    {
        var similar = candidates.Select(candidate => (Term: candidate, Errors: Errors(word, candidate)))
            .Where(candidate => candidate.Errors <= Distance(word))
            .ToLookup(candidate => candidate.Errors, candidate => candidate.Term);
        return similar.Count == 0 ? [] : [.. similar[similar.Min(group => group.Key)].Order(StringComparer.Ordinal).Take(MaxSimilar)];
    }

    private static int Distance(string word) => word.Length >= MinForTwo ? 2 : 1;

    private static void Add(ReadOnlySpan<char> text, int errors, HashSet<int> hashes)
    {
        hashes.Add(Hash(text));
        if (errors == 0)
        {
            return;
        }
        Span<char> rest = stackalloc char[text.Length - 1];
        for (var left = 0; left < text.Length; left++)
        {
            text[..left].CopyTo(rest);
            text[(left + 1)..].CopyTo(rest[left..]);
            Add(rest, errors - 1, hashes);
        }
    }

    /// <summary>FNV-1a: the hashes are stored, so they have to be the same for ever.</summary>
    private static int Hash(ReadOnlySpan<char> text)
    {
        var hash = 2166136261u;
        foreach (var c in text)
        {
            hash = unchecked((hash ^ c) * 16777619);
        }
        return unchecked((int)hash);
    }

    /// <summary>The optimal string alignment distance.</summary>
    internal static int Errors(string a, string b)
    {
        var (before, last, row) = (new int[b.Length + 1], new int[b.Length + 1], new int[b.Length + 1]);
        for (var j = 0; j <= b.Length; j++)
        {
            last[j] = j;
        }
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var other = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(other, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
                }
            }
            (before, last, row) = (last, row, before);
        }
        return last[b.Length];
    }
}
