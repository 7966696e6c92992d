using System.Globalization;
using System.Xml.Linq;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Site;

/// <summary>Files that programs look for, which name the address that the site is known by.</summary>
internal static class WellKnownFiles
{
    // "Less than a year into the future" (RFC 9116 section 2.5.5); as long as the edge runs, it does not expire.
    private static readonly TimeSpan SecurityLifetime = TimeSpan.FromDays(360);
    private static readonly string[] Reading = ["GET", "HEAD"];
    private static readonly string[] Pages = ["/", "/contact.html", "/status.html"];

    public static void MapWellKnownFiles(this WebApplication app)
    {
        app.MapMethods("/.well-known/security.txt", Reading, Security);
        app.MapMethods("/sitemap.xml", Reading, Sitemap);
        app.MapMethods("/favicon.ico", Reading, () => Results.Redirect("/favicon.svg", permanent: true));
    }

    private static IResult Security(HttpRequest request, IOptions<SiteOptions> options, TimeProvider time)
    {
        if (Address(request, options.Value) is not { } address)
        {
            return Results.BadRequest();
        }

        var expires = (time.GetUtcNow().UtcDateTime.Date + SecurityLifetime).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var canonical = options.Value.PublicAddress is null ? "" : $"Canonical: {new Uri(address, "/.well-known/security.txt")}\n";
        return Results.Text(
            $"Contact: {options.Value.SecurityContact ?? new Uri(address, "/contact.html")}\nExpires: {expires}\nPreferred-Languages: en\n{canonical}");
    }

    private static IResult Sitemap(HttpRequest request, IOptions<SiteOptions> options)
    {
        if (Address(request, options.Value) is not { } address)
        {
            return Results.BadRequest();
        }

        XNamespace schema = "http://www.sitemaps.org/schemas/sitemap/0.9";
        var urls = Pages.Select(page => new XElement(schema + "url", new XElement(schema + "loc", new Uri(address, page).AbsoluteUri)));
        return Results.Text($"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{new XElement(schema + "urlset", urls)}\n", "application/xml");
    }

    /// <summary>Null when the client called the edge by something that is no host.</summary>
    private static Uri? Address(HttpRequest request, SiteOptions options) =>
        options.PublicAddress ?? (Uri.TryCreate($"{request.Scheme}://{request.Host}", UriKind.Absolute, out var asked) ? asked : null);
}
