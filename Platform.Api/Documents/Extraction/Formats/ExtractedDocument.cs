using System.Globalization;
using System.Text;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>Collects what a format's reader finds, and keeps as much as is allowed.</summary>
internal sealed class ExtractedDocument
{
    /// <summary>Characters (UTF-16) of text that are kept of a document.</summary>
    public const int MaxTextLength = 1_000_000;

    private const int MaxProperties = 50;
    private const int MaxPropertyLength = 500;

    private readonly StringBuilder _text = new();
    private readonly Dictionary<string, string> _properties = [];

    public required string OcrLanguages { get; init; }

    public string? Note { get; set; }

    public bool IsTruncated { get; private set; }

    public IReadOnlyDictionary<string, string> Properties => _properties;

    /// <summary>Nothing more is kept: a reader can stop.</summary>
    public bool IsFull => _text.Length >= MaxTextLength;

    public bool IsEmpty => _text.Length == 0;

    /// <summary>The text as it was found, not normalised yet.</summary>
    public override string ToString() => _text.ToString();

    public void Append(ReadOnlySpan<char> text)
    {
        var room = MaxTextLength - _text.Length;
        if (text.Length > room)
        {
            IsTruncated = true;
            text = text[..room];
        }

        _text.Append(text);
    }

    public void Append(char character) => Append([character]);

    public void AppendLine(ReadOnlySpan<char> text)
    {
        Append(text);
        Append('\n');
    }

    /// <summary>Ends the line unless it has ended.</summary>
    public void EndLine()
    {
        if (_text.Length > 0 && _text[^1] != '\n')
        {
            Append('\n');
        }
    }

    /// <summary>Forgets the text, to read it in another way.</summary>
    public void Clear() => _text.Clear();

    /// <summary>The file goes on where the reader stops.</summary>
    public void Truncate() => IsTruncated = true;

    /// <summary>Something that the file says of itself; empty values and what is too much are left out.</summary>
    public void Describe(string name, string? value)
    {
        if (value is null || _properties.Count >= MaxProperties)
        {
            return;
        }

        value = TextNormalisation.OfLine(value.Length > MaxPropertyLength ? value[..MaxPropertyLength] : value);
        if (value.Length > 0)
        {
            _properties.TryAdd(name, value);
        }
    }

    public void Describe(string name, long value) => Describe(name, value.ToString(CultureInfo.InvariantCulture));
}
