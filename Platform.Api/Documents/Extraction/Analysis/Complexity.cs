namespace Platform.Api.Documents.Extraction.Analysis;

/// <summary>How much there is to a document, 0 to 1: its length, what it names, its vocabulary, its format.</summary>
internal static class Complexity
{
    public static double Of(int words, DocumentEntities entities, int keywords, string extension)
    {
        var named = entities.Emails.Count + entities.Phones.Count + entities.Urls.Count + entities.Dates.Count + entities.Amounts.Count;
        // In tenths: a sum of doubles would be 0.99999 at best.
        var tenths = words switch { > 1000 => 3, > 500 => 2, > 100 => 1, _ => 0 }
            + named switch { > 10 => 3, > 5 => 2, > 0 => 1, _ => 0 }
            + keywords switch { > 10 => 2, > 5 => 1, _ => 0 }
            + extension switch { ".pdf" or ".docx" or ".pptx" => 2, ".doc" or ".xlsx" or ".odt" or ".rtf" => 1, _ => 0 };
        return tenths / 10.0;
    }
}
