using System.Net;

namespace Platform.Tests.Edge;

/// <summary>The path table, as a client sees it.</summary>
public sealed class RoutingTests(EdgeUnderTest edge) : IClassFixture<EdgeUnderTest>
{
    [Theory]
    [Trait("Defect", "D05")]
    [InlineData("/api", "/api")]
    [InlineData("/api/", "/api/")]
    [InlineData("/contacts", "/contacts")]
    [InlineData("/api/contacts", "/contacts")]
    [InlineData("/contacts/contact_1", "/contacts/contact_1")]
    [InlineData("/contacts/contact_1/documents", "/contacts/contact_1/documents")]
    [InlineData("/api/contacts/contact_1?a=b&c=%20d", "/contacts/contact_1?a=b&c=%20d")]
    [InlineData("/contacts?status=new", "/contacts?status=new")]
    [InlineData("/documents", "/documents")]
    [InlineData("/documents/upload", "/documents/upload")]
    [InlineData("/api/documents/search?q=a%26b", "/documents/search?q=a%26b")]
    [InlineData("/analytics/insights", "/analytics/insights")]
    [InlineData("/d/token-of_a.link", "/d/token-of_a.link")]
    [InlineData("/admin/api/tasks?state=failed", "/admin/tasks?state=failed")]
    [InlineData("/admin/api/search/reindex", "/admin/search/reindex")]
    [InlineData("/docs/index.html", "/docs/index.html")]
    [InlineData("/openapi/v1.json", "/openapi/v1.json")]
    public async Task What_is_public_reaches_the_api_under_its_own_path(string asked, string received)
    {
        var echo = await edge.Client.EchoAsync(asked, ("X-API-Key", Upstream.GoodKey));

        Assert.Equal(received, echo.Target);
    }

    [Theory]
    [InlineData("GET", "/stats")]
    [InlineData("GET", "/health")]
    [InlineData("GET", "/api/stats")]
    [InlineData("GET", "/api/health")]
    public async Task Numbers_and_health_come_from_the_api(string method, string path)
    {
        using var answer = await edge.Client.SendAsync(new HttpMethod(method), path);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(["upstream"], answer.Header("X-Replica"));
    }

    [Theory]
    [Trait("Defect", "D47")]
    [Trait("Defect", "D34")]
    [InlineData("/contactsX")]
    [InlineData("/contact/x")]
    [InlineData("/contactX")]
    [InlineData("/apiX")]
    [InlineData("/api/contactsX")]
    [InlineData("/api/unknown")]
    [InlineData("/api/api")]
    [InlineData("/statsX")]
    [InlineData("/stats/x")]
    [InlineData("/healthz")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/api/health/live")]
    [InlineData("/metrics")]
    [InlineData("/api/metrics")]
    [InlineData("/docsX")]
    [InlineData("/openapiX")]
    [InlineData("/api/openapi/v1.json")]
    [InlineData("/api/%6Fpenapi/v1.json")]
    [InlineData("/api/contacts/../openapi/v1.json")]
    [InlineData("/api/docs")]
    [InlineData("/keycloak/realms/platform")]
    [InlineData("/api/admin/keys")]
    [InlineData("/api/admin/api/keys")]
    [InlineData("/documentsX")]
    [InlineData("/d")]
    [InlineData("/d/a/b")]
    [InlineData("//contacts")]
    [InlineData("/index.php")]
    [InlineData("/_404.html")]
    [InlineData("/_head.html")]
    [InlineData("/appsettings.json")]
    [InlineData("/../appsettings.json")]
    [InlineData("/assets/")]
    public async Task Everything_else_is_404_and_reaches_no_server(string path)
    {
        var before = edge.Upstream.Requests.Count;

        var answer = await EdgeUnderTest.RawAsync(edge.Process, $"GET {path} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 404 ", answer, StringComparison.Ordinal);
        Assert.Equal(before, edge.Upstream.Requests.Count);
    }

    [Theory]
    [InlineData("/admin")]
    [InlineData("/admin/system-info")]
    [InlineData("/admin/apiX")]
    [InlineData("/admin/api/keys")]
    [InlineData("/ADMIN/API/keys")]
    [InlineData("/docs")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/grafana/")]
    [InlineData("/keycloak/admin/")]
    public async Task What_is_closed_is_401_to_a_stranger_whether_or_not_it_is_there(string path)
    {
        var before = edge.Upstream.Requests.Count;

        using var answer = await edge.Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal(before, edge.Upstream.Requests.Count);
    }

    [Fact]
    [Trait("Defect", "D34")]
    public async Task An_unknown_path_is_a_page_for_a_browser_and_a_problem_for_a_program()
    {
        using var page = await edge.Client.GetAsync("/nothing/here", ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"));
        using var problem = await edge.Client.GetAsync("/nothing/here", ("Accept", "application/json"));
        using var anything = await edge.Client.GetAsync("/nothing/here", ("Accept", "*/*"));

        Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("There is no door here", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, problem.StatusCode);
        Assert.Equal("application/problem+json", problem.Content.Headers.ContentType?.MediaType);
        Assert.Equal("application/problem+json", anything.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task The_forms_address_shows_the_form_to_a_browser_and_is_the_apis_for_a_program()
    {
        using var page = await edge.Client.GetAsync("/contact", ("Accept", "text/html"));
        var echo = await edge.Client.EchoAsync("/contact", ("Accept", "application/json"));

        Assert.Contains("<form action=\"/contact\" method=\"post\"", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("/contact", echo.Target);
    }

    [Fact]
    public async Task A_header_with_letters_outside_ascii_passes_as_it_came()
    {
        var answer = await EdgeUnderTest.RawAsync(
            edge.Process, "GET /contacts HTTP/1.1\r\nHost: edge\r\nConnection: close\r\nX-Name: J\u00c3\u00bcrgen\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.True(answer.Contains("J\u00c3\u00bcrgen", StringComparison.Ordinal), answer);
    }
}
