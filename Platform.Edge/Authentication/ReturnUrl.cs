namespace Platform.Edge.Authentication;

/// <summary>Where a person goes after signing in: a path of this site, whatever a link says.</summary>
internal static class ReturnUrl
{
    public const string Default = "/console/";

    private const int Longest = 2048;

    private static readonly Uri Site = new("https://site.invalid");

    /// <summary>
    /// <paramref name="wanted"/>, escaped for a Location header, when it is a path with or without query that no browser takes for another
    /// place; else <see cref="Default"/>. Pages for signing in and out are no place to go.
    /// </summary>
    public static string Local(string? wanted)
    {
        if (wanted is not { Length: > 0 and <= Longest } || !IsPath(wanted) || !Uri.TryCreate(Site, wanted, out var uri)
            || uri.GetLeftPart(UriPartial.Authority) != Site.GetLeftPart(UriPartial.Authority))
        {
            return Default;
        }

        // Without dot segments and with escapes resolved it must still be one.
        var local = uri.PathAndQuery + uri.Fragment;
        return IsPath(local) && IsPath(Uri.UnescapeDataString(uri.AbsolutePath))
            && !new PathString(uri.AbsolutePath).StartsWithSegments(SignInEndpoints.Prefix)
            ? local
            : Default;
    }

    /// <summary>The address of the sign-in page that leads back to what was asked for.</summary>
    public static string SignInFor(HttpRequest request) =>
        $"{SignInEndpoints.SignIn}?return={Uri.EscapeDataString(request.Path.ToUriComponent() + request.QueryString.ToUriComponent())}";

    // Browsers read \ as /, and leave control characters out.
    private static bool IsPath(string text) =>
        text[0] == '/' && !text.StartsWith("//", StringComparison.Ordinal) && !text.Contains('\\', StringComparison.Ordinal)
        && !text.Any(char.IsControl);
}
