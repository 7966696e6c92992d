using System.Buffers;
using System.Text.RegularExpressions;
using Platform.Edge.Site;

namespace Platform.Edge.Routing;

/// <summary>
/// Refuses, with 400, a path that a server behind the edge may read as another one than the edge has guarded. Dot segments, encoded or not,
/// are resolved before (RFC 3986 section 6.2.2.3). The API has no name in its paths that needs a percent sign, semicolon, backslash or control
/// character once it is decoded; the applications have, but none of them next to a dot segment.
/// </summary>
internal sealed partial class AmbiguousPaths(RequestDelegate next, Problem problem)
{
    private static readonly SearchValues<char> Suspicious =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Append(0x7f).Select(code => (char)code), '%', ';', '\\']);

    public Task InvokeAsync(HttpContext context) => IsAmbiguous(context.Request.Path.Value!, context.GetEdgeRoute())
        ? problem.WriteAsync(context, StatusCodes.Status400BadRequest, "The path is written in a way that can be read in two.")
        : next(context);

    private static bool IsAmbiguous(string path, EdgeRoute? route) =>
        path.AsSpan().ContainsAny(Suspicious) && (route?.Application is null || ReadInTwoWays().IsMatch(path));

    /// <summary>A control character, a backslash, or a segment <c>..</c> for who decodes a slash or takes off what follows a semicolon.</summary>
    [GeneratedRegex(@"[\x00-\x1f\x7f\\]|(/|%2f|%5c)\.{1,2}(;|/|%2f|%5c|$)", RegexOptions.IgnoreCase)]
    private static partial Regex ReadInTwoWays();
}
