using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Browser;

/// <summary>The operator's console, served by the whole of Platform, with contacts and documents in it and a browser before it.</summary>
public sealed class ConsoleUnderTest : IAsyncLifetime
{
    private const string Administrator = "administrator";

    private readonly PlatformGraph _graph = new();
    private readonly Chromium _chromium = new();
    private HttpClient? _api;
    private string? _session;

    /// <summary>A client of the API, with every scope.</summary>
    public HttpClient Api => _api ?? throw new InvalidOperationException("The console is not running.");

    /// <summary>A client of the edge, as a stranger.</summary>
    public HttpClient Edge => _graph.Edge;

    /// <summary>Where the archives are.</summary>
    public string Backups => Path.Combine(_graph.DataDirectory, "backups");

    public async Task InitializeAsync()
    {
        await Task.WhenAll(_graph.InitializeAsync(), _chromium.InitializeAsync());
        _session = await SignInAsync();
        _api = _graph.WithKey();
        await Eventually.IsTrueAsync(async () => (await _api.GetAsync("/contacts")).IsSuccessStatusCode, PlatformGraph.Patience);
        // More than a page of them.
        for (var number = 1; number < 30; number++)
        {
            await AddContactAsync($"Seeded {number}");
        }

        var contact = await AddContactAsync("Seeded 30");
        await UploadAsync(contact, "minutes.txt", "The minutes of the meeting in March.");
        await UploadAsync(contact, "broken.pdf", "%PDF-1.4 and nothing else");
        await Eventually.IsTrueAsync(
            async () => (await GetAsync("/analytics/insights")).GetProperty("processing_stats") is var states
                && states.GetProperty("completed").GetInt32() == 1 && states.GetProperty("failed").GetInt32() == 1,
            PlatformGraph.Patience);
    }

    public async Task DisposeAsync()
    {
        _api?.Dispose();
        await _chromium.DisposeAsync();
        await _graph.DisposeAsync();
    }

    public async Task<JsonElement> GetAsync(string path) => await Api.GetFromJsonAsync<JsonElement>(path);

    /// <summary>Has somebody write through the contact form.</summary>
    /// <returns>The id of the contact.</returns>
    public async Task<string> AddContactAsync(string name)
    {
        using var response = await Api.PostAsJsonAsync("/contact", new
        {
            name, email = EmailOf(name), message = $"A few lines of {name}, who has a question.", company = "Analytical Engines",
        });
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("contactId").GetString()!;
    }

    public static string EmailOf(string name) => $"{name.ToLowerInvariant().Replace(' ', '.')}@example.org";

    /// <returns>The id of the document.</returns>
    public async Task<string> UploadAsync(string contactId, string fileName, string content)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent(contactId), "contact_id" },
            { new StringContent("report"), "document_type" },
            { new StringContent(content), "file", fileName },
        };
        using var response = await Api.PostAsync("/documents/upload", form);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("document_id").GetString()!;
    }

    /// <summary>Opens a page of the console.</summary>
    /// <param name="path">Below <c>/console/</c>.</param>
    /// <param name="width">Of the window, in pixels.</param>
    /// <param name="role">Of the person at the console.</param>
    internal async Task<Visit> OpenAsync(string path, int width = 1440, string role = Administrator)
    {
        var visit = new Visit(await (await NewContextAsync(width, _session)).NewPageAsync());
        if (role != Administrator)
        {
            // The built-in administrator is the only one here; the page takes the role from what the edge has written into it.
            await visit.Page.RouteAsync("**/console/**", async route =>
            {
                if (route.Request.ResourceType != "document")
                {
                    await route.FallbackAsync();
                    return;
                }

                var page = await route.FetchAsync();
                var html = await page.TextAsync();
                await route.FulfillAsync(new() { Response = page, Body = html.Replace(Administrator, role, StringComparison.Ordinal) });
            });
        }

        await visit.Page.GotoAsync($"/console/{path}", new() { WaitUntil = WaitUntilState.NetworkIdle });
        return visit;
    }

    /// <summary>Opens a page as somebody who has not signed in.</summary>
    /// <param name="path">Below <c>/</c>.</param>
    internal async Task<Visit> OpenAsStrangerAsync(string path)
    {
        var visit = new Visit(await (await NewContextAsync(width: 1440, session: null)).NewPageAsync());
        await visit.Page.GotoAsync(path, new() { WaitUntil = WaitUntilState.NetworkIdle });
        return visit;
    }

    /// <summary>Fills in the sign-in page and sends it.</summary>
    internal async Task SignInAsync(IPage page)
    {
        await page.FillAsync("#username", "admin");
        await page.FillAsync("#password", _graph.Secret("admin-password"));
        await page.Keyboard.PressAsync("Enter");
    }

    private async Task<IBrowserContext> NewContextAsync(int width, string? session) => await _chromium.Browser.NewContextAsync(new()
    {
        BaseURL = _graph.Edge.BaseAddress!.ToString(),
        ViewportSize = new() { Width = width, Height = 900 },
        ReducedMotion = ReducedMotion.Reduce,
        Locale = "en-GB",
        StorageState = session,
    });

    /// <summary>Signs in through the page, once for all tests.</summary>
    private async Task<string> SignInAsync()
    {
        await using var context = await NewContextAsync(width: 1440, session: null);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/console/");
        await SignInAsync(page);
        await page.ArriveAsync("/console/");
        return await context.StorageStateAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class ConsoleSuite : ICollectionFixture<ConsoleUnderTest>
{
    public const string Name = "Console";
}
