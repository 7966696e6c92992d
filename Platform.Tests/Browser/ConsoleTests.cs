using System.Net;
using Microsoft.Playwright;
using Platform.Tests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace Platform.Tests.Browser;

/// <summary>The operator's console as an operator has it. What the browser complains of, and what the policy forbids, fails a test.</summary>
[Collection(ConsoleSuite.Name)]
public sealed class ConsoleTests(ConsoleUnderTest console)
{
    [Theory]
    [InlineData("", "Overview")]
    [InlineData("contacts", "Contacts")]
    [InlineData("analytics", "Analytics")]
    [InlineData("tasks", "Tasks")]
    [InlineData("backups", "Backups")]
    [InlineData("keys", "API keys")]
    [InlineData("audit", "Audit")]
    [InlineData("system", "System")]
    public async Task A_page_fits_reads_well_and_is_accessible_on_a_phone_and_a_desktop_by_day_and_by_night(string path, string title)
    {
        await using var visit = await console.OpenAsync(path);
        Assert.Equal(title, await visit.Page.TextContentAsync("h1"));
        Assert.Equal(title, await visit.Page.TextContentAsync("nav [aria-current=page]"));

        foreach (var width in new[] { 390, 1440 })
        {
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await visit.Page.SetViewportSizeAsync(width, 900);
                await visit.Page.EmulateMediaAsync(new() { ColorScheme = scheme });
                await visit.AssertReadableAsync($"console-{path}-{width}-{scheme}");
            }
        }

        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task The_overview_tells_what_there_is_and_that_everything_works()
    {
        await using var visit = await console.OpenAsync("");

        await Expect(visit.Page.Locator("#overall")).ToHaveTextAsync("Everything works");
        Assert.True(int.Parse((await visit.Page.TextContentAsync("#contacts"))!, System.Globalization.CultureInfo.InvariantCulture) >= 30);
        await Expect(visit.Page.Locator("#health li")).ToHaveCountAsync(4);
        await Expect(visit.Page.Locator("#latest li")).ToHaveCountAsync(5);
        await Expect(visit.Page.Locator("#attention")).ToContainTextAsync("broken.pdf");
    }

    [Fact]
    public async Task A_chart_is_read_by_keyboard_and_as_a_table()
    {
        await using var visit = await console.OpenAsync("");
        var slider = visit.Page.Locator("#chart input[type=range]");

        await slider.FocusAsync();
        await Expect(visit.Page.Locator("#chart .chart-tip")).ToContainTextAsync("contacts");
        var today = await slider.GetAttributeAsync("aria-valuetext");
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(slider).Not.ToHaveAttributeAsync("aria-valuetext", today!);
        await Expect(visit.Page.Locator("#chart .chart-chosen")).ToHaveCountAsync(1);

        await visit.Page.ClickAsync("#chart .chart-table summary");
        await Expect(visit.Page.Locator("#chart .chart-table tbody tr")).ToHaveCountAsync(30);
    }

