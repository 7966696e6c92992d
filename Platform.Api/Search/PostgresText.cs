using System.Text;

namespace Platform.Api.Search;

internal static class PostgresText
{
    /// <summary>The text as PostgreSQL can store it: without NUL, and with U+FFFD for half a surrogate pair.</summary>
    public static string Clean(string text)
    {
        foreach (var c in text)
        {
            if (c == '\0' || char.IsSurrogate(c))
            {
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace("\0", "", StringComparison.Ordinal);
            }
        }
        return text;
    }
}
