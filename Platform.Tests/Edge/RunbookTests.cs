using System.Net;
using Platform.Edge.Runbooks;
using Platform.Tests.Edge.Authentication;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>The runbooks as pages of the console.</summary>
public sealed class RunbookTests
{
    private static readonly HashSet<string> Names = ["README", "ApiDown", "EdgeDown"];

    [Theory]
    [InlineData("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>")]
    [InlineData("a <img src=x onerror=alert(1)> b", "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>")]
    [InlineData("{{csrf}} and `{{ $labels.job }}`", "<p>&#123;&#123;csrf}} and <code>&#123;&#123; $labels.job }}</code></p>")]
    [InlineData("[other](EdgeDown.md)", "<p><a href=\"/console/runbooks/EdgeDown\">other</a></p>")]
    [InlineData("[other](./EdgeDown.md#what-it-means)", "<p><a href=\"/console/runbooks/EdgeDown#what-it-means\">other</a></p>")]
    [InlineData("[all](README.md)", "<p><a href=\"/console/runbooks\">all</a></p>")]
    [InlineData("[here](#below)", "<p><a href=\"#below\">here</a></p>")]
    [InlineData("[Prometheus](/prometheus/alerts)", "<p><a href=\"/prometheus/alerts\">Prometheus</a></p>")]
    [InlineData("[manual](https://example.org/a)", "<p><a href=\"https://example.org/a\">manual</a></p>")]
    [InlineData("[gone](Nothing.md)", "<p>gone</p>")]
    [InlineData("[out](../operations.md)", "<p>out</p>")]
    [InlineData("[bad](javascript:alert(1))", "<p>bad</p>")]
    [InlineData("[bad](//example.org/)", "<p>bad</p>")]
    [InlineData("[bad](data:text/html,x)", "<p>bad</p>")]
    [InlineData("![picture](https://example.org/a.png)", "<p>picture</p>")]
    [InlineData("```promql\nup{job=\"api\"} == 0\n```", "<pre><code>up&#123;job=&quot;api&quot;} == 0\n</code></pre>")]
    public void A_runbook_is_text_and_leads_only_where_it_may(string markdown, string html) =>
        Assert.Equal(html, Runbook.Parse(markdown, Names).Html.Trim());

    [Fact]
    public void A_table_has_no_style_of_its_own()
    {
        var html = Runbook.Parse("| a | b |\n|:-:|--:|\n| 1 | 2 |", Names).Html;

        Assert.Contains("<td>1</td>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("style", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_signed_in_reads_them_and_their_names_are_the_only_ones()
    {
        using var folder = RunbookFolder.Create(
            ("README.md", "# Runbooks\n\n[ApiDown](ApiDown.md)"),
            ("ApiDown.md", "# ApiDown\n\n<script>alert(1)</script> {{csrf}}"),
            ("notes.txt", "not a runbook"));
        await File.WriteAllTextAsync(folder.Path + ".md", "# outside");
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await SignInEdge.StartAsync(upstream.Url, ("Site__Runbooks", folder.Path));
        var person = await Person.SignedInAsync(edge.Client);

        using var list = await person.GetAsync("/console/runbooks");
        using var folderOfAll = await person.GetAsync("/console/runbooks/");
        using var one = await person.GetAsync("/console/runbooks/ApiDown");
        var html = await one.Content.ReadAsStringAsync();

        Assert.Contains("<a href=\"/console/runbooks/ApiDown\">ApiDown</a>", await list.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, folderOfAll.StatusCode);
        Assert.Contains("<title>ApiDown: Platform console</title>", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt; &#123;&#123;csrf}}", html, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'; script-src 'nonce-", one.Header("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Contains("no-store", one.Header("Cache-Control").Single(), StringComparison.Ordinal);
        foreach (var path in new[]
        {
            "Nothing", "apidown", "ApiDown.md", "README", "notes", "notes.txt", "ApiDown/", "../appsettings", "..%2f" + Path.GetFileName(folder.Path),
            "%2e%2e/ApiDown", "/etc/passwd", "..%5cx",
        })
        {
            var answer = await EdgeUnderTest.RawAsync(
                edge,
                $"GET /console/runbooks/{path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
                + $"Cookie: __Host-platform={person.Session}\r\nConnection: close\r\n\r\n");
            Assert.True(answer.Split(' ')[1] is "404" or "400", $"{path}: {answer}");
        }

        using var posted = await person.PostAsync("/console/runbooks/ApiDown", content: null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
        File.Delete(folder.Path + ".md");
    }

    [Fact]
    public async Task Every_runbook_of_the_repository_comes_with_the_edge()
    {
        await using var upstream = await Upstream.StartAsync();
        await using var edge = await SignInEdge.StartAsync(upstream.Url);
        var person = await Person.SignedInAsync(edge.Client);
        var source = new DirectoryInfo(Path.Combine(Repository.Root, "docs", "runbooks"));

        foreach (var name in source.Exists ? source.EnumerateFiles("*.md").Select(file => Path.GetFileNameWithoutExtension(file.Name)) : [])
        {
            using var answer = await person.GetAsync(Runbook.Address(name));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }
}

/// <summary>A folder with files, for as long as a test needs it.</summary>
internal sealed class RunbookFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("runbooks-").FullName;

    public static RunbookFolder Create(params (string Name, string Text)[] files)
    {
        var folder = new RunbookFolder();
        foreach (var (name, text) in files)
        {
            File.WriteAllText(System.IO.Path.Combine(folder.Path, name), text);
        }

        return folder;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
