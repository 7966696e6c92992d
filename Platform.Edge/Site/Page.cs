using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using Platform.Edge.Security;

namespace Platform.Edge.Site;

/// <summary>What a page may say that is not the same each time.</summary>
/// <param name="Status">The status code of an error page.</param>
/// <param name="Title">The title of an error page.</param>
/// <param name="Detail">What an error page says.</param>
/// <param name="Invalid">The fields of a form that were refused.</param>
/// <param name="User">The name of who has signed in.</param>
/// <param name="Role">The role of who has signed in.</param>
/// <param name="Csrf">The anti-forgery token for what the page sends.</param>
internal readonly record struct PageValues(
    int Status, string? Title, string? Detail, string? Invalid, string? User = null, string? Role = null, string? Csrf = null);

/// <summary>
/// A page of the site, cut at its placeholders once: <c>{{nonce}}</c>, <c>{{status}}</c>, <c>{{title}}</c>, <c>{{detail}}</c>,
/// <c>{{invalid}}</c> (the fields of a form that were refused), <c>{{valid}}</c> (<c>hidden</c> when none were), <c>{{opened}}</c> (the time,
/// in milliseconds since 1970), and on pages for people who have signed in <c>{{user}}</c>, <c>{{role}}</c> and <c>{{csrf}}</c>.
/// </summary>
internal sealed partial class Page
{
    private static readonly FrozenSet<string> Known =
        FrozenSet.Create("nonce", "status", "title", "detail", "invalid", "valid", "opened", "user", "role", "csrf");

    private readonly byte[][] _texts;
    private readonly string[] _slots;

    public Page(string html)
    {
        // Split with a group gives text, name, text, name, ..., text.
        var pieces = Placeholder().Split(html);
        _texts = [.. pieces.Where((_, index) => index % 2 == 0).Select(Encoding.UTF8.GetBytes)];
        _slots = [.. pieces.Where((_, index) => index % 2 == 1)];
        if (_slots.FirstOrDefault(slot => !Known.Contains(slot)) is { } unknown)
        {
            throw new FormatException($"A page has a placeholder that is not known: {{{{{unknown}}}}}.");
        }
    }

    /// <summary>Answers with the page under a nonce of its own. It is not to be kept: a nonce works once.</summary>
    public async Task WriteAsync(HttpContext context, PageValues values = default)
    {
        var nonce = new PageNonce();
        context.Features.Set(nonce);
        var response = context.Response;
        response.ContentType = "text/html; charset=utf-8";
        if (response.Headers.CacheControl.Count == 0)
        {
            response.Headers.CacheControl = "private, no-cache";
        }

        var filled = _slots.Select(slot => Encoding.UTF8.GetBytes(Value(slot, nonce, values))).ToArray();
        response.ContentLength = _texts.Sum(text => text.Length) + filled.Sum(text => text.Length);
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        for (var index = 0; index < _texts.Length; index++)
        {
            response.BodyWriter.Write(_texts[index]);
            if (index < filled.Length)
            {
                response.BodyWriter.Write(filled[index]);
            }
        }

        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static string Value(string slot, PageNonce nonce, PageValues values) => slot switch
    {
        "nonce" => nonce.Value,
        "opened" => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
        "status" => values.Status.ToString(CultureInfo.InvariantCulture),
        "title" => HtmlEncoder.Default.Encode(values.Title ?? ""),
        "detail" => HtmlEncoder.Default.Encode(values.Detail ?? ""),
        "invalid" => HtmlEncoder.Default.Encode(values.Invalid ?? ""),
        "user" => HtmlEncoder.Default.Encode(values.User ?? ""),
        "role" => HtmlEncoder.Default.Encode(values.Role ?? ""),
        "csrf" => HtmlEncoder.Default.Encode(values.Csrf ?? ""),
        _ => values.Invalid is null ? "hidden" : "",
    };

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex Placeholder();
}
