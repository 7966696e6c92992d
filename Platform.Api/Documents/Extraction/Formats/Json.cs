using System.Text;
using System.Text.Json;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.json: one <c>key: value</c> a line. What is not valid, or nested beyond reason, is searchable text all the same.</summary>
internal static class Json
{
    private const int MaxDepth = 1000;

    public static void Read(string path, ExtractedDocument document)
    {
        var bytes = TextFile.ReadBytes(path, document);
        var text = TextFile.Decode(bytes, document).TrimStart('\uFEFF');
        var found = new StringBuilder();
        if (TryRead(Encoding.UTF8.GetBytes(text), isWhole: !document.IsTruncated, found))
        {
            document.Append(found.ToString());
        }
        else
        {
            document.Note = "The JSON is not valid, or nested too deeply; its text was taken as it is.";
            document.Append(text);
        }
    }

    private static bool TryRead(byte[] json, bool isWhole, StringBuilder found)
    {
        var reader = new Utf8JsonReader(json, isWhole, new(new JsonReaderOptions
        {
            CommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
            MaxDepth = MaxDepth,
            AllowMultipleValues = true,
        }));
        try
        {
            // One character more than is kept, so that the document knows that there is more.
            while (found.Length <= ExtractedDocument.MaxTextLength && reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        EndLine(found).Append(reader.GetString()).Append(": ");
                        break;
                    case JsonTokenType.String:
                        found.Append(reader.GetString()).Append('\n');
                        break;
                    case JsonTokenType.Number:
                        found.Append(Encoding.UTF8.GetString(reader.ValueSpan)).Append('\n');
                        break;
                    case JsonTokenType.True or JsonTokenType.False:
                        found.Append(reader.TokenType == JsonTokenType.True ? "true\n" : "false\n");
                        break;
                    default:
                        EndLine(found);
                        break;
                }
            }

            return true;
        }
        catch (Exception invalid) when (invalid is JsonException or InvalidOperationException)
        {
            // Not JSON, or a string with half a surrogate pair.
            return false;
        }
    }

    private static StringBuilder EndLine(StringBuilder found) => found.Length > 0 && found[^1] != '\n' ? found.Append('\n') : found;
}
