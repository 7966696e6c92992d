using System.Net;
using System.Text.RegularExpressions;

namespace Platform.Tests.Api;

/// <summary>The description of the API for people: Swagger UI from local files, for administrators.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed partial class ApiDescriptionTests(ApiFixture api)
{
    [Theory, Trait("Defect", "D06")]
    [InlineData("/docs")]
    [InlineData("/docs/")]
    [InlineData("/docs/index.html")]
    [InlineData("/docs/docs.js")]
    [InlineData("/docs/swagger-ui-bundle.js")]
    public async Task It_is_for_administrators(string path)
    {
        using var stranger = await api.GetAsync(path, key: null);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
    }

    [Fact, Trait("Defect", "D45")]
    public async Task Its_page_needs_nothing_from_elsewhere_and_no_script_or_style_within()
    {
        using var answer = await api.GetAsync("/docs/index.html");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var page = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("<style", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch(@"<script(?![^>]* src=)", page);
        Assert.DoesNotMatch(@"\son\w+=", page);
        var files = Reference().Matches(page).Select(match => match.Groups[1].Value).ToList();
        Assert.Contains("swagger-ui-bundle.js", files);
        Assert.Contains("docs.js", files);
        foreach (var file in files)
        {
            Assert.DoesNotContain("//", file, StringComparison.Ordinal);
            using var loaded = await api.GetAsync($"/docs/{file}");
            Assert.Equal(HttpStatusCode.OK, loaded.StatusCode);
        }
    }

    [Fact]
    public async Task Through_the_edge_the_document_has_the_paths_of_the_edge()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json")
        {
            Headers = { { "X-API-Key", ApiFixture.BootstrapKey }, { "X-Forwarded-Host", "platform.example.org" } },
        };
        using var answer = await api.Service.Client.SendAsync(request);
        var document = await ApiFixture.JsonAsync(answer);
        Assert.Equal("/", Assert.Single(document.GetProperty("servers").EnumerateArray()).GetProperty("url").GetString());
        var paths = document.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToList();
        Assert.Contains("/admin/api/tasks", paths);
        Assert.Contains("/contacts/{id}", paths);
        Assert.DoesNotContain(paths, path => path.StartsWith("/admin/", StringComparison.Ordinal) && !path.StartsWith("/admin/api/", StringComparison.Ordinal));
    }

    [GeneratedRegex("""(?:src|href)="([^"]+)""")]
    private static partial Regex Reference();
}
