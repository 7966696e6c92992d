using Aspire.Hosting.Testing;
using Microsoft.Playwright;
using Npgsql;
using Platform.Tests.Browser;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Graph;

/// <summary>The slice as a person has it: the form filled in a browser is a row in PostgreSQL.</summary>
public sealed class ContactFormTests(PlatformGraph graph, Chromium chromium) : IClassFixture<PlatformGraph>, IClassFixture<Chromium>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_form_sent_in_Chromium_is_a_row_in_PostgreSQL_with_JavaScript_and_without(bool javaScript)
    {
        await using var context = await chromium.Browser.NewContextAsync(new() { JavaScriptEnabled = javaScript });
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(graph.Edge.BaseAddress!, "/contact").ToString());
        await page.FillAsync("#name", $"Grace {javaScript}");
        await page.FillAsync("#email", "grace@example.org");
        await page.FillAsync("#message", "Jürgen & <b>Grace</b> say \"hello\"");
        await page.ClickAsync("#send");
        if (javaScript)
        {
            await Assertions.Expect(page.Locator("#reference")).ToContainTextAsync("contact_");
        }
        else
        {
            await page.ArriveAsync("/contact-thanks.html");
        }

        await using var connection = new NpgsqlConnection(await graph.App.GetConnectionStringAsync("platformdb") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT message FROM contact_submissions WHERE name = $1", connection)
        {
            Parameters = { new() { Value = $"Grace {javaScript}" } },
        };
        Assert.Equal("Jürgen & <b>Grace</b> say \"hello\"", await command.ExecuteScalarAsync());
    }
}
