using System.Globalization;
using System.Text;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>.rtf: the text without its formatting, pictures and embedded objects.</summary>
internal sealed class RichText
{
    private const int MaxDepth = 10_000;

    /// <summary>Groups with this word at their start hold no text of the document.</summary>
    private static readonly HashSet<string> Unseen =
    [
        "fonttbl", "colortbl", "stylesheet", "pict", "object", "objdata", "themedata", "colorschememapping", "datastore", "latentstyles", "listtable",
        "listoverridetable", "rsidtbl", "generator", "xmlnstbl", "fldinst", "bkmkstart", "bkmkend", "nonshppict", "filetbl", "revtbl", "template", "info",
        "pgptbl", "wgrffmtfilter", "mmathPr", "operator", "userprops", "blipuid", "picprop", "shpinst", "sp",
    ];

    private readonly byte[] _bytes;
    private readonly ExtractedDocument _document;
    private readonly Stack<State> _groups = new();

    /// <summary>Bytes of the code page that are not decoded yet: a character may have two.</summary>
    private readonly List<byte> _pending = [];
    private readonly Dictionary<int, int> _fontCodePages = [];
    private State _state = new(IsUnseen: false, FallbackLength: 1, CodePage: 1252, Name: "");
    private int _position;
    private int _fallback;
    private int _codePage = 1252;
    private int _font;
    private bool _isStarred;

    private RichText(byte[] bytes, ExtractedDocument document)
    {
        _bytes = bytes;
        _document = document;
    }

    public static void Read(string path, ExtractedDocument document)
    {
        var bytes = TextFile.ReadBytes(path, document);
        if (!bytes.AsSpan().StartsWith("{\\rt"u8))
        {
            throw new UnreadableDocumentException("The file is not in Rich Text Format.");
        }

        new RichText(bytes, document).Read();
    }

    private void Read()
    {
        while (_position < _bytes.Length && !_document.IsFull)
        {
            var b = _bytes[_position++];
            switch (b)
            {
                case (byte)'{':
                    Flush();
                    if (_groups.Count >= MaxDepth)
                    {
                        throw new UnreadableDocumentException("The file is nested too deeply.");
                    }

                    _groups.Push(_state);
                    _state = _state with { Name = "" };
                    _isStarred = false;
                    break;
                case (byte)'}':
                    Flush();
                    _fallback = 0;
                    if (_groups.Count > 0)
                    {
                        _state = _groups.Pop();
                    }

                    break;
                case (byte)'\\':
                    ReadControl();
                    break;
                case (byte)'\r' or (byte)'\n':
                    break;
                default:
                    AddByte(b);
                    break;
            }
        }

        Flush();
        if (_document.IsFull)
        {
            _document.Truncate();
        }
    }

    private void ReadControl()
    {
        if (_position >= _bytes.Length)
        {
            return;
        }

        var c = (char)_bytes[_position++];
        if (char.IsAsciiLetter(c))
        {
            var start = _position - 1;
            while (_position < _bytes.Length && char.IsAsciiLetter((char)_bytes[_position]) && _position - start < 32)
            {
                _position++;
            }

            var word = Encoding.ASCII.GetString(_bytes, start, _position - start);
            var parameterStart = _position;
            if (_position < _bytes.Length && _bytes[_position] == '-')
            {
                _position++;
            }

            while (_position < _bytes.Length && char.IsAsciiDigit((char)_bytes[_position]) && _position - parameterStart < 11)
            {
                _position++;
            }

            var digits = _bytes.AsSpan(parameterStart, _position - parameterStart);
            int? parameter = int.TryParse(digits, CultureInfo.InvariantCulture, out var number) ? number : null;
            if (_position < _bytes.Length && _bytes[_position] == ' ')
            {
                _position++;
            }

            Do(word, parameter);
            return;
        }

        switch (c)
        {
            case '\'':
                if (_position + 2 <= _bytes.Length
                    && byte.TryParse(_bytes.AsSpan(_position, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value))
                {
                    AddByte(value);
                }

                _position = Math.Min(_position + 2, _bytes.Length);
                break;
            case '*':
                _isStarred = true;
                break;
            case '~':
                AddText(" ");
                break;
            case '_':
                AddText("-");
                break;
            case '\\' or '{' or '}':
                AddByte((byte)c);
                break;
            case '\n' or '\r':
                AddText("\n");
                break;
        }
    }

    private void Do(string word, int? parameter)
    {
        if (_state.Name.Length == 0)
        {
            // The first word of a group says what it is; a starred one that is not known is to be left out.
            _state = _state with
            {
                Name = word,
                IsUnseen = _state.IsUnseen || Unseen.Contains(word) || (_isStarred && word is not ("shppict" or "ud" or "cs")),
            };
        }

        switch (word)
        {
            case "u" when parameter is { } code:
                Flush();
                AddText(((char)(ushort)(short)code).ToString());
                _fallback = _state.FallbackLength;
                break;
            case "uc":
                _state = _state with { FallbackLength = Math.Clamp(parameter ?? 1, 0, 16) };
                break;
            case "ansicpg" when parameter is { } codePage:
                Flush();
                _codePage = codePage;
                _state = _state with { CodePage = codePage };
                break;
            case "f" when parameter is { } font:
                Flush();
                _font = font;
                _state = _state with { CodePage = _fontCodePages.GetValueOrDefault(font, _codePage) };
                break;
            case "fcharset" when parameter is { } charset && _fontCodePages.Count < 10_000:
                _fontCodePages[_font] = CodePageOf(charset);
                break;
            case "bin" when parameter is > 0 and { } length:
                _position = (int)Math.Min((long)_position + length, _bytes.Length);
                break;
            case "par" or "line" or "sect" or "page" or "row":
                AddText("\n");
                break;
            case "tab" or "cell" or "nestcell":
                AddText("\t");
                break;
            case "emdash":
                AddText("\u2014");
                break;
            case "endash":
                AddText("\u2013");
                break;
            case "lquote" or "rquote":
                AddText("\u2019");
                break;
            case "ldblquote":
                AddText("\u201C");
                break;
            case "rdblquote":
                AddText("\u201D");
                break;
            case "bullet":
                AddText("\u2022");
                break;
        }
    }

    private void AddByte(byte value)
    {
        if (_fallback > 0)
        {
            // What a program that knows no Unicode would show.
            _fallback--;
        }
        else if (!_state.IsUnseen)
        {
            _pending.Add(value);
        }
    }

    private void AddText(string text)
    {
        Flush();
        if (!_state.IsUnseen)
        {
            _document.Append(text);
        }
    }

    private void Flush()
    {
        if (_pending.Count > 0)
        {
            _document.Append(EncodingOf(_state.CodePage).GetString([.. _pending]));
            _pending.Clear();
        }
    }

    private static Encoding EncodingOf(int codePage)
    {
        try
        {
            return Encoding.GetEncoding(codePage);
        }
        catch (Exception unknown) when (unknown is ArgumentException or NotSupportedException)
        {
            return Encoding.GetEncoding(1252);
        }
    }

    private int CodePageOf(int charset) => charset switch
    {
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => _codePage,
    };

    /// <summary>What a group inherits and gives back.</summary>
    private readonly record struct State(bool IsUnseen, int FallbackLength, int CodePage, string Name);
}
