using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Platform.Tests.Browser;

/// <summary>What Platform is for, from the first visitor to the last click of its owner, in one go.</summary>
[Collection(ConsoleSuite.Name)]
public sealed partial class JourneyTests(ConsoleUnderTest console)
{
    private const float Patience = 30_000;

    [Fact]
    public async Task Somebody_writes_and_the_owner_signs_in_keeps_files_finds_shares_reads_the_numbers_and_signs_out()
    {
        await using var visit = await console.OpenAsStrangerAsync("/contact.html");
        var page = visit.Page;
        await page.FillAsync("#name", "Journey Jane");
        await page.FillAsync("#email", "jane@example.org");
        await page.FillAsync("#message", "Would you keep five files for me?");
        await page.ClickAsync("#send");
        await Expect(page.Locator("#done-title")).ToBeVisibleAsync();
        var contact = await page.TextContentAsync("#reference");

        await page.GotoAsync($"/console/documents?contact={contact}");
        await Expect(page).ToHaveTitleAsync(SignIn());
        await console.SignInAsync(page);
        await Expect(page.Locator("#upload-contact-name")).ToHaveValueAsync("Journey Jane");

        await page.SetInputFilesAsync("#upload-files", Enumerable.Range(1, 5).Select(number => new FilePayload
        {
            Name = $"journey-{number}.txt",
            MimeType = "text/plain",
            Buffer = Encoding.UTF8.GetBytes(number == 3 ? "The dirigible lands at noon." : $"Page {number} of the travelogue."),
        }));
        await page.FillAsync("#upload-type", "travel");
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload 5 files" }).ClickAsync();
        await Expect(page.Locator("#upload-list .chip[data-state=completed]")).ToHaveCountAsync(5, new() { Timeout = Patience });

        await page.GotoAsync("/console/search");
        await page.FillAsync("#q", "dirigable");
        await Expect(page.Locator(".result mark").First).ToHaveTextAsync("dirigible");
        await page.Locator(".result a").First.ClickAsync();
        var drawer = page.GetByRole(AriaRole.Dialog).First;
        await Expect(drawer.Locator("h2")).ToHaveTextAsync("journey-3.txt");
        await drawer.GetByRole(AriaRole.Button, new() { Name = "Share" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create link" }).ClickAsync();
        using (var shared = await console.Edge.GetAsync(new Uri(await page.InputValueAsync("#share-link"))))
        {
            Assert.Equal(HttpStatusCode.OK, shared.StatusCode);
            Assert.Equal("The dirigible lands at noon.", await shared.Content.ReadAsStringAsync());
        }

        await page.GotoAsync("/console/analytics");
        await Expect(page.Locator("main")).ToContainTextAsync("travel", new() { IgnoreCase = true });
        await page.GotoAsync("/console/audit");
        await Expect(page.Locator("main")).ToContainTextAsync("Session started");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.GotoAsync("/console/");
        await Expect(page).ToHaveTitleAsync(SignIn());
        Assert.Empty(visit.Complaints);
    }

    [GeneratedRegex("^Sign in")]
    private static partial Regex SignIn();
}
