using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.Api.Search;
using Platform.Api.Search.Postgres;
using static Platform.Tests.Fixtures.FakeMeilisearch;

namespace Platform.Tests.Fixtures;

/// <summary>The search of <see cref="FakeMeilisearch"/>: the documented parameters, ranked by attribute and typing errors.</summary>
internal sealed class FakeSearch(FakeIndex index)
{
    private static readonly string[] Parameters =
    [
        "q", "offset", "limit", "hitsPerPage", "page", "filter", "facets", "attributesToRetrieve", "attributesToCrop", "cropLength", "cropMarker",
        "attributesToHighlight", "highlightPreTag", "highlightPostTag", "showMatchesPosition", "sort", "matchingStrategy", "showRankingScore",
        "showRankingScoreDetails", "attributesToSearchOn", "hybrid", "vector", "distinct", "locales", "rankingScoreThreshold", "retrieveVectors",
    ];

    private readonly List<(string Word, bool IsPrefix)> _asked = [];

    public JsonObject Answer(JsonNode body)
    {
        Known(body, "search", Parameters);
        foreach (var facet in Strings(body["facets"]).Except(index.List("filterableAttributes")))
        {
            throw new Refusal(400, "invalid_search_facets", $"Attribute `{facet}` is not filterable.");
        }
        foreach (var sort in Strings(body["sort"]).Where(sort => !index.List("sortableAttributes").Contains(sort.Split(':')[0])))
        {
            throw new Refusal(400, "invalid_search_sort", $"Attribute `{sort}` is not sortable.");
        }
        var words = Words((string?)body["q"] ?? "").Where(word => !word.IsTail).ToArray();
        for (var i = 0; i < words.Length; i++)
        {
            _asked.Add((words[i].Word, i == words.Length - 1 || (words[i].Word.Length == 1 && words[i].Word[0] > '\u2e80')));
        }
        var filter = body["filter"];
        var found = index.Documents.Values
            .Where(document => Filtered(document, filter))
            .Select(document => (Document: document, Score: Rank(document)))
            .Where(hit => hit.Score > 0)
            .OrderByDescending(hit => hit.Score)
            .ThenByDescending(hit => (long)hit.Document["upload_timestamp"]!)
            .ToArray();
        var (offset, limit) = ((int?)body["offset"] ?? 0, (int?)body["limit"] ?? 20);
        var reachable = Math.Min(limit, Math.Max(0, ((int?)index.Settings["pagination"]?["maxTotalHits"] ?? 1000) - offset));
        return new()
        {
            ["hits"] = new JsonArray([.. found.Skip(offset).Take(reachable).Select(hit => Show(hit.Document, hit.Score, body))]),
            ["query"] = (string?)body["q"] ?? "", ["processingTimeMs"] = 1, ["limit"] = limit, ["offset"] = offset,
            ["estimatedTotalHits"] = found.Length,
            ["facetDistribution"] = new JsonObject(Strings(body["facets"]).Select(
                facet => KeyValuePair.Create(facet, (JsonNode?)Count(found.Select(hit => hit.Document), facet)))),
            ["facetStats"] = new JsonObject(),
        };
    }

    private double Rank(JsonObject document)
    {
        if (_asked.Count == 0)
        {
            return 1;
        }
        var fields = index.List("searchableAttributes").ToArray();
        var sum = 0.0;
        foreach (var (word, isPrefix) in _asked)
        {
            var best = 0.0;
            for (var field = 0; field < fields.Length; field++)
            {
                foreach (var (term, _, _, _) in Words(TextOf(document[fields[field]])))
                {
                    if (Match(word, isPrefix, term) is { } errors)
                    {
                        best = Math.Max(best, 1 - (errors * 0.3) - (field * 0.04) - (term.Length == word.Length ? 0 : 0.02));
                    }
                }
            }
            if (best == 0)
            {
                return 0;
            }
            sum += best;
        }
        return Math.Max(0.01, sum / _asked.Count);
    }

    /// <summary>The typing errors between the two, or null when there are too many: one from 5 letters on, two from 9.</summary>
    private static int? Match(string word, bool isPrefix, string term)
    {
        if (term == word || (isPrefix && term.StartsWith(word, StringComparison.Ordinal)))
        {
            return 0;
        }
        var allowed = word.Length >= 9 ? 2 : word.Length >= 5 ? 1 : 0;
        return allowed > 0 && Math.Abs(word.Length - term.Length) <= allowed
            && Misspelling.Errors(word, term) is var errors && errors <= allowed ? errors : null;
    }

