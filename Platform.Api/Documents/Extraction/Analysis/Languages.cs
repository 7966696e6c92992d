using Lingua;

namespace Platform.Api.Documents.Extraction.Analysis;

/// <summary>The language of a text.</summary>
internal static class Languages
{
    /// <summary>Characters that are looked at; more would take longer and say the same.</summary>
    private const int SampleLength = 8000;

    private const int MinLetters = 8;

    /// <summary>Trigrams only: 20 MB and a third of a second at the first text. All n-grams of these languages need more than a worker has.</summary>
    private static readonly Lazy<LanguageDetector> Detector = new(() => LanguageDetectorBuilder
        .FromLanguages(
            Language.Arabic, Language.Chinese, Language.Czech, Language.Danish, Language.Dutch, Language.English, Language.Finnish, Language.French,
            Language.German, Language.Greek, Language.Hebrew, Language.Hindi, Language.Hungarian, Language.Italian, Language.Japanese, Language.Korean,
            Language.Polish, Language.Portuguese, Language.Romanian, Language.Russian, Language.Spanish, Language.Swedish, Language.Turkish, Language.Ukrainian)
        .WithLowAccuracyMode()
        .Build());

    /// <summary>ISO 639-1, or null when it cannot be told.</summary>
    public static string? Detect(string text)
    {
        var sample = text.Length <= SampleLength ? text : text[..(char.IsHighSurrogate(text[SampleLength - 1]) ? SampleLength - 1 : SampleLength)];
        if (sample.Count(char.IsLetter) < MinLetters)
        {
            return null;
        }

        if (StopWords.Vote(sample) is { } voted)
        {
            return voted;
        }

        var language = Detector.Value.DetectLanguageOf(sample);
        return language == Language.Unknown ? null : language.IsoCode6391().ToString().ToLowerInvariant();
    }
}
