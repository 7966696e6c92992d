using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using Platform.Tests.Fixtures;
using Platform.Tests.Fixtures.Corpus;
using static Microsoft.Playwright.Assertions;

namespace Platform.Tests.Browser;

/// <summary>Uploading documents, finding them, and all that can be done with one, in the operator's console.</summary>
[Collection(ConsoleSuite.Name)]
public sealed class ConsoleDocumentTests(ConsoleUnderTest console)
{
    private const float Processing = 30_000;

    private static readonly string[] Journey = ["report.pdf", "contract.docx", "table.csv", "readme.md", "sign.png"];

    [Theory]
    [InlineData("documents", "Documents", "#list tbody tr:not(.skeleton-row)")]
    [InlineData("search?q=minutes", "Search", ".result mark")]
    public async Task A_page_fits_reads_well_and_is_accessible_on_a_phone_and_a_desktop_by_day_and_by_night(string path, string title, string content)
    {
        await using var visit = await console.OpenAsync(path);
        Assert.Equal(title, await visit.Page.TextContentAsync("h1"));
        Assert.Equal(title, await visit.Page.TextContentAsync("nav [aria-current=page]"));
        await Expect(visit.Page.Locator(content).First).ToBeVisibleAsync();

        foreach (var width in new[] { 390, 1440 })
        {
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await AssertReadableAsync(visit, title.ToLowerInvariant(), width, scheme);
            }
        }

        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task Files_are_uploaded_at_once_read_found_shared_thrown_away_and_restored()
    {
        var contact = await console.AddContactAsync("Uploading Ursula");
        await using var visit = await console.OpenAsync($"documents?contact={contact}");
        var page = visit.Page;
        await Expect(page.Locator("#upload-contact-name")).ToHaveValueAsync("Uploading Ursula");

        await page.SetInputFilesAsync("#upload-files", Journey.Select(Named));
        await Expect(page.Locator("#upload-type")).ToBeFocusedAsync();
        await page.FillAsync("#upload-type", "report");
        await page.FillAsync("#upload-tags", "journey, of five");
        await AssertReadableAsync(visit, "upload-ready");
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload 5 files" }).ClickAsync();

        await Expect(page.Locator("#upload-count")).ToHaveTextAsync("5 of 5 files stored");
        await Expect(page.Locator("#upload-list .chip[data-state=completed]")).ToHaveCountAsync(5, new() { Timeout = Processing });
        var row = page.Locator("#list tr", new() { HasText = "contract.docx" });
        await Expect(row).ToContainTextAsync("Completed", new() { Timeout = Processing });
        await Expect(row).ToContainTextAsync("Uploading Ursula");
        await AssertReadableAsync(visit, "upload-done");

        await page.GotoAsync("/console/search");
        await page.FillAsync("#q", "marzipn");
        await Expect(page.Locator(".result mark").First).ToHaveTextAsync("marzipan", new() { IgnoreCase = true });
        await Expect(page.Locator("#summary")).ToContainTextAsync("With similar words: marzipan.");
        Assert.EndsWith("/console/search?q=marzipn", page.Url, StringComparison.Ordinal);
        await page.Locator("#q").PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");

        var drawer = page.GetByRole(AriaRole.Dialog).First;
        await Expect(drawer.Locator("h2")).ToHaveTextAsync("contract.docx");
        await Expect(drawer).ToContainTextAsync("English");
        await AssertReadableAsync(visit, "document");
        await drawer.GetByRole(AriaRole.Button, new() { Name = "Share" }).ClickAsync();
        await page.SelectOptionAsync("#share-lifetime", "3600");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create link" }).ClickAsync();
        var link = await page.InputValueAsync("#share-link");
        await AssertReadableAsync(visit, "document-shared");
        var (status, bytes) = await OpenLinkAsync(link);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(Corpus.Named("contract.docx").Bytes, bytes);
        var tampered = link[..^4] + (link.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA");
        Assert.Equal(HttpStatusCode.NotFound, (await OpenLinkAsync(tampered)).Status);
        await page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();

        await drawer.GetByRole(AriaRole.Button, new() { Name = "Move to trash" }).ClickAsync();
        await Expect(page.Locator(".toast")).ToContainTextAsync("contract.docx is in the trash.");
        await Expect(row).ToHaveCountAsync(0);
        Assert.Equal(HttpStatusCode.NotFound, (await OpenLinkAsync(link)).Status);
        await page.Locator(".toast").GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(row).ToHaveCountAsync(1);
        Assert.Equal(HttpStatusCode.OK, (await OpenLinkAsync(link)).Status);

        await page.GetByRole(AriaRole.Button, new() { Name = "Move to trash: contract.docx" }).ClickAsync();
        await Expect(row).ToHaveCountAsync(0);
        await page.CheckAsync("input[name=trashed][value=true]");
        await page.GetByRole(AriaRole.Link, new() { Name = "contract.docx" }).ClickAsync();
        await Expect(drawer).ToContainTextAsync("It cannot be found or opened until it is restored.");
        await AssertReadableAsync(visit, "document-trashed");
        await drawer.GetByRole(AriaRole.Button, new() { Name = "Restore" }).ClickAsync();
        await Expect(row).ToHaveCountAsync(0);
        Assert.Equal(HttpStatusCode.OK, (await OpenLinkAsync(link)).Status);
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_refused_file_says_why_and_does_not_stop_the_others()
    {
        var contact = await console.AddContactAsync("Refusing Rita");
        await console.UploadAsync(contact, "first.txt", "A text like any other, of Rita.");
        await using var visit = await console.OpenAsync($"documents?contact={contact}");
        var page = visit.Page;
        await page.FillAsync("#upload-type", "report");

        FilePayload[] files =
        [
            Text("program.exe", "MZ"), Text("empty.txt", ""), Text("no-picture.png", "This is a text."),
            Text("good.txt", "A text like any other, of Rita."),
        ];
        await page.SetInputFilesAsync("#upload-files", files);
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload 4 files" }).ClickAsync();

        await Expect(page.Locator("#upload-count")).ToHaveTextAsync("1 of 4 files stored, 3 not");
        await Expect(Entry("program.exe")).ToContainTextAsync("Files that end in .exe are not taken.");
        await Expect(Entry("program.exe")).ToContainTextAsync(".pdf");
        await Expect(Entry("empty.txt")).ToContainTextAsync("The file is empty.");
        await Expect(Entry("no-picture.png")).ToContainTextAsync("The content of the file is not what its name says.");
        await Expect(page.Locator("#upload-list").GetByText("Another document has the same content.")).ToHaveCountAsync(1);
        await AssertReadableAsync(visit, "upload-refused");

        await Entry("program.exe").GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Expect(Entry("program.exe")).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Button, new() { Name = "Clear the list" }).ClickAsync();
        await Expect(page.Locator("#upload-list li")).ToHaveCountAsync(0);

        ILocator Entry(string name) => page.Locator("#upload-list li", new() { HasText = name });
    }

    [Fact]
    public async Task An_upload_that_broke_off_is_tried_again_under_the_same_key()
    {
        var contact = await console.AddContactAsync("Broken Bob");
        await using var visit = await console.OpenAsync($"documents?contact={contact}");
        var page = visit.Page;
        var keys = new List<string>();
        await page.RouteAsync("**/documents/upload", async route =>
        {
            keys.Add(route.Request.Headers["idempotency-key"]);
            if (keys.Count == 1)
            {
                await route.AbortAsync();
            }
            else
            {
                await route.ContinueAsync();
            }
        });
        await page.FillAsync("#upload-type", "report");
        await page.SetInputFilesAsync("#upload-files", Text("broken-off.txt", "Only once."));
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload 1 file" }).ClickAsync();

        await Expect(page.Locator("#upload-list")).ToContainTextAsync("The connection broke off.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again broken-off.txt" }).ClickAsync();

        await Expect(page.Locator("#upload-count")).ToHaveTextAsync("1 of 1 file stored");
        Assert.Equal(2, keys.Count);
        Assert.Single(keys.Distinct());
        Assert.Equal(1, (await console.GetAsync($"/contacts/{contact}/documents")).GetProperty("total_count").GetInt32());
    }

