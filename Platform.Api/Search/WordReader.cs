using System.Globalization;
using System.Text;

namespace Platform.Api.Search;

/// <summary>
/// The words of a text, in lower case and without accents (<see cref="Folding"/>): runs of letters, marks and digits. In scripts that
/// put no blanks between words (Chinese, Japanese, Thai and others) a word is a pair of neighbouring characters, and the last character
/// of a run alone, so that any part of a run can be found without a dictionary. Allocates nothing.
/// </summary>
/// <param name="text">The text.</param>
/// <param name="buffer">Room for a word: <see cref="MaxLength"/> characters.</param>
internal ref struct WordReader(ReadOnlySpan<char> text, Span<char> buffer)
{
    /// <summary>Of a longer word only the beginning counts.</summary>
    public const int MaxLength = 40;

    private readonly ReadOnlySpan<char> _text = text;
    private readonly Span<char> _buffer = buffer;
    private int _position;
    private int _length;

    /// <summary>Where the word begins in the text.</summary>
    public int Start { get; private set; }

    /// <summary>Where the word ends in the text.</summary>
    public int End { get; private set; }

    /// <summary>The word is one or two characters of a script without blanks.</summary>
    public bool IsUnsegmented { get; private set; }

    /// <summary>The word is the last character of a run, and the pair before it has told all.</summary>
    public bool IsTail { get; private set; }

    public readonly ReadOnlySpan<char> Word => _buffer[.._length];

    public bool Read()
    {
        while (_position < _text.Length)
        {
            var c = _text[_position];
            var (kind, length) = KindAt(_position);
            if (kind == Kind.Letter && !Folding.IsNothing(c))
            {
                ReadRun();
                return true;
            }
            if (kind == Kind.Unsegmented)
            {
                ReadPair(length);
                return true;
            }
            _position += length;
        }
        return false;
    }

    private void ReadRun()
    {
        Start = _position;
        IsUnsegmented = IsTail = false;
        _length = 0;
        while (_position < _text.Length)
        {
            var c = _text[_position];
            if (char.IsAsciiLetterOrDigit(c))
            {
                Append((char)(c | (char.IsAsciiLetterUpper(c) ? 0x20 : 0)));
                _position++;
                continue;
            }
            if (c < 0x80)
            {
                break;
            }
            if (Folding.IsNothing(c))
            {
                _position++;
                continue;
            }
            var (kind, length) = KindAt(_position);
            if (kind != Kind.Letter)
            {
                break;
            }
            AppendFolded(c, length);
            _position += length;
        }
        End = _position;
    }

    private void ReadPair(int length)
    {
        IsTail = IsUnsegmented && End > Start && _position < End;
        IsUnsegmented = true;
        Start = _position;
        _length = 0;
        AppendFolded(_text[Start], length);
        _position += length;
        End = _position;
        if (End < _text.Length && KindAt(End) is (Kind.Unsegmented, var second))
        {
            AppendSecond(second);
            End += second;
            IsTail = false;
        }
    }

    private void AppendSecond(int length)
    {
        for (var i = 0; i < length; i++)
        {
            Append(length == 1 ? Folding.Fold(_text[End]) : _text[End + i]);
        }
    }

    private void AppendFolded(char c, int length)
    {
        if (length == 2)
        {
            if (_length + 2 <= MaxLength)
            {
                Append(c);
                Append(_text[_position + 1]);
            }
            return;
        }
        // Two letters in one.
        switch (c)
        {
            case 'ß' or 'ẞ':
                Append('s');
                Append('s');
                break;
            case 'æ' or 'Æ':
                Append('a');
                Append('e');
                break;
            case 'œ' or 'Œ':
                Append('o');
                Append('e');
                break;
            case 'þ' or 'Þ':
                Append('t');
                Append('h');
                break;
            default:
                Append(Folding.Fold(c));
                break;
        }
    }

    private void Append(char c)
    {
        if (_length < MaxLength)
        {
            _buffer[_length++] = c;
        }
    }

    private readonly (Kind Kind, int Length) KindAt(int position)
    {
        var c = _text[position];
        if (c < 0x80)
        {
            return (char.IsAsciiLetterOrDigit(c) ? Kind.Letter : Kind.Other, 1);
        }
        if (char.IsSurrogate(c))
        {
            return Rune.DecodeFromUtf16(_text[position..], out var rune, out _) != System.Buffers.OperationStatus.Done
                ? (Kind.Other, 1)
                : (rune.Value is >= 0x20000 and <= 0x3ffff ? Kind.Unsegmented : KindOf(Rune.GetUnicodeCategory(rune)), 2);
        }
        return c is (>= '\u0e00' and <= '\u0eff') or (>= '\u1000' and <= '\u109f') or (>= '\u1780' and <= '\u17ff')
            or (>= '\u2e80' and <= '\u2fdf') or (>= '\u3005' and <= '\u3007') or (>= '\u3040' and <= '\u30ff') or (>= '\u31f0' and <= '\u31ff')
            or (>= '\u3400' and <= '\u4dbf') or (>= '\u4e00' and <= '\u9fff') or (>= '\uf900' and <= '\ufaff') or (>= '\uff66' and <= '\uff9f')
            && KindOf(char.GetUnicodeCategory(c)) == Kind.Letter
            ? (Kind.Unsegmented, 1)
            : (KindOf(char.GetUnicodeCategory(c)), 1);
    }

    private static Kind KindOf(UnicodeCategory category) => category <= UnicodeCategory.OtherNumber ? Kind.Letter : Kind.Other;

    private enum Kind
    {
        Other,
        Letter,
        Unsegmented,
    }
}