    [Fact]
    public async Task Contacts_are_filtered_and_the_address_keeps_the_filter()
    {
        await console.AddContactAsync("Filtered Frances");
        await using var visit = await console.OpenAsync("contacts");
        var rows = visit.Page.Locator("#list tbody tr");

        await visit.Page.FillAsync("#q", "filtered fr");
        await Expect(rows).ToHaveCountAsync(1);
        await Expect(rows).ToContainTextAsync("Filtered Frances");
        await visit.Page.CheckAsync("input[name=status][value=closed]");
        await Expect(visit.Page.Locator(".list-message")).ToContainTextAsync("No contact matches");
        await visit.ScreenshotAsync("console-contacts-empty");
        await visit.Page.ReloadAsync();
        Assert.Equal("filtered fr", await visit.Page.InputValueAsync("#q"));
        await Expect(visit.Page.Locator(".list-message")).ToContainTextAsync("No contact matches");

        await visit.Page.ClickAsync(".list-message button");
        await Expect(rows).ToHaveCountAsync(25);
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task More_contacts_come_when_asked_for()
    {
        await using var visit = await console.OpenAsync("contacts?q=Seeded");
        var rows = visit.Page.Locator("#list tbody tr");
        await Expect(rows).ToHaveCountAsync(25);
        await Expect(visit.Page.Locator(".list-foot [role=status]")).ToHaveTextAsync("25 contacts, and more");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Load more" }).ClickAsync();

        await Expect(rows).ToHaveCountAsync(30);
        await Expect(visit.Page.Locator(".list-foot [role=status]")).ToHaveTextAsync("30 contacts");
        Assert.Equal(30, (await visit.Page.Locator("#list a.whole").AllTextContentsAsync()).Distinct().Count());
    }

    [Fact]
    public async Task The_status_of_a_contact_is_changed_in_the_list_and_taken_back()
    {
        var id = await console.AddContactAsync("Changed Charles");
        await using var visit = await console.OpenAsync("contacts?q=Changed+Charles");
        var status = visit.Page.GetByLabel("Status of Changed Charles");

        Assert.Equal(
            ["new", "contacted", "closed"], await status.Locator("option").EvaluateAllAsync<string[]>("options => options.map(o => o.value)"));
        await status.SelectOptionAsync("contacted");
        await Expect(visit.Page.Locator(".toast")).ToContainTextAsync("Changed Charles is now contacted.");
        Assert.Equal("contacted", await StatusAsync(id));

        await status.SelectOptionAsync("closed");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(status).ToHaveValueAsync("contacted");
        await Eventually.IsTrueAsync(async () => await StatusAsync(id) == "contacted", PlatformGraph.Patience);
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_change_that_the_service_refuses_is_undone_and_told()
    {
        var id = await console.AddContactAsync("Refused Ruth");
        await using var visit = await console.OpenAsync("contacts?q=Refused+Ruth");
        await visit.Page.RouteAsync("**/contacts/*", route => route.FulfillAsync(new()
        {
            Status = 503,
            ContentType = "application/problem+json",
            Body = """{"title":"Service Unavailable","status":503}""",
        }));
        var status = visit.Page.GetByLabel("Status of Refused Ruth");

        await status.SelectOptionAsync("closed");

        await Expect(visit.Page.Locator(".toasts [role=alert]")).ToContainTextAsync("The service is not available at the moment.");
        await Expect(status).ToHaveValueAsync("new");
        Assert.Equal("new", await StatusAsync(id));
        await visit.Page.UnrouteAllAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Expect(status).ToHaveValueAsync("closed");
        await Eventually.IsTrueAsync(async () => await StatusAsync(id) == "closed", PlatformGraph.Patience);
    }

    [Fact]
    public async Task A_contact_has_an_address_notes_and_its_documents()
    {
        var id = await console.AddContactAsync("Noted Nora");
        await console.UploadAsync(id, "offer.txt", "An offer.");
        await using var visit = await console.OpenAsync("contacts?q=Noted+Nora");

        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Noted Nora" }).ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("offer.txt");
        Assert.Contains($"id={id}", visit.Page.Url, StringComparison.Ordinal);
        await visit.AssertReadableAsync("console-contact");
        await visit.Page.SetViewportSizeAsync(390, 900);
        await visit.AssertReadableAsync("console-contact-phone");

        await visit.Page.FillAsync("#notes", "Called back.");
        await visit.Page.Keyboard.PressAsync("Escape");
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Leave without saving?" })).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save notes" }).ClickAsync();
        await Expect(dialog).ToContainTextAsync("Saved.");
        Assert.Equal("Called back.", (await console.GetAsync($"/contacts/{id}")).GetProperty("notes").GetString());

        await visit.Page.GoBackAsync();
        await Expect(dialog).ToBeHiddenAsync();
        await visit.Page.GoForwardAsync();
        await Expect(visit.Page.Locator("#notes")).ToHaveValueAsync("Called back.");
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_contact_is_erased_only_when_its_address_is_typed()
    {
        var id = await console.AddContactAsync("Erased Eva");
        await using var visit = await console.OpenAsync($"contacts?q=Erased+Eva&id={id}");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Erase this contact" }).ClickAsync();
        var erase = visit.Page.GetByRole(AriaRole.Button, new() { Name = "Erase for good" });
        await erase.ClickAsync();
        await Expect(visit.Page.Locator("dialog .notice[role=alert]")).ToContainTextAsync(ConsoleUnderTest.EmailOf("Erased Eva"));
        Assert.Equal("phrase", await visit.Page.EvaluateAsync<string>("document.activeElement.id"));
        await visit.ScreenshotAsync("console-erase");
        await visit.Page.FillAsync("#phrase", ConsoleUnderTest.EmailOf("Erased Eva"));
        await erase.ClickAsync();

        await Expect(visit.Page.Locator(".list-message")).ToContainTextAsync("No contact matches");
        await Expect(visit.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        using var gone = await console.Api.GetAsync($"/contacts/{id}");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task The_csv_file_has_what_the_filters_find()
    {
        await console.AddContactAsync("Tabular Tim");
        await using var visit = await console.OpenAsync("contacts?q=Tabular+Tim");

        var download = await visit.Page.RunAndWaitForDownloadAsync(() => visit.Page.ClickAsync("#csv"));

        Assert.Equal("contacts.csv", download.SuggestedFilename);
        var lines = await File.ReadAllLinesAsync(await download.PathAsync());
        Assert.Equal(2, lines.Length);
        Assert.Contains("Tabular Tim", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_mouse_a_contact_is_found_opened_and_left()
    {
        await console.AddContactAsync("Keyboard Kim");
        await using var visit = await console.OpenAsync("contacts");
        var keyboard = visit.Page.Keyboard;

        await keyboard.PressAsync("/");
        await keyboard.TypeAsync("Keyboard Kim");
        await Expect(visit.Page.Locator("#list tbody tr")).ToHaveCountAsync(1);
        var link = visit.Page.GetByRole(AriaRole.Link, new() { Name = "Keyboard Kim" });
        for (var steps = 0; steps < 20 && !await link.EvaluateAsync<bool>("element => element === document.activeElement"); steps++)
        {
            await keyboard.PressAsync("Tab");
        }

        await Expect(link).ToBeFocusedAsync();
        await keyboard.PressAsync("Enter");
        await Expect(visit.Page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("A few lines of Keyboard Kim");
        Assert.True(await visit.Page.EvaluateAsync<bool>("document.activeElement.closest('dialog') !== null"));
        await keyboard.PressAsync("Escape");
        await Expect(visit.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await Expect(link).ToBeFocusedAsync();
    }

    [Fact]
    public async Task A_list_that_cannot_be_loaded_says_why_and_is_loaded_again_on_request()
    {
        await using var visit = await console.OpenAsync("audit");
        await visit.Page.RouteAsync("**/admin/api/audit*", route => route.FulfillAsync(new()
        {
            Status = 500,
            ContentType = "application/problem+json",
            Body = """{"title":"An error occurred while processing your request.","status":500}""",
        }));
        await visit.Page.FillAsync("#actor", "public");
        await Expect(visit.Page.Locator(".list-message")).ToContainTextAsync("This list could not be loaded");
        await Expect(visit.Page.Locator(".list-message")).ToContainTextAsync("Something went wrong in the service.");
        await visit.AssertReadableAsync("console-error");

        await visit.Page.UnrouteAllAsync();
        await visit.Page.FillAsync("#actor", "key:bootstrap");
        await Expect(visit.Page.Locator("#list tbody tr").First).ToContainTextAsync("key:bootstrap");
    }

    [Fact]
    public async Task A_field_that_the_service_refuses_is_named()
    {
        await using var visit = await console.OpenAsync("contacts");
        await visit.Page.RouteAsync("**/contacts?*", route => route.FulfillAsync(new()
        {
            Status = 422,
            ContentType = "application/problem+json",
            Body = """{"title":"One or more fields are not valid.","status":422,"errors":{"q":["must be at most 100 characters long"]}}""",
        }));

        await visit.Page.FillAsync("#q", "x");

        await Expect(visit.Page.Locator(".list-message")).ToContainTextAsync("Q must be at most 100 characters long.");
    }

    [Fact]
    public async Task A_key_is_created_shown_once_used_and_revoked()
    {
        await using var visit = await console.OpenAsync("keys");
        var page = visit.Page;

        await page.ClickAsync("#create");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create key" }).Last.ClickAsync();
        await Expect(page.Locator("dialog .notice[role=alert]")).ToHaveTextAsync("Give the key a name.");
        await visit.AssertReadableAsync("console-key-create");
        await page.FillAsync("#key-name", "Made by a test");
        await page.Keyboard.PressAsync("Enter");
        var key = await page.InputValueAsync("#new-key");
        await visit.AssertReadableAsync("console-key-created");
        Assert.Equal(HttpStatusCode.OK, await StatusWithAsync(key));
        await page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        await Expect(page.Locator("#list")).Not.ToContainTextAsync(key);

        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke Made by a test" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke key" }).ClickAsync();
        await Expect(page.Locator("#list tr", new() { HasText = "Made by a test" })).ToContainTextAsync("Revoked");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusWithAsync(key));
        Assert.Empty(visit.Complaints);

        async Task<HttpStatusCode> StatusWithAsync(string value)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/contacts?limit=1") { Headers = { { "X-API-Key", value } } };
            using var response = await console.Edge.SendAsync(request);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task A_failed_task_says_why_and_is_tried_again()
    {
        await using var visit = await console.OpenAsync("tasks?state=failed");
        var row = visit.Page.Locator("#list tr", new() { HasText = "broken.pdf" });
        await Expect(row.First).ToContainTextAsync("The PDF is broken.");
        var before = await row.CountAsync();

        await row.First.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();

        await Expect(visit.Page.Locator(".toast")).ToContainTextAsync("broken.pdf is in the queue again.");
        // It fails again, and the list shows it by itself.
        await Expect(row).ToHaveCountAsync(before + 1, new() { Timeout = 30_000 });
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task The_search_index_is_rebuilt_and_the_page_follows_it()
    {
        await using var visit = await console.OpenAsync("system");

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Rebuild the search index" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Rebuild", Exact = true }).ClickAsync();

        await Expect(visit.Page.Locator("#system")).ToContainTextAsync("The index was rebuilt", new() { Timeout = 30_000 });
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task Who_may_only_look_finds_nothing_that_changes_something()
    {
        await using var list = await console.OpenAsync("contacts", role: "viewer");
        await Expect(list.Page.Locator("#list tbody tr")).ToHaveCountAsync(25);
        Assert.Equal(0, await list.Page.Locator("#list select").CountAsync());
        await list.Page.Locator("#list a.whole").First.ClickAsync();
        await Expect(list.Page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Export everything");
        Assert.Equal(0, await list.Page.Locator("dialog textarea, dialog select, dialog .danger").CountAsync());

        await using var keys = await console.OpenAsync("keys", role: "viewer");
        await Expect(keys.Page.Locator("main")).ToContainTextAsync("For administrators");
        await Expect(keys.Page.Locator("main button")).ToHaveCountAsync(0);
        await keys.AssertReadableAsync("console-viewer");
        Assert.Empty(keys.Complaints);
    }

    [Fact]
    public async Task A_session_that_has_ended_leads_to_the_sign_in_and_back_and_the_new_one_is_signed_out()
    {
        await using var visit = await console.OpenAsync("contacts?q=Seeded");
        await visit.Page.Context.ClearCookiesAsync();

        // Not CheckAsync, which looks whether it is checked, perhaps when the page has gone.
        await visit.Page.ClickAsync("input[name=status][value=new]");
        await visit.Page.ArriveAsync("/auth/sign-in?");
        await console.SignInAsync(visit.Page);
        await visit.Page.ArriveAsync("/console/contacts?status=new&q=Seeded");
        await Expect(visit.Page.Locator("#list tbody tr")).ToHaveCountAsync(25);

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await visit.Page.ArriveAsync("/auth/");
        await visit.Page.GotoAsync("/console/contacts");
        Assert.Contains("/auth/sign-in", visit.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_phone_the_menu_opens_and_closes_without_a_mouse()
    {
        await using var visit = await console.OpenAsync("keys", width: 390);
        var menu = visit.Page.GetByRole(AriaRole.Navigation, new() { Name = "Console" });
        await Expect(menu).ToBeHiddenAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Menu" }).FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await Expect(menu).ToBeVisibleAsync();
        await visit.AssertReadableAsync("console-menu");
        await visit.Page.Keyboard.PressAsync("Escape");
        await Expect(menu).ToBeHiddenAsync();
    }

    private async Task<string?> StatusAsync(string id) => (await console.GetAsync($"/contacts/{id}")).GetProperty("status").GetString();
}