    private JsonObject Show(JsonObject document, double score, JsonNode body)
    {
        var retrieved = Strings(body["attributesToRetrieve"]).ToArray();
        var shown = new JsonObject(document.Where(field => retrieved.Length == 0 || retrieved[0] == "*" || retrieved.Contains(field.Key))
            .Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
        var formatted = (JsonObject)shown.DeepClone();
        var crops = Strings(body["attributesToCrop"]).Select(crop => crop.Split(':')).ToArray();
        foreach (var name in Strings(body["attributesToHighlight"]).Concat(crops.Select(crop => crop[0])).Distinct())
        {
            if (document[name] is not JsonValue value || !value.TryGetValue<string>(out var text))
            {
                continue;
            }
            if (crops.FirstOrDefault(crop => crop[0] == name) is { } asked)
            {
                var length = asked.Length > 1 ? int.Parse(asked[1], CultureInfo.InvariantCulture) : (int?)body["cropLength"] ?? 10;
                text = Crop(text, length, (string?)body["cropMarker"] ?? "…");
            }
            formatted[name] = Strings(body["attributesToHighlight"]).Contains(name)
                ? Highlight(text, (string?)body["highlightPreTag"] ?? "<em>", (string?)body["highlightPostTag"] ?? "</em>")
                : text;
        }
        shown["_formatted"] = formatted;
        if ((bool?)body["showRankingScore"] == true)
        {
            shown["_rankingScore"] = score;
        }
        return shown;
    }

    private string Crop(string text, int length, string marker)
    {
        var words = Words(text).ToArray();
        if (words.Length <= length)
        {
            return text;
        }
        var found = Math.Max(0, System.Array.FindIndex(words, word => IsAsked(word.Word)));
        var first = Math.Clamp(found - (length / 2), 0, words.Length - length);
        var last = first + length - 1;
        return (first > 0 ? marker : "") + text[words[first].Start..words[last].End] + (last < words.Length - 1 ? marker : "");
    }

    private string Highlight(string text, string open, string close)
    {
        var html = new StringBuilder();
        var done = 0;
        foreach (var (word, start, end, _) in Words(text))
        {
            if (IsAsked(word) && start >= done)
            {
                html.Append(text, done, start - done).Append(open).Append(text, start, end - start).Append(close);
                done = end;
            }
        }
        return html.Append(text, done, text.Length - done).ToString();
    }

    private bool IsAsked(string term) => _asked.Any(word => Match(word.Word, word.IsPrefix, term) is not null);

    private static JsonObject Count(IEnumerable<JsonObject> documents, string facet) => new JsonObject(documents
        .SelectMany(document => document[facet] is JsonArray many ? many.Select(value => (string)value!)
            : document[facet] is { } one ? [(string)one!] : [])
        .GroupBy(value => value).OrderByDescending(group => group.Count()).Take(20)
        .Select(group => KeyValuePair.Create(group.Key, (JsonNode?)group.Count())));

    /// <summary>A string, or the array syntax: all of the outer list, any of an inner one.</summary>
    private bool Filtered(JsonObject document, JsonNode? filter) => filter switch
    {
        null => true,
        JsonArray all => all.All(part => part is JsonArray any ? any.Any(one => Holds(document, (string)one!)) : Holds(document, (string)part!)),
        _ => Holds(document, (string)filter!),
    };

    private bool Holds(JsonObject document, string filter) => new FakeFilter(filter, index.List("filterableAttributes")).Holds(document);

    private static IEnumerable<string> Strings(JsonNode? list) => (list as JsonArray)?.Select(value => (string)value!) ?? [];

    private static string TextOf(JsonNode? value) => value switch
    {
        JsonArray many => string.Join(" . ", many.Select(TextOf)),
        JsonValue one when one.GetValueKind() == JsonValueKind.String => (string)one!,
        _ => "",
    };

    private static List<(string Word, int Start, int End, bool IsTail)> Words(string text)
    {
        var words = new List<(string, int, int, bool)>();
        var reader = new WordReader(text, stackalloc char[WordReader.MaxLength]);
        while (reader.Read())
        {
            words.Add((reader.Word.ToString(), reader.Start, reader.End, reader.IsTail));
        }
        return words;
    }
}

/// <summary>
/// The documented grammar of filters, as far as it is used: <c>attribute op value</c> with AND, OR, NOT and brackets. A value is a word or
/// in quotes, in which a backslash takes the next character with it and, before the quote, goes away.
/// </summary>
internal sealed class FakeFilter
{
    private readonly string _text;
    private readonly HashSet<string> _filterable;
    private readonly Func<JsonObject, bool> _condition;
    private int _position;

