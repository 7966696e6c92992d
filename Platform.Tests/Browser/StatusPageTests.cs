using Microsoft.Playwright;
using Platform.Tests.Edge;
using Platform.Tests.Edge.Authentication;
using Platform.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace Platform.Tests.Browser;

/// <summary>
/// What people see of the metrics: the status page, the console's overview and the runbooks, with a real Prometheus and without one.
/// </summary>
public sealed class StatusPageTests(Chromium chromium, MeasuredEdge measured) : IClassFixture<Chromium>, IClassFixture<MeasuredEdge>
{
    [Fact]
    public async Task The_status_page_shows_incidents_and_how_well_the_parts_have_worked()
    {
        await using var visit = await OpenAsync(measured.Edge, "/status.html");
        var page = visit.Page;

        await Expect(page.Locator("#incident-list li")).ToHaveCountAsync(1);
        await Expect(page.Locator("#incident-list")).ToContainTextAsync("A service fails very often.");
        await Expect(page.Locator("#headline")).ToHaveTextAsync("Something does not work");
        await Expect(page.Locator("#history > li")).ToHaveCountAsync(4);
        await Expect(page.Locator("#history > li").First.Locator(".days span")).ToHaveCountAsync(30);
        await Expect(page.Locator("#history .days").First).ToHaveAttributeAsync("aria-label", "1 of 30 days were measured. No interruptions.");
        await Expect(page.Locator("#history > li").Last).ToContainTextAsync("does not work");
        await Expect(page.Locator("#measures")).ToContainTextAsync("99.87");
        await Expect(page.Locator("#measures")).ToContainTextAsync("12 ms");
        await Expect(page.Locator("#measured-note")).ToContainTextAsync("Measured at");
        await AssertReadableAsync(visit, "status-measured");
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task The_overview_shows_charts_alerts_and_availability()
    {
        await using var visit = await OpenAsync(measured.Edge, "/console/", signedIn: true);
        var page = visit.Page;

        await Expect(page.Locator("#performance .chart-plot")).ToHaveCountAsync(6);
        await Expect(page.Locator("#performance .chart-line-1[d^=M]").First).ToBeAttachedAsync();
        await Expect(page.Locator("#alerts li")).ToHaveCountAsync(4);
        await Expect(page.Locator("#alerts li").Last).ToContainTextAsync("Documents wait long");
        await Expect(page.Locator("#alert-tools a")).ToHaveTextAsync("Prometheus");
        await Expect(page.Locator("#availability")).ToContainTextAsync("75% of the error budget is left");
        var slider = page.Locator("#performance input[type=range]").First;
        await slider.FocusAsync();
        await Expect(slider).ToHaveAttributeAsync("aria-valuetext", new System.Text.RegularExpressions.Regex("Front door [0-9.]+, API [0-9.]+"));
        await page.Keyboard.PressAsync("Home");
        await Expect(slider).ToHaveAttributeAsync("aria-valuetext", new System.Text.RegularExpressions.Regex("Front door not measured"));
        await page.Locator("#performance summary").First.ClickAsync();
        await Expect(page.Locator("#performance tbody tr")).ToHaveCountAsync(121);
        await Expect(page.Locator("#performance thead").First).ToHaveTextAsync("FromFront doorAPI");
        await page.SelectOptionAsync("#metrics-range", "7d");
        await Expect(page.Locator("#performance tbody tr").Last).ToContainTextAsync(DateTime.UtcNow.AddDays(-7).ToString("d MMM", null));
        await page.Locator("#performance summary").First.ClickAsync();
        await AssertReadableAsync(visit, "console-measured");
        Assert.Empty(visit.Complaints);

        await page.GetByRole(AriaRole.Link, new() { Name = "what to do" }).ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("QueueIsSlow");
    }

    [Fact]
    public async Task A_runbook_reads_well_and_runs_nothing()
    {
        await using var visit = await OpenAsync(measured.Edge, "/console/runbooks/QueueIsSlow", signedIn: true);
        var page = visit.Page;

        await Expect(page.Locator(".runbook")).ToContainTextAsync("<script>document.title = 'run'</script>");
        Assert.Equal("QueueIsSlow: Platform console", await page.TitleAsync());
        Assert.Equal(0, await page.Locator(".runbook script, .runbook img").CountAsync());
        await AssertReadableAsync(visit, "runbook");
        await page.GetByRole(AriaRole.Link, new() { Name = "all runbooks" }).ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("Runbooks");
        await Expect(page.Locator("nav [aria-current=page]")).ToHaveTextAsync("Runbooks");
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task Without_a_Prometheus_the_pages_say_so_and_have_no_dead_boxes()
    {
        await using var edge = await SignInEdge.StartAsync(measured.Upstream.Url);
        await using var status = await OpenAsync(edge, "/status.html");
        await using var console = await OpenAsync(edge, "/console/", signedIn: true);

        await Expect(status.Page.Locator("#headline")).ToHaveTextAsync("Everything works");
        await Expect(status.Page.Locator("#measured")).ToBeHiddenAsync();
        await Expect(console.Page.Locator("#performance-note")).ToContainTextAsync("Metrics are not collected here. Install Prometheus");
        await Expect(console.Page.Locator("#performance")).ToBeHiddenAsync();
        await Expect(console.Page.Locator("#alerts")).ToHaveTextAsync("Alerts are not known without metrics.");
        await AssertReadableAsync(console, "console-not-measured");
        Assert.Empty(status.Complaints);
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task A_Prometheus_that_does_not_answer_is_told_of_and_holds_nothing_up()
    {
        await using var prometheus = new RawServer(_ => new RawServer.Answer("", Hangs: true));
        await using var edge = await SignInEdge.StartAsync(measured.Upstream.Url, ("services__prometheus__http__0", prometheus.Url));
        await using var status = await OpenAsync(edge, "/status.html");
        await using var console = await OpenAsync(edge, "/console/", signedIn: true);

        await Expect(status.Page.Locator("#headline")).ToHaveTextAsync("Everything works");
        await Expect(status.Page.Locator("#measured-note")).ToHaveTextAsync("What has been measured cannot be read at the moment.");
        await Expect(status.Page.Locator("#measures")).ToBeEmptyAsync();
        await Expect(console.Page.Locator("#performance-note")).ToContainTextAsync("Prometheus does not answer.");
        Assert.Empty(status.Complaints);
        Assert.Empty(console.Complaints);
    }

    private static async Task AssertReadableAsync(Visit visit, string name)
    {
        foreach (var width in new[] { 390, 1440 })
        {
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await visit.Page.SetViewportSizeAsync(width, 900);
                await visit.Page.EmulateMediaAsync(new() { ColorScheme = scheme });
                await visit.ScreenshotAsync($"{name}-{width}-{scheme}");
                var overflow = await visit.OverflowAsync();
                Assert.True(overflow <= 0, $"The page is {overflow} pixels too wide.");
                Assert.Empty(await visit.LowContrastsAsync());
                Assert.Empty(await visit.BarriersAsync());
                Assert.Equal(1, await visit.Page.Locator("h1").CountAsync());
            }
        }
    }

    private async Task<Visit> OpenAsync(ServiceProcess edge, string path, bool signedIn = false)
    {
        var context = await chromium.Browser.NewContextAsync(new()
        {
            BaseURL = $"http://localhost:{edge.Port}", ReducedMotion = ReducedMotion.Reduce, Locale = "en-GB",
        });
        var visit = new Visit(await context.NewPageAsync());
        if (signedIn)
        {
            await visit.Page.GotoAsync($"/auth/sign-in?return={Uri.EscapeDataString(path)}");
            await visit.Page.FillAsync("#username", "admin");
            await visit.Page.FillAsync("#password", Person.Password);
            await visit.Page.Keyboard.PressAsync("Enter");
            await visit.Page.ArriveAsync(path);
            await visit.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        }
        else
        {
            await visit.Page.GotoAsync(path, new() { WaitUntil = WaitUntilState.NetworkIdle });
        }

        return visit;
    }
}

/// <summary>An edge with runbooks that a real Prometheus measures, before an upstream.</summary>
public sealed class MeasuredEdge : IAsyncLifetime
{
    private RunbookFolder Runbooks { get; } = RunbookFolder.Create(
        ("README.md", "# Runbooks\n\n| Alert | Severity |\n|---|:-:|\n| [QueueIsSlow](QueueIsSlow.md) | warning |"),
        ("QueueIsSlow.md", """
            # QueueIsSlow

            Documents wait. <script>document.title = 'run'</script> <img src=x onerror="document.title = 'run'"> See [all runbooks](README.md).

            ## How to confirm

            1. Look at `max by (state) (document_tasks)`
            2. Then at the log

            ```promql
            max(document_task_oldest_age_seconds{job="api",instance="a-host-with-a-long-name.example.org:12345"}) > 600 and on() absent(up == 1)
            ```

            | Column | What it says of the queue, in words that take more than a phone has |
            |:------:|----------------------------------------------------------------------|
            | `document_task_oldest_age_seconds` | the age of the oldest task that is due and not done |

            > Nothing is lost.
            """));

    private StatusPrometheus? _prometheus;
    private Upstream? _upstream;
    private ServiceProcess? _edge;

    public ServiceProcess Edge => _edge ?? throw new InvalidOperationException("The edge is not running.");

    public Upstream Upstream => _upstream ?? throw new InvalidOperationException("The upstream is not running.");

    public async Task InitializeAsync()
    {
        _prometheus = await StatusPrometheus.StartAsync();
        _upstream = await Upstream.StartAsync();
        _edge = await SignInEdge.StartAsync(
            _upstream.Url, ("services__prometheus__http__0", _prometheus.Url), ("Site__Runbooks", Runbooks.Path));
        await _prometheus.WatchAsync(_edge);
    }

    public async Task DisposeAsync()
    {
        if (_edge is not null)
        {
            await _edge.DisposeAsync();
        }

        if (_upstream is not null)
        {
            await _upstream.DisposeAsync();
        }

        if (_prometheus is not null)
        {
            await _prometheus.DisposeAsync();
        }

        Runbooks.Dispose();
    }
}
