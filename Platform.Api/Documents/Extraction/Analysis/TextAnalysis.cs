using Platform.Api.Documents.Extraction.Formats;

namespace Platform.Api.Documents.Extraction.Analysis;

/// <summary>What a text tells of itself.</summary>
internal static class TextAnalysis
{
    public static DocumentContent Analyse(ExtractedDocument document, string extension)
    {
        var text = TextNormalisation.Of(document.ToString());
        var isTruncated = document.IsTruncated;
        if (text.Length > ExtractedDocument.MaxTextLength)
        {
            // Composition can make a text longer, though rarely.
            text = text[..(ExtractedDocument.MaxTextLength - (char.IsHighSurrogate(text[ExtractedDocument.MaxTextLength - 1]) ? 1 : 0))];
            isTruncated = true;
        }

        var words = Words.In(text).ToList();
        var language = Languages.Detect(text);
        var keywords = Keywords.Of(text, words, language);
        var entities = Entities.In(text);
        return new()
        {
            Text = text,
            IsTruncated = isTruncated,
            Note = document.Note,
            Properties = document.Properties,
            WordCount = words.Count,
            CharacterCount = text.Length - text.Count(char.IsHighSurrogate),
            LineCount = text.Length == 0 ? 0 : text.AsSpan().Count('\n') + 1,
            Language = language,
            Keywords = keywords,
            Entities = entities,
            Complexity = Complexity.Of(words.Count, entities, keywords.Count, extension),
        };
    }
}
