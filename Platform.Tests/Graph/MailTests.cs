using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Graph;

/// <summary>The owner's inbox as part of the graph.</summary>
public sealed class MailTests(PlatformGraph graph) : IClassFixture<PlatformGraph>
{
    [Fact]
    public async Task What_is_submitted_at_the_edge_is_in_the_inbox_and_still_comes_when_its_server_was_down()
    {
        await graph.HealthyAsync("mail");
        using var inbox = graph.App.CreateHttpClient("mail", "http");
        var first = await SubmitAsync();
        await ArrivesAsync(inbox, first);

        await graph.App.ResourceCommands.ExecuteCommandAsync("mail", "stop", CancellationToken.None);
        var second = await SubmitAsync();
        await graph.App.ResourceCommands.ExecuteCommandAsync("mail", "start", CancellationToken.None);
        await ArrivesAsync(inbox, second);
        // What came before is still there.
        await ArrivesAsync(inbox, first);
    }

    [Theory]
    [InlineData("--Parameters:mail-to=", false)]
    [InlineData("--Parameters:mail_to=", false)]
    [InlineData("--Parameters:smtp-url=smtp://127.0.0.1:2525", false)]
    [InlineData("--Parameters:mail-to=me@example.org", true)]
    public async Task The_inbox_runs_unless_another_server_is_named_or_nobody_is_to_be_told(string argument, bool runs)
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Platform_AppHost>([argument]);
        Assert.Equal(runs, builder.Resources.Any(resource => resource.Name == "mail"));
        // A server's URL has its password in it.
        Assert.All(builder.Resources.OfType<ParameterResource>().Where(parameter => parameter.Name == "smtp-url"), url => Assert.True(url.Secret));
    }

    private async Task<string> SubmitAsync()
    {
        using var answer = await graph.Edge.PostAsJsonAsync("/contact", new { name = "Ada", email = "ada@example.org", message = "hello" });
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("contactId").GetString()!;
    }

    private static async Task ArrivesAsync(HttpClient inbox, string contactId)
    {
        using var patience = new CancellationTokenSource(PlatformGraph.Patience);
        while (true)
        {
            try
            {
                if ((await inbox.GetStringAsync("/email", patience.Token)).Contains(contactId, StringComparison.Ordinal))
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not back yet.
            }
            await Task.Delay(200, patience.Token);
        }
    }
}
