using System.Text;

namespace Platform.Api.Documents.Extraction.Analysis;

/// <summary>The words that say what a text is about: those that are frequent in it and are not so in every text.</summary>
internal static class Keywords
{
    private const int Max = 15;
    private const int MinLetters = 3;
    private const int MaxLength = 40;

    /// <summary>Distinct words that are counted; in a text with more of them none of the later ones is frequent.</summary>
    private const int MaxDistinct = 50_000;

    /// <summary>Of a text with fewer words, those that occur once are taken too.</summary>
    private const int ShortText = 100;

    /// <summary>The most frequent first; among equals, the one that comes first in the text.</summary>
    public static IReadOnlyList<string> Of(string text, List<Range> words, string? language)
    {
        var common = StopWords.Of(language);
        var counts = new Dictionary<string, (int Count, int First)>();
        foreach (var candidate in Candidates(text, words))
        {
            if (common.Contains(candidate))
            {
                continue;
            }
            if (counts.TryGetValue(candidate, out var seen))
            {
                counts[candidate] = (seen.Count + 1, seen.First);
            }
            else if (counts.Count < MaxDistinct)
            {
                counts.Add(candidate, (1, counts.Count));
            }
        }

        var atLeast = words.Count < ShortText ? 1 : 2;
        return [.. counts
            .Where(word => word.Value.Count >= atLeast)
            .OrderByDescending(word => word.Value.Count)
            .ThenBy(word => word.Value.First)
            .Take(Max)
            .Select(word => word.Key)];
    }

    /// <summary>In lower case. Of Chinese and Japanese: characters next to each other, since no space says where a word ends.</summary>
    private static IEnumerable<string> Candidates(string text, List<Range> words)
    {
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            if (IsIdeograph(text, word))
            {
                var start = word.Start.Value;
                while (i + 1 < words.Count && words[i + 1].Start.Value == words[i].End.Value && IsIdeograph(text, words[i + 1])
                    && IsHiragana(text, words[i]) == IsHiragana(text, words[i + 1]))
                {
                    i++;
                }

                var run = text[start..words[i].End.Value];
                // Hiragana alone is grammar.
                if (run.Length is >= 2 and <= 12 && !IsHiragana(text, words[i]))
                {
                    yield return run;
                }
            }
            else
            {
                var candidate = text[word].ToLowerInvariant();
                if (candidate.Length <= MaxLength && candidate.Count(char.IsLetter) >= MinLetters)
                {
                    yield return candidate;
                }
            }
        }
    }

    private static bool IsIdeograph(string text, Range word) =>
        Rune.DecodeFromUtf16(text.AsSpan(word.Start.Value), out var rune, out _) == System.Buffers.OperationStatus.Done && Words.IsIdeograph(rune);

    private static bool IsHiragana(string text, Range word) => text[word.Start.Value] is >= '\u3040' and <= '\u309F';
}