    [Fact]
    public async Task Uploads_are_sent_three_at_a_time_and_can_be_cancelled_and_the_page_asks_before_it_is_left()
    {
        var contact = await console.AddContactAsync("Patient Paul");
        await using var visit = await console.OpenAsync($"documents?contact={contact}");
        var page = visit.Page;
        var release = new TaskCompletionSource();
        await page.RouteAsync("**/documents/upload", async route =>
        {
            await release.Task;
            await route.ContinueAsync();
        });
        await page.FillAsync("#upload-type", "report");
        await page.SetInputFilesAsync("#upload-files", Enumerable.Range(1, 5).Select(number => Text($"queued-{number}.txt", $"Number {number}.")));
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload 5 files" }).ClickAsync();

        await Expect(page.Locator("#upload-list [data-state=sending]")).ToHaveCountAsync(3);
        await Expect(page.Locator("#upload-list [data-state=waiting]")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel queued-1.txt" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel queued-5.txt" }).ClickAsync();
        await Expect(page.Locator("#upload-list [data-state=sending]")).ToHaveCountAsync(3);

        var asked = new TaskCompletionSource<string>();
        page.Dialog += async (_, dialog) =>
        {
            asked.TrySetResult(dialog.Type);
            await dialog.DismissAsync();
        };
        await page.EvaluateAsync("() => { setTimeout(() => window.location.assign('/console/'), 0); }");
        Assert.Equal("beforeunload", await asked.Task.WaitAsync(PlatformGraph.Patience));

