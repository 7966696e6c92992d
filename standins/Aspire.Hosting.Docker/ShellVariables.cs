// Stands in for Aspire.Hosting.Docker 13.6.5.

using System.Text.RegularExpressions;

namespace Aspire.Hosting.Docker;

/// <summary>Variables in the command of a shell: Compose leaves them to the shell when their <c>$</c> is doubled.</summary>
internal static partial class ShellVariables
{
    /// <summary>Doubles the <c>$</c> of each variable. One that is doubled already, or starts no variable, stays as it is.</summary>
    public static string Escape(string text) => Variable().Replace(text, match => (match.Groups["name"].Value, match.Groups["body"].Value) switch
    {
        // To Compose "$a-b" is the variable "a" and the text "-b", but Aspire takes it for no variable.
        ({ Length: > 0 } name, _) => name.Contains('-') ? match.Value : $"$${name}",
        (_, { Length: > 0 } body) => EscapeBody(match.Value, string.Concat(body.Where(character => !char.IsWhiteSpace(character)))),
        _ => match.Value,
    });

    private static string EscapeBody(string original, string body) =>
        body.Contains(":-", StringComparison.Ordinal) || Name().IsMatch(body) || UnescapedDollar().IsMatch(body)
            ? $"$${{{Escape(body)}}}"
            : original;

    /// <summary>$name, ${body} with its braces balanced, or ${ without an end, which takes the rest.</summary>
    [GeneratedRegex(
        """
        (?<!\$)\$ (?:
            (?<name> [\p{L}_][\p{L}\p{Nd}_-]* )
          | \{ (?<body> (?: (?<open> (?<!\$)\$\{ ) | (?<-open> \} ) | (?! (?<!\$)\$\{ ) [^}] )* ) (?(open)(?!)) \}
          | \{ .*
        )
        """,
        RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Variable();

    [GeneratedRegex(@"^[\p{L}_][\p{L}\p{Nd}_]*$")]
    private static partial Regex Name();

    [GeneratedRegex(@"(?<!\$)\$")]
    private static partial Regex UnescapedDollar();
}
