using System.Text;

namespace Platform.Api.Search;

/// <summary>
/// Goes through a text from one word that is looked for to the next. Most of most texts has nothing but letters of ASCII and none of the
/// words: that is skipped many characters at a time.
/// </summary>
/// <param name="buffer">Room for a word: <see cref="WordReader.MaxLength"/> characters.</param>
internal ref struct WordFinder(ReadOnlySpan<char> text, SearchWords words, Span<char> buffer)
{
    private readonly ReadOnlySpan<char> _text = text;
    private readonly Span<char> _buffer = buffer;
    private WordReader _reader;

    /// <summary>Where the reader began when other letters came; there are words from there on only.</summary>
    private int _position;

    private bool _hasOtherLetters;

    /// <summary>Where the word begins in the text.</summary>
    public int Start { get; private set; }

    /// <summary>Where the word ends in the text.</summary>
    public int End { get; private set; }

    public bool Find()
    {
        while (!_hasOtherLetters)
        {
            var rest = _text[_position..];
            var found = rest.IndexOfAny(words.Terms);
            if (!Ascii.IsValid(found < 0 ? rest : rest[..(found + 1)]))
            {
                // Their accents and ligatures are folded, and some of them are words without a blank between: only the reader knows.
                _hasOtherLetters = true;
                _reader = new(rest, _buffer);
                break;
            }
            if (found < 0)
            {
                return false;
            }
            Start = _position + found;
            while (Start > _position && char.IsAsciiLetterOrDigit(_text[Start - 1]))
            {
                Start--;
            }
            _reader = new(_text[Start..], _buffer);
            _reader.Read();
            _position = End = Start + _reader.End;
            if (words.Match(_reader.Word))
            {
                return true;
            }
        }
        while (_reader.Read())
        {
            if (words.Match(_reader.Word))
            {
                (Start, End) = (_position + _reader.Start, _position + _reader.End);
                return true;
            }
        }
        return false;
    }
}
