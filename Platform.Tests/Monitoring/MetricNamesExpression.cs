using System.Text.RegularExpressions;

namespace Platform.Tests.Monitoring;

/// <summary>
/// The names in an expression of PromQL: the metrics that it selects with the labels that it matches, and the labels that it groups or joins
/// by. Only names are read; promtool judges the grammar.
/// </summary>
internal sealed partial class MetricNamesExpression
{
    private static readonly HashSet<string> Aggregators =
    [
        "sum", "min", "max", "avg", "count", "group", "quantile", "stddev", "stdvar", "topk", "bottomk", "count_values", "limitk",
    ];

    private static readonly HashSet<string> LabelClauses = ["by", "without", "on", "ignoring", "group_left", "group_right"];

    private static readonly HashSet<string> Words = ["and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"];

    private readonly string[] _tokens;

    /// <summary>The functions and aggregators that are open at the token; null for mere parentheses.</summary>
    private readonly Stack<string?> _open = new();

    /// <param name="text">The expression; it may hold variables of Grafana.</param>
    public MetricNamesExpression(string text)
    {
        _tokens = [.. Token().Matches(WithoutVariables(text)).Select(token => token.Value)];
        for (var at = 0; at < _tokens.Length; at++)
        {
            at = Read(at);
        }
    }

    public List<Selector> Selectors { get; } = [];

    /// <summary>The labels of <c>by</c>, <c>without</c>, <c>on</c>, <c>ignoring</c>, <c>group_left</c> and <c>group_right</c>.</summary>
    public HashSet<string> Grouping { get; } = [];

    /// <summary>Whether there is any aggregation, so that only the labels of <see cref="Grouping"/> are left.</summary>
    public bool Aggregates { get; private set; }

    /// <summary>The expression as Prometheus is asked it when every choice is "all".</summary>
    public static string WithoutVariables(string text) => Variable().Replace(text, match => match.Value switch
    {
        "$__rate_interval" => "5m",
        "$__range" => "1h",
        _ => ".*",
    });

    /// <summary>Reads what begins at a token, and returns the last token that belongs to it.</summary>
    private int Read(int at)
    {
        var token = _tokens[at];
        switch (token)
        {
            case "(":
                _open.Push(null);
                return at;
            case ")":
                _open.TryPop(out _);
                return at;
            case "[":
                return Array.IndexOf(_tokens, "]", at);
            case "{":
                return Select(at, name: null);
        }

        if (!IsName(token) || Words.Contains(token.ToLowerInvariant()))
        {
            return at;
        }

        if (LabelClauses.Contains(token))
        {
            return Next(at) == "(" ? Group(at + 1) : at;
        }

        if (Aggregators.Contains(token) && Next(at) is "(" or "by" or "without")
        {
            Aggregates = true;
            if (Next(at) != "(")
            {
                at = Group(at + 2);
            }

            _open.Push(token);
            return at + 1;
        }

        if (Next(at) == "(")
        {
            _open.Push(token);
            return at + 1;
        }

        return Select(at, token);
    }

    private int Select(int at, string? name)
    {
        var matchers = new List<Matcher>();
        var first = name is null ? at : at + 1;
        if (first < _tokens.Length && _tokens[first] == "{")
        {
            at = Array.IndexOf(_tokens, "}", first);
            for (var label = first + 1; label + 2 < at + 1; label += 4)
            {
                matchers.Add(new(_tokens[label], _tokens[label + 1], _tokens[label + 2][1..^1]));
            }
        }

        var byName = matchers.Find(matcher => matcher.Label == "__name__");
        Selectors.Add(new(
            name ?? byName?.Value ?? "", [.. matchers.Where(matcher => matcher != byName)], [.. _open.OfType<string>()], IsRange: Next(at) == "["));
        return at;
    }

    private int Group(int parenthesis)
    {
        var end = Array.IndexOf(_tokens, ")", parenthesis);
        Grouping.UnionWith(_tokens[(parenthesis + 1)..end].Where(IsName));
        return end;
    }

    private string? Next(int at) => at + 1 < _tokens.Length ? _tokens[at + 1] : null;

    private static bool IsName(string token) => char.IsAsciiLetter(token[0]) || token[0] is '_' or ':';

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[a-zA-Z_:][\w:]*|\d[\w.]*|=~|!~|!=|==|>=|<=|\S
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Token();

    [GeneratedRegex(@"\$\{\w+(:\w+)?\}|\$\w+")]
    private static partial Regex Variable();

    /// <param name="Metric">The metric's name, or the pattern of <c>__name__</c>.</param>
    /// <param name="Matchers">What its labels have to be.</param>
    /// <param name="Enclosing">The functions and aggregators around it, the innermost first.</param>
    /// <param name="IsRange">Whether a range of it is selected.</param>
    public sealed record Selector(string Metric, IReadOnlyList<Matcher> Matchers, IReadOnlyList<string> Enclosing, bool IsRange);

    public sealed record Matcher(string Label, string Operator, string Value)
    {
        /// <summary>The values that are meant, when they are written out; empty when they are excluded, or a pattern.</summary>
        public IEnumerable<string> Values => Operator switch
        {
            "=" when Value.Length > 0 => [Value],
            "=~" when Alternatives().IsMatch(Value) => Value.Split('|'),
            _ => [],
        };
    }

    [GeneratedRegex(@"^[\w -]+(\|[\w -]+)*$")]
    private static partial Regex Alternatives();
}