        release.SetResult();
        await Expect(page.Locator("#upload-count")).ToHaveTextAsync("3 of 3 files stored");
        Assert.Equal(3, (await console.GetAsync($"/contacts/{contact}/documents")).GetProperty("total_count").GetInt32());
    }

    [Fact]
    public async Task Files_that_are_dropped_on_the_page_wait_for_a_contact_that_is_found_by_keyboard()
    {
        await console.AddContactAsync("Dropped Dora");
        await using var visit = await console.OpenAsync("documents");
        var page = visit.Page;

        await page.EvaluateAsync("""
            () => {
              const data = new DataTransfer();
              data.items.add(new File(['Dropped.'], 'dropped.txt', { type: 'text/plain' }));
              document.body.dispatchEvent(new DragEvent('dragenter', { dataTransfer: data, bubbles: true }));
            }
            """);
        await Expect(page.Locator(".drop-overlay")).ToBeVisibleAsync();
        await page.EvaluateAsync("""
            () => {
              const data = new DataTransfer();
              data.items.add(new File(['Dropped.'], 'dropped.txt', { type: 'text/plain' }));
              document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
            }
            """);
        await Expect(page.Locator(".drop-overlay")).ToBeHiddenAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload 1 file" }).ClickAsync();
        await Expect(page.Locator("#upload-failure")).ToHaveTextAsync("Choose the contact that the documents belong to.");

        await Expect(page.Locator("#upload-contact-name")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("dropped do");
        await Expect(page.Locator("#upload-contact-options [role=option]")).ToHaveCountAsync(1);
        await AssertReadableAsync(visit, "contact-picker");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#upload-contact-name")).ToHaveValueAsync("Dropped Dora");
        await page.FillAsync("#upload-type", "note");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.Locator("#upload-count")).ToHaveTextAsync("1 of 1 file stored");
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_document_is_looked_at_changed_and_read_again()
    {
        var contact = await console.AddContactAsync("Changing Chloe");
        var id = await console.UploadAsync(
            contact, "letter.txt", "Dear <b>reader</b>, write to ada@example.org about the pavilion & its price of 12,50 €.");
        await using var visit = await console.OpenAsync($"documents?id={id}");
        var drawer = visit.Page.GetByRole(AriaRole.Dialog);

        await Expect(drawer.Locator("pre")).ToContainTextAsync("Dear <b>reader</b>");
        await Expect(drawer).ToContainTextAsync("E-mail addresses", new() { Timeout = Processing });
        await Expect(drawer.Locator("dd", new() { HasTextString = "ada@example.org" })).ToHaveCountAsync(1);
        await AssertReadableAsync(visit, "document-text");

        await drawer.GetByRole(AriaRole.Button, new() { Name = "Edit" }).ClickAsync();
        await visit.Page.FillAsync("#edit-tags", new string('x', 51));
        await drawer.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(drawer.GetByRole(AriaRole.Alert)).ToContainTextAsync("Tags each must be at most 50 characters long.");
        await Expect(visit.Page.Locator("#edit-tags")).ToBeFocusedAsync();
        await visit.Page.FillAsync("#edit-tags", "garden, blue");
        await visit.Page.FillAsync("#edit-type", "letter");
        await visit.Page.Keyboard.PressAsync("Escape");
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Leave without saving?" })).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).Last.ClickAsync();
        await drawer.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(drawer.GetByRole(AriaRole.Link, new() { Name = "garden" })).ToBeVisibleAsync();
        var changed = await console.GetAsync($"/documents/{id}");
        Assert.Equal("letter", changed.GetProperty("document_type").GetString());
        Assert.Equal(["garden", "blue"], changed.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()));

        await drawer.GetByRole(AriaRole.Button, new() { Name = "Read again" }).ClickAsync();
        await Eventually.IsTrueAsync(
            async () => ReadAt(await console.GetAsync($"/documents/{id}")) is { } time && time > ReadAt(changed), PlatformGraph.Patience);
        await Expect(drawer.Locator(".document-state .chip")).ToHaveTextAsync("Completed", new() { Timeout = Processing });
        await Expect(drawer).ToContainTextAsync("E-mail addresses");
        // The browser notes the tag that was refused.
        Assert.All(visit.Complaints, complaint => Assert.Contains("422", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_picture_is_shown_and_what_cannot_be_read_says_why()
    {
        await using var visit = await console.OpenAsync("documents?status=failed");
        await Expect(visit.Page.Locator("#list tbody tr").First).ToContainTextAsync("The PDF is broken.");

        var contact = await console.AddContactAsync("Pictured Pia");
        using var form = new MultipartFormDataContent
        {
            { new StringContent(contact), "contact_id" },
            { new StringContent("photo"), "document_type" },
            { new ByteArrayContent(Corpus.Named("sign.png").Bytes), "file", "sign.png" },
        };
        using var response = await console.Api.PostAsync("/documents/upload", form);
        response.EnsureSuccessStatusCode();
        await visit.Page.GotoAsync($"/console/documents?contact_id={contact}");
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "sign.png" }).ClickAsync();

        var picture = visit.Page.GetByAltText("The picture sign.png");
        await Expect(picture).ToBeVisibleAsync();
        await Eventually.IsTrueAsync(() => picture.EvaluateAsync<bool>("image => image.naturalWidth > 0"), PlatformGraph.Patience);
        await AssertReadableAsync(visit, "document-picture");
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_search_is_narrowed_by_facets_and_its_address_keeps_the_question()
    {
        var contact = await console.AddContactAsync("Faceted Fay");
        await Task.WhenAll(
            console.UploadAsync(contact, "lighthouse-a.txt", "The xylograph of the lighthouse & its <keeper>."),
            console.UploadAsync(contact, "lighthouse-b.md", "A xylograph in the museum."));
        await Eventually.IsTrueAsync(
            async () => (await console.GetAsync("/documents/search?q=xylograph&processing_status=completed"))
                .GetProperty("total_count").GetInt32() == 2,
            PlatformGraph.Patience);
        await using var visit = await console.OpenAsync("search");
        var page = visit.Page;
        var results = page.Locator(".result");

        await page.FillAsync("#q", "xylograph");
        await Expect(page.Locator("#summary")).ToContainTextAsync("2 documents for “xylograph”");
        await Expect(results).ToHaveCountAsync(2);
        await Expect(page.Locator("#found")).ToContainTextAsync("of the lighthouse & its <keeper>.");
        await page.GetByLabel("TXT").CheckAsync();
        await Expect(results).ToHaveCountAsync(1);
        await Expect(page.GetByLabel("MD")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("TXT")).ToBeFocusedAsync();
        Assert.EndsWith("/console/search?q=xylograph&file_extension=.txt", page.Url, StringComparison.Ordinal);

        await page.ReloadAsync();
        await Expect(page.GetByLabel("TXT")).ToBeCheckedAsync();
        await Expect(results).ToHaveCountAsync(1);
        await page.FillAsync("#q", "xylograph unheardof");
        await Expect(page.Locator("#message")).ToContainTextAsync("Nothing has “xylograph unheardof” in it");
        await AssertReadableAsync(visit, "search-nothing");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search without filters" }).ClickAsync();
        // The buttons are made anew with the answer: until then a click may meet one that is about to go.
        await Expect(page.Locator("#message")).ToContainTextAsync("A document has to have every word");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search for “xylograph” only" }).ClickAsync();
        await Expect(results).ToHaveCountAsync(2);
        Assert.Empty(visit.Complaints);
    }

    [Fact]
    public async Task A_search_without_a_mouse_walks_the_results_and_one_that_fails_says_so()
    {
        await using var visit = await console.OpenAsync("search");
        var page = visit.Page;
        await page.EvaluateAsync("document.activeElement.blur()");
        await page.Keyboard.PressAsync("/");
        await Expect(page.Locator("#q")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("minutes");
        await Expect(page.Locator(".result mark").First).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(page.Locator(".result a").First).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowUp");
        await Expect(page.Locator("#q")).ToBeFocusedAsync();

        await page.RouteAsync("**/documents/search?*", route => route.FulfillAsync(new()
        {
            Status = 500,
            ContentType = "application/problem+json",
            Body = """{"title":"An error occurred while processing your request.","status":500}""",
        }));
        await page.FillAsync("#q", "minute");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The search did not work");
        await page.UnrouteAllAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Expect(page.Locator(".result mark").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Who_may_only_look_uploads_and_changes_nothing()
    {
        await using var visit = await console.OpenAsync("documents", role: "viewer");
        await Expect(visit.Page.Locator("#list a.whole").First).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("#upload-open, #upload, #list .icon-button").Filter(new() { Visible = true })).ToHaveCountAsync(0);

        await visit.Page.Locator("#list a.whole").First.ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Link, new() { Name = "Download" })).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("dialog .dialog-body button")).ToHaveCountAsync(0);
        Assert.Empty(visit.Complaints);
    }

    private static DateTimeOffset? ReadAt(JsonElement document) =>
        document.GetProperty("processing_timestamp") is { ValueKind: JsonValueKind.String } time ? time.GetDateTimeOffset() : null;

    private static FilePayload Named(string name) => Of(name, Corpus.Named(name).Bytes);

    private static FilePayload Text(string name, string text) => Of(name, Encoding.UTF8.GetBytes(text));

    private static FilePayload Of(string name, byte[] bytes) => new() { Name = name, MimeType = "application/octet-stream", Buffer = bytes };

    /// <summary>As somebody who has the link and nothing else.</summary>
    private async Task<(HttpStatusCode Status, byte[] Bytes)> OpenLinkAsync(string link)
    {
        using var response = await console.Edge.GetAsync(new Uri(link).AbsolutePath);
        return (response.StatusCode, await response.Content.ReadAsByteArrayAsync());
    }

    private static async Task AssertReadableAsync(Visit visit, string name)
    {
        await AssertReadableAsync(visit, name, 390, ColorScheme.Dark);
        await AssertReadableAsync(visit, name, 1440, ColorScheme.Light);
    }

    /// <summary>It fits, its texts have contrast, and axe finds nothing serious.</summary>
    private static async Task AssertReadableAsync(Visit visit, string page, int width, ColorScheme scheme)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"console-{page}-{width}-{scheme}");
        await visit.Page.SetViewportSizeAsync(width, 900);
        await visit.Page.EmulateMediaAsync(new() { ColorScheme = scheme });
        await visit.ScreenshotAsync(name);
        var overflow = await visit.OverflowAsync();
        Assert.True(overflow <= 0, $"{name} is {overflow} pixels too wide.");
        var contrasts = await visit.LowContrastsAsync();
        Assert.True(contrasts.Length == 0, $"{name}: {string.Join('\n', contrasts)}");
        var barriers = await visit.BarriersAsync();
        Assert.True(barriers.Length == 0, $"{name}: {string.Join('\n', barriers)}");
    }
}
