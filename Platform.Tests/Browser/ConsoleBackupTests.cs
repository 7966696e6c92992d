using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Platform.Tests.Browser;

/// <summary>The console's page of backups, with real ones, and in the states that a healthy system is not in.</summary>
[Collection(ConsoleSuite.Name)]
public sealed class ConsoleBackupTests(ConsoleUnderTest console)
{
    private static readonly LocatorAssertionsToContainTextOptions Patience = new() { Timeout = 60_000 };

    [Fact]
    public async Task A_backup_is_made_followed_and_verified_and_one_that_is_damaged_is_found_and_deleted()
    {
        await using var visit = await console.OpenAsync("backups");
        var page = visit.Page;
        var rows = page.Locator("#list tbody tr");

        await page.GetByRole(AriaRole.Button, new() { Name = "Back up now" }).ClickAsync();
        await Expect(rows).ToHaveCountAsync(1, new() { Timeout = 60_000 });
        await Expect(rows).ToContainTextAsync("Verified");
        await Expect(rows).ToContainTextAsync("on request");
        // What the tests before it have left is in it, too.
        var made = (await console.GetAsync("/admin/api/backups")).GetProperty("items")[0];
        Assert.True(made.GetProperty("documents").GetInt64() >= 2);
        await Expect(rows).ToContainTextAsync($"{made.GetProperty("contacts").GetInt64()} contacts, {made.GetProperty("documents").GetInt64()} documents");
        var name = (await rows.Locator("strong").TextContentAsync())!;
        await Expect(page.Locator("#last")).ToContainTextAsync("now");
        // Without the newest there would be nothing to go back to.
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Delete" })).ToHaveCountAsync(0);

        // By keyboard.
        await page.GetByRole(AriaRole.Button, new() { Name = $"Verify {name}" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".toasts")).ToContainTextAsync($"{name} is whole", Patience);

        const string Earlier = "platform-20010101T000000Z.tar.gz";
        await File.WriteAllTextAsync(Path.Combine(console.Backups, Earlier), "What was an archive once.");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Verify {Earlier}" }).ClickAsync();
        await Expect(page.Locator(".toasts [role=alert]")).ToContainTextAsync($"{Earlier} is damaged.", Patience);
        await Expect(rows.Last).ToContainTextAsync("Damaged");
        var delete = page.GetByRole(AriaRole.Button, new() { Name = $"Delete {Earlier}" });
        await delete.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(rows).ToHaveCountAsync(2);
        await delete.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete backup" }).ClickAsync();
        await Expect(rows).ToHaveCountAsync(1);

        Assert.False(File.Exists(Path.Combine(console.Backups, Earlier)));
        var audit = (await console.GetAsync("/admin/api/audit?limit=50")).GetProperty("entries").EnumerateArray()
            .Select(entry => $"{entry.GetProperty("action").GetString()} {entry.GetProperty("subject").GetString()}").ToArray();
        Assert.Contains($"backup.deleted backup:{Earlier}", audit);
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task One_that_runs_shows_how_far_it_is_one_that_failed_why_and_one_that_is_damaged_can_be_deleted()
    {
        await using var visit = await console.OpenAsync("contacts");
        await AnswerAsync(visit.Page, """
            {
              "enabled": true, "destination": "/var/backups/platform", "encrypted": true, "interval_seconds": 21600,
              "due_at": "2001-01-01T00:00:00Z", "keep": { "daily": 7, "weekly": 4, "monthly": 12 },
              "running": { "name": "platform-20261126T043000Z.tar.gz.aes", "started_at": "2026-11-26T04:30:00Z", "objects": 12, "bytes": 3400000 },
              "last_failure": { "at": "2026-11-26T04:00:00Z", "reason": "The destination is full." },
              "items": [{
                "name": "platform-20261125T040000Z.tar.gz.aes", "created_at": "2026-11-25T04:00:00Z", "size": 1200, "encrypted": true,
                "sha256": null, "verified_at": "2026-11-25T05:00:00Z", "damaged": true, "contacts": 1, "documents": 0, "duration_seconds": 2,
                "trigger": "scheduled"
              }]
            }
            """);
        await visit.Page.GotoAsync("/console/backups");

        await Expect(visit.Page.Locator("#running")).ToContainTextAsync("12 documents and 3.4 MB so far");
        await Expect(visit.Page.Locator("#run")).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(visit.Page.Locator("#failure")).ToContainTextAsync("The destination is full.");
        await Expect(visit.Page.Locator("#summary")).ToContainTextAsync("every 6 hr");
        await Expect(visit.Page.Locator("#list tbody tr")).ToContainTextAsync("Damaged");
        await Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Delete platform-20261125T040000Z.tar.gz.aes" })).ToBeVisibleAsync();
        foreach (var width in new[] { 390, 1440 })
        {
            await visit.Page.SetViewportSizeAsync(width, 900);
            await visit.AssertReadableAsync($"console-backups-running-{width}");
        }

        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task Where_backups_are_off_the_page_says_how_to_have_them()
    {
        await using var visit = await console.OpenAsync("contacts");
        await AnswerAsync(visit.Page, """
            {
              "enabled": false, "destination": null, "encrypted": false, "interval_seconds": 86400, "due_at": null,
              "keep": { "daily": 7, "weekly": 4, "monthly": 12 }, "running": null, "last_failure": null, "items": []
            }
            """);
        await visit.Page.GotoAsync("/console/backups");

        await Expect(visit.Page.Locator("#off")).ToContainTextAsync("backup-url");
        await Expect(visit.Page.Locator("#run")).ToBeHiddenAsync();
        await visit.AssertReadableAsync("console-backups-off");
    }

    [Fact]
    public async Task Who_may_only_look_is_told_so()
    {
        await using var visit = await console.OpenAsync("backups", role: "viewer");
        await Expect(visit.Page.Locator("main")).ToContainTextAsync("For administrators");
        await Expect(visit.Page.Locator("main button")).ToHaveCountAsync(0);
        Assert.Empty(visit.Complaints);
    }

    private static Task<IAsyncDisposable> AnswerAsync(IPage page, string json) =>
        page.RouteAsync("**/admin/api/backups", route => route.FulfillAsync(new() { ContentType = "application/json", Body = json }));
}
