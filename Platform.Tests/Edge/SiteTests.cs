using System.Net;
using System.Text.RegularExpressions;

namespace Platform.Tests.Edge;

public sealed partial class SiteTests(EdgeUnderTest edge) : IClassFixture<EdgeUnderTest>
{
    [Fact]
    public async Task A_page_names_its_files_by_their_content_and_those_may_be_kept_for_ever()
    {
        var page = await edge.Client.GetStringAsync("/contact.html");
        var files = AssetNames().Matches(page).Select(match => match.Value).Distinct().ToList();

        Assert.True(files.Count >= 3, page);
        foreach (var file in files)
        {
            Assert.Matches(@"\.[0-9a-f]{12}\.(css|js)$", file);
            using var answer = await edge.Client.GetAsync(file);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(["public, max-age=31536000, immutable"], answer.Header("Cache-Control"));
            using var again = await edge.Client.GetAsync(file, ("If-None-Match", answer.Headers.ETag!.ToString()));
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
            Assert.Empty(await again.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [Trait("Defect", "R10")]
    [InlineData("/assets/site.000000000000.css")]
    [InlineData("/assets/nothing.js")]
    public async Task A_file_that_is_not_there_is_not_to_be_kept(string path)
    {
        using var answer = await edge.Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(["no-store"], answer.Header("Cache-Control"));
    }

    [Fact]
    public async Task The_plain_name_of_a_file_is_asked_about_each_time()
    {
        using var answer = await edge.Client.GetAsync("/assets/site.css");

        Assert.Equal(["no-cache"], answer.Header("Cache-Control"));
        Assert.NotNull(answer.Headers.ETag);
    }

    [Theory]
    [InlineData("/", "br", "br")]
    [InlineData("/", "gzip", "gzip")]
    [InlineData("/assets/site.css", "gzip, deflate, br", "br")]
    [InlineData("/assets/site.css", "gzip", "gzip")]
    [InlineData("/assets/site.css", "gzip;q=1.0, br;q=0", "gzip")]
    [InlineData("/assets/site.css", "identity", null)]
    [InlineData("/contacts/large", "br", "br")]
    [InlineData("/contacts/large", "gzip", "gzip")]
    [InlineData("/contacts/large", "", null)]
    public async Task Text_is_compressed_when_the_client_asks(string path, string accepted, string? encoding)
    {
        using var plain = await edge.Client.GetAsync(path);
        using var answer = await edge.Client.GetAsync(path, ("Accept-Encoding", accepted));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(encoding is null ? [] : [encoding], answer.Header("Content-Encoding"));
        if (encoding is not null)
        {
            Assert.Contains("Accept-Encoding", answer.Headers.Vary);
            Assert.True((await answer.Content.ReadAsByteArrayAsync()).Length < (await plain.Content.ReadAsByteArrayAsync()).Length);
        }
    }

    [Fact]
    public async Task Different_encodings_have_different_tags()
    {
        using var brotli = await edge.Client.GetAsync("/assets/site.css", ("Accept-Encoding", "br"));
        using var plain = await edge.Client.GetAsync("/assets/site.css");

        Assert.NotEqual(plain.Headers.ETag, brotli.Headers.ETag);
    }

    [Fact]
    public async Task A_page_can_only_be_read()
    {
        using var posted = await edge.Client.PostAsync("/", null);
        using var head = await edge.Client.SendAsync(HttpMethod.Head, "/");

        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
        Assert.Equal(["GET", "HEAD"], posted.Content.Headers.Allow.Order());
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.True(head.Content.Headers.ContentLength > 1000);
    }

    [Theory]
    [InlineData("name,email", "Please check your name, your e-mail address and send it again.")]
    [InlineData("", "Please check the form and send it again.")]
    [InlineData("%3Cscript%3Ealert(1)%3C/script%3E", "Please check the form and send it again.")]
    public async Task The_form_says_what_was_refused_without_javascript(string invalid, string text)
    {
        var page = await edge.Client.GetStringAsync("/contact.html?invalid=" + invalid);
        var untouched = await edge.Client.GetStringAsync("/contact.html");

        Assert.Contains(text, page, StringComparison.Ordinal);
        Assert.Contains("<div class=\"notice bad\" role=\"alert\" >", page, StringComparison.Ordinal);
        Assert.DoesNotContain("alert(1)", page, StringComparison.Ordinal);
        Assert.Contains("<div class=\"notice bad\" role=\"alert\" hidden>", untouched, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/contact.html", "text/html")]
    [InlineData("/status.html", "text/html")]
    [InlineData("/contact-thanks.html", "text/html")]
    [InlineData("/favicon.svg", "image/svg+xml")]
    [InlineData("/robots.txt", "text/plain")]
    public async Task The_site_is_there(string path, string type)
    {
        using var answer = await edge.Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(type, answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Who_finds_a_hole_finds_out_whom_to_tell()
    {
        await using var named = await EdgeUnderTest.StartAsync([], new Dictionary<string, string>
        {
            ["Site__PublicAddress"] = "https://www.example.org", ["Site__SecurityContact"] = "mailto:security@example.org",
        });

        using var answer = await edge.Client.GetAsync("/.well-known/security.txt");
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n');
        var namedText = await named.Client.GetStringAsync("/.well-known/security.txt");

        Assert.Equal("text/plain", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal($"Contact: http://127.0.0.1:{edge.Process.Port}/contact.html", lines[0]);
        var expires = DateTimeOffset.Parse(lines[1]["Expires: ".Length..]);
        Assert.InRange(expires, DateTimeOffset.UtcNow.AddDays(300), DateTimeOffset.UtcNow.AddDays(365));
        Assert.Contains("Contact: mailto:security@example.org\n", namedText, StringComparison.Ordinal);
        Assert.Contains("Canonical: https://www.example.org/.well-known/security.txt\n", namedText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_site_map_names_pages_that_are_there()
    {
        var map = System.Xml.Linq.XDocument.Parse(await edge.Client.GetStringAsync("/sitemap.xml"));
        var addresses = map.Descendants().Where(element => element.Name.LocalName == "loc").Select(element => element.Value).ToList();
        var foreign = await EdgeUnderTest.RawAsync(edge.Process, "GET /sitemap.xml HTTP/1.1\r\nHost: a%00b\r\nConnection: close\r\n\r\n");

        Assert.Equal(3, addresses.Count);
        foreach (var address in addresses)
        {
            using var page = await edge.Client.GetAsync(address);
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        }

        Assert.StartsWith("HTTP/1.1 400 ", foreign, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_icon_is_found_where_browsers_look_without_being_told()
    {
        using var answer = await edge.Client.GetAsync("/favicon.ico");

        Assert.Equal(HttpStatusCode.MovedPermanently, answer.StatusCode);
        Assert.Equal(["/favicon.svg"], answer.Header("Location"));
    }

    [GeneratedRegex("/assets/[^\"]+")]
    private static partial Regex AssetNames();
}
