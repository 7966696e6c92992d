namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.csv (RFC 4180, and what spreadsheets make of it): cells with tabs between them, without their quotes.</summary>
internal static class Csv
{
    private static readonly char[] Delimiters = [',', ';', '\t', '|'];

    public static void Read(string path, ExtractedDocument document)
    {
        var text = TextFile.Read(path, document).TrimStart('\uFEFF');
        var delimiter = GuessDelimiter(text);
        long rows = 0, columns = 1, widest = 0;
        var isQuoted = false;
        var isStart = true;
        for (var i = 0; i < text.Length && !document.IsFull; i++)
        {
            var c = text[i];
            if (isQuoted)
            {
                if (c != '"')
                {
                    document.Append(c is '\n' or '\r' or '\t' ? ' ' : c);
                }
                else if (i + 1 < text.Length && text[i + 1] == '"')
                {
                    document.Append('"');
                    i++;
                }
                else
                {
                    isQuoted = false;
                }
            }
            else if (c == '"' && isStart)
            {
                isQuoted = true;
                isStart = false;
            }
            else if (c == delimiter)
            {
                document.Append('\t');
                columns++;
                isStart = true;
            }
            else if (c == '\n')
            {
                document.EndLine();
                rows++;
                widest = Math.Max(widest, columns);
                columns = 1;
                isStart = true;
            }
            else if (c != '\r')
            {
                document.Append(c);
                isStart = false;
            }
        }

        if (document.IsFull)
        {
            document.Truncate();
        }
        else
        {
            document.Describe("rows", text.Length == 0 || text[^1] == '\n' ? rows : rows + 1);
            document.Describe("columns", Math.Max(widest, columns));
        }
    }

    /// <summary>The one that is most frequent outside of quotes in the first lines.</summary>
    private static char GuessDelimiter(string text)
    {
        var counts = new int[Delimiters.Length];
        var isQuoted = false;
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, 16 * 1024)))
        {
            isQuoted ^= c == '"';
            if (!isQuoted && Array.IndexOf(Delimiters, c) is >= 0 and var found)
            {
                counts[found]++;
            }
        }

        return Delimiters[Array.IndexOf(counts, counts.Max())];
    }
}
