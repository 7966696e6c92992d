using System.Globalization;
using System.Text;

namespace Platform.Api.Documents;

/// <summary>
/// The name of a document, which every system can save under that name and which looks like what it is. It is never a path here: objects
/// are stored by id.
/// </summary>
internal static class FileName
{
    /// <summary>In Unicode code points, as PostgreSQL's char_length counts.</summary>
    public const int MaxLength = 255;

    private const int MaxExtensionLength = 16;
    private const string Forbidden = ":*?\"<>|";
    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

    /// <summary>The extension with its dot, as it is written; empty when there is none.</summary>
    public static string Extension(string name) =>
        name.LastIndexOf('.') is >= 0 and var dot && name.Length - dot is > 1 and <= MaxExtensionLength ? name[dot..] : "";

    /// <summary>
    /// Cuts off the path, removes what is not seen or turns the text around, replaces what some system forbids, and keeps the extension when
    /// it shortens the name. To clean twice is to clean once.
    /// </summary>
    /// <param name="sent">What the client sent.</param>
    public static string Clean(string sent)
    {
        var path = sent.AsSpan();
        var name = new StringBuilder();
        foreach (var rune in path[(path.LastIndexOfAny('/', '\\') + 1)..].EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            // Format characters are those of direction and of no width.
            if (category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse)
            {
                continue;
            }
            name.Append(rune.IsAscii && Forbidden.Contains((char)rune.Value, StringComparison.Ordinal) ? "_" : rune.ToString());
        }
        var whole = name.ToString().TrimEnd().TrimEnd(' ', '.').TrimEnd();
        while (whole.EndsWith('.') || whole != whole.TrimEnd())
        {
            whole = whole.TrimEnd().TrimEnd('.');
        }
        var extension = Extension(whole);
        var stem = Trim(whole[..^extension.Length]);
        if (stem.Length == 0)
        {
            stem = "document";
        }
        else if (IsDevice(stem))
        {
            stem = "_" + stem;
        }
        // Trimmed again: the cut may have laid bare a blank or a dot.
        return Trim(Cut(stem, MaxLength - extension.Length)) + extension;
    }

    private static string Trim(string stem)
    {
        for (var trimmed = stem; ; stem = trimmed)
        {
            trimmed = stem.Trim().Trim('.');
            if (trimmed == stem)
            {
                return stem;
            }
        }
    }

    /// <summary>Windows gives these names to devices, whatever the extension.</summary>
    private static bool IsDevice(string stem)
    {
        var first = stem.AsSpan(0, stem.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? dot : stem.Length).TrimEnd();
        foreach (var device in Devices)
        {
            if (first.StartsWith(device, StringComparison.OrdinalIgnoreCase)
                && (device is "COM" or "LPT" ? first.Length == 4 && char.IsDigit(first[3]) : first.Length == 3))
            {
                return true;
            }
        }
        return false;
    }

    private static string Cut(string text, int length)
    {
        var units = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (length-- == 0)
            {
                return text[..units];
            }
            units += rune.Utf16SequenceLength;
        }
        return text;
    }
}