    public FakeFilter(string text, IEnumerable<string> filterable)
    {
        (_text, _filterable) = (text, [.. filterable]);
        _condition = Or();
        Blank();
        if (_position < _text.Length)
        {
            throw Malformed($"Found unexpected characters at the end of the filter: `{_text[_position..]}`.");
        }
    }

    public bool Holds(JsonObject document) => _condition(document);

    private Func<JsonObject, bool> Or()
    {
        var left = And();
        while (Keyword("OR"))
        {
            var (a, b) = (left, And());
            left = document => a(document) || b(document);
        }
        return left;
    }

    private Func<JsonObject, bool> And()
    {
        var left = Not();
        while (Keyword("AND"))
        {
            var (a, b) = (left, Not());
            left = document => a(document) && b(document);
        }
        return left;
    }

    private Func<JsonObject, bool> Not()
    {
        if (Keyword("NOT"))
        {
            var negated = Not();
            return document => !negated(document);
        }
        if (Sign("("))
        {
            var inner = Or();
            return Sign(")") ? inner : throw Malformed("Expression is missing a closing bracket.");
        }
        var attribute = Value();
        if (!_filterable.Contains(attribute))
        {
            throw Malformed($"Attribute `{attribute}` is not filterable.");
        }
        foreach (var sign in (string[])["!=", ">=", "<=", "=", ">", "<"])
        {
            if (Sign(sign))
            {
                var value = Value();
                return document => Compare(document[attribute], sign, value);
            }
        }
        throw Malformed($"Was expecting an operation at `{_text[_position..]}`.");
    }

    private static bool Compare(JsonNode? field, string sign, string value)
    {
        if (sign is "=" or "!=")
        {
            var equal = field is JsonArray many ? many.Any(one => (string?)one == value) : field is not null && field.ToString() == value;
            return equal == (sign == "=");
        }
        if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var bound))
        {
            throw Malformed($"`{value}` is not a number.");
        }
        var number = field!.GetValue<double>();
        return sign switch { ">=" => number >= bound, "<=" => number <= bound, ">" => number > bound, _ => number < bound };
    }

    private string Value()
    {
        Blank();
        if (_position < _text.Length && _text[_position] is '"' or '\'')
        {
            var quote = _text[_position++];
            var value = new StringBuilder();
            while (_position < _text.Length && _text[_position] != quote)
            {
                if (_text[_position] == '\\')
                {
                    if (_position + 1 >= _text.Length)
                    {
                        break;
                    }
                    if (_text[_position + 1] != quote)
                    {
                        value.Append('\\');
                    }
                    _position++;
                }
                value.Append(_text[_position++]);
            }
            if (_position++ >= _text.Length)
            {
                throw Malformed("Expression is missing the closing quote.");
            }
            return value.ToString();
        }
        var start = _position;
        while (_position < _text.Length && (char.IsLetterOrDigit(_text[_position]) || _text[_position] is '_' or '-' or '/' or '.'))
        {
            _position++;
        }
        return _position > start ? _text[start.._position] : throw Malformed($"Was expecting a value at `{_text[start..]}`.");
    }

    private bool Keyword(string word)
    {
        Blank();
        if (string.CompareOrdinal(_text, _position, word + " ", 0, word.Length + 1) != 0)
        {
            return false;
        }
        _position += word.Length;
        return true;
    }

    private bool Sign(string sign)
    {
        Blank();
        if (string.CompareOrdinal(_text, _position, sign, 0, sign.Length) != 0)
        {
            return false;
        }
        _position += sign.Length;
        return true;
    }

    private void Blank()
    {
        while (_position < _text.Length && char.IsWhiteSpace(_text[_position]))
        {
            _position++;
        }
    }

    private static Refusal Malformed(string message) => new(400, "invalid_search_filter", message);
}
