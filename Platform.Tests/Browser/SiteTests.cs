using Microsoft.Playwright;
using Platform.Tests.Edge;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Browser;

/// <summary>The site as a visitor has it. What the browser complains of, and what the policy forbids, fails a test.</summary>
public sealed class SiteTests(Chromium chromium, EdgeUnderTest edge) : IClassFixture<Chromium>, IClassFixture<EdgeUnderTest>
{
    /// <summary>Each page on a phone and on a desktop, by day and by night.</summary>
    public static TheoryData<string, int, ColorScheme> Pages
    {
        get
        {
            var pages = new TheoryData<string, int, ColorScheme>();
            foreach (var path in new[]
            {
                "/", "/contact.html", "/contact.html?invalid=email", "/contact-thanks.html", "/status.html", "/auth/sign-in", "/auth/sign-out",
            })
            {
                pages.Add(path, 390, ColorScheme.Light);
                pages.Add(path, 390, ColorScheme.Dark);
                pages.Add(path, 1440, ColorScheme.Light);
                pages.Add(path, 1440, ColorScheme.Dark);
            }

            return pages;
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_fits_reads_well_and_makes_the_browser_complain_of_nothing(string path, int width, ColorScheme scheme)
    {
        await using var visit = await OpenAsync(path, new() { ViewportSize = new() { Width = width, Height = 844 }, ColorScheme = scheme });

        var overflow = await visit.OverflowAsync();
        var contrasts = await visit.LowContrastsAsync();
        await visit.ScreenshotAsync($"{path.Trim('/').Replace("?", "-", StringComparison.Ordinal)}-{width}-{scheme}");

        Assert.True(overflow <= 0, $"The page is {overflow} pixels too wide.");
        Assert.True(contrasts.Length == 0, string.Join('\n', contrasts));
        Assert.Empty(await visit.BarriersAsync());
        Assert.Equal(1, await visit.Page.Locator("h1").CountAsync());
        Assert.Equal(1, await visit.Page.Locator("main").CountAsync());
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task An_unknown_address_shows_the_page_for_it()
    {
        var before = Visits();

        await using var visit = await OpenAsync("/nothing");

        Assert.Equal("There is no door here.", await visit.Page.TextContentAsync("h1"));
        Assert.Equal(before, Visits());
        // The browser itself says that the page was 404.
        Assert.All(visit.Complaints, complaint => Assert.Contains("404", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_mouse_the_first_step_leads_past_the_navigation()
    {
        await using var visit = await OpenAsync("/contact.html");

        await visit.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await visit.Page.EvaluateAsync<string>("document.activeElement.textContent"));
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("name", await visit.Page.EvaluateAsync<string>("document.activeElement.id"));
        Assert.NotEqual("none", await visit.Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
    }

    [Fact]
    public async Task A_view_of_a_page_is_counted_once_and_leaves_no_cookie()
    {
        var before = Visits();

        await using var visit = await OpenAsync("/");
        await visit.Page.ReloadAsync(new() { WaitUntil = WaitUntilState.NetworkIdle });

        Assert.Equal(before + 2, Visits());
        Assert.Empty(await visit.Page.Context.CookiesAsync());
    }

    [Fact]
    public async Task The_home_page_shows_the_numbers_of_the_service()
    {
        await using var visit = await OpenAsync("/");

        await Assertions.Expect(visit.Page.Locator("#now-visits")).ToHaveTextAsync("1,284");
        await Assertions.Expect(visit.Page.Locator("#now-state")).ToHaveTextAsync("works");
    }

    [Fact]
    public async Task The_contact_form_is_sent_and_shows_the_reference()
    {
        await using var visit = await OpenAsync("/contact.html");
        await FillAsync(visit.Page, "ada@example.org");

        await visit.Page.ClickAsync("#send");

        await Assertions.Expect(visit.Page.Locator("#reference")).ToHaveTextAsync("contact_0193");
        await Assertions.Expect(visit.Page.Locator("#contact-form")).ToBeHiddenAsync();
        Assert.Equal("done-title", await visit.Page.EvaluateAsync<string>("document.activeElement.id"));
        await visit.ScreenshotAsync("contact-sent");
        Assert.Empty(visit.Complaints);

        await visit.Page.ClickAsync("#again");
        Assert.Equal("", await visit.Page.InputValueAsync("#message"));
    }

    [Fact]
    public async Task The_form_names_what_is_missing_before_anything_is_sent()
    {
        await using var visit = await OpenAsync("/contact.html", new() { ViewportSize = new() { Width = 390, Height = 844 } });
        var before = Submissions();

        await visit.Page.FillAsync("#email", "not an address");
        await visit.Page.ClickAsync("#send");

        await Assertions.Expect(visit.Page.Locator("#summary")).ToContainTextAsync("3 fields need your attention.");
        Assert.Equal("summary", await visit.Page.EvaluateAsync<string>("document.activeElement.id"));
        await Assertions.Expect(visit.Page.Locator("#name")).ToHaveAttributeAsync("aria-invalid", "true");
        await visit.ScreenshotAsync("contact-missing");
        await visit.Page.ClickAsync("#summary a[href='#email']");
        Assert.Equal("email", await visit.Page.EvaluateAsync<string>("document.activeElement.id"));
        await visit.Page.FillAsync("#email", "ada@example.org");
        await Assertions.Expect(visit.Page.Locator("#email-error")).ToBeHiddenAsync();
        Assert.Equal(before, Submissions());
        Assert.Empty(visit.Complaints);

        int Submissions() => edge.Upstream.Requests.Count(request => request == "POST /contact");
    }

    [Fact]
    public async Task What_the_service_refuses_is_shown_at_its_field_and_nothing_that_was_written_is_lost()
    {
        await using var visit = await OpenAsync("/contact.html");
        await FillAsync(visit.Page, "refused@example.org");

        await visit.Page.ClickAsync("#send");

        await Assertions.Expect(visit.Page.Locator("#email-error")).ToHaveTextAsync("Must be a valid e-mail address.");
        await Assertions.Expect(visit.Page.Locator("#message-error")).ToHaveTextAsync("Is too long.");
        await Assertions.Expect(visit.Page.Locator("#email")).ToHaveAttributeAsync("aria-invalid", "true");
        Assert.Equal("A few lines.", await visit.Page.InputValueAsync("#message"));
        await visit.ScreenshotAsync("contact-refused");
        // The browser itself says that the answer was 422.
        Assert.All(visit.Complaints, complaint => Assert.Contains("422", complaint, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ada@example.org", "/contact-thanks.html", "Thank you. Your message is with us.")]
    [InlineData("refused@example.org", "/contact.html?invalid=name,email", "Write to us")]
    public async Task Without_javascript_the_form_is_an_ordinary_form(string email, string ends, string title)
    {
        await using var visit = await OpenAsync("/contact.html", new() { JavaScriptEnabled = false });
        await FillAsync(visit.Page, email);

        await visit.Page.ClickAsync("#send");
        await visit.Page.ArriveAsync(ends);

        Assert.Equal(title, await visit.Page.TextContentAsync("h1"));
        await Assertions.Expect(visit.Page.GetByText("Please check your name, your e-mail address"))
            .ToBeVisibleAsync(new() { Visible = ends.Contains('?', StringComparison.Ordinal) });
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task The_status_page_tells_of_an_outage_and_of_its_end()
    {
        var port = FreePort.Next();
        await using var alone = await EdgeUnderTest.StartAsync([$"http://127.0.0.1:{port}"]);
        await using var visit = await OpenAsync("/status.html", host: alone.Client.BaseAddress);

        await Assertions.Expect(visit.Page.Locator("#headline")).ToHaveTextAsync("The service does not answer");
        await Assertions.Expect(visit.Page.Locator("#since")).ToContainTextAsync("Seen first at");
        await Assertions.Expect(visit.Page.Locator("#api-part")).ToContainTextAsync("does not answer");
        var since = await visit.Page.TextContentAsync("#since");
        await visit.Page.ReloadAsync(new() { WaitUntil = WaitUntilState.NetworkIdle });
        await Assertions.Expect(visit.Page.Locator("#since")).ToHaveTextAsync(since!);
        await visit.ScreenshotAsync("status-outage");

        await using var upstream = await Upstream.StartAsync(port);
        await visit.Page.ClickAsync("#pause");
        await visit.Page.ClickAsync("#pause");
        await Assertions.Expect(visit.Page.Locator("#headline")).ToHaveTextAsync("Everything works");
        await Assertions.Expect(visit.Page.Locator("[data-service=database] .state")).ToHaveTextAsync("connected");
    }

    private int Visits() => edge.Upstream.Requests.Count(request => request == "POST /visits");

    private static async Task FillAsync(IPage page, string email)
    {
        await page.FillAsync("#name", "Ada Lovelace");
        await page.FillAsync("#email", email);
        await page.FillAsync("#company", "Analytical Engines");
        await page.SelectOptionAsync("#service", "A question");
        await page.FillAsync("#message", "A few lines.");
    }

    private async Task<Visit> OpenAsync(string path, BrowserNewContextOptions? options = null, Uri? host = null)
    {
        options ??= new();
        options.BaseURL = (host ?? edge.Client.BaseAddress!).ToString();
        options.ReducedMotion = ReducedMotion.Reduce;
        options.Locale = "en-GB";
        var visit = new Visit(await (await chromium.Browser.NewContextAsync(options)).NewPageAsync());
        await visit.Page.GotoAsync(path, new() { WaitUntil = WaitUntilState.NetworkIdle });
        return visit;
    }
}
