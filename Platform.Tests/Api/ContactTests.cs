using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;

namespace Platform.Tests.Api;

/// <summary>Submissions that are taken, and the list of them.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed partial class ContactTests(ApiFixture api)
{
    [Fact]
    public async Task A_submission_is_acknowledged_in_the_shape_of_the_original_and_can_be_read_back()
    {
        using var response = await api.Service.Client.PostAsJsonAsync("/contact", new
        {
            name = "  Ada Lovelace ",
            email = "ada@example.org",
            message = "first line\nsecond line",
            company = "Engines",
            service = "",
            userAgent = "curl",
            pageUrl = "https://example.org/contact",
            unknown = new { ignored = true },
        });
        var receipt = await ApiFixture.JsonAsync(response);
        Assert.Equal(
            ["message", "contactId", "timestamp", "visitor_count", "documents_count"],
                receipt.EnumerateObject().Select(member => member.Name));
        var id = receipt.GetProperty("contactId").GetString()!;
        Assert.Matches(UuidV7(), id);
        Assert.Equal($"/contacts/{id}", response.Headers.Location?.OriginalString);
        Assert.EndsWith("Z", receipt.GetProperty("timestamp").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, receipt.GetProperty("documents_count").GetInt32());

        using var found = await api.GetAsync($"/contacts/{id}");
        var contact = await ApiFixture.JsonAsync(found);
        Assert.Equal(id, contact.GetProperty("contactId").GetString());
        Assert.Equal("Ada Lovelace", contact.GetProperty("name").GetString());
        Assert.Equal("first line\nsecond line", contact.GetProperty("message").GetString());
        Assert.Equal("Engines", contact.GetProperty("company").GetString());
        Assert.Equal("Not specified", contact.GetProperty("service").GetString());
        Assert.Equal("Not specified", contact.GetProperty("budget").GetString());
        Assert.Equal("website", contact.GetProperty("source").GetString());
        Assert.Equal("curl", contact.GetProperty("user_agent").GetString());
        Assert.Equal("https://example.org/contact", contact.GetProperty("page_url").GetString());
        Assert.Equal("new", contact.GetProperty("status").GetString());
        Assert.Equal(receipt.GetProperty("timestamp").GetDateTime(), contact.GetProperty("timestamp").GetDateTime());
    }

    [Fact]
    public async Task Limits_are_inclusive_and_counted_in_characters_not_in_UTF_16_units()
    {
        var receipt = await ApiFixture.SubmitAsync(api.Service, new
        {
            name = string.Concat(Enumerable.Repeat("🜂", 100)),
            email = $"{new string('a', 64)}@{new string('b', 63)}.{new string('c', 63)}.{new string('d', 57)}.org",
            message = new string('m', 1000),
            company = new string('c', 100),
            service = new string('s', 100),
            budget = new string('b', 50),
            source = new string('s', 50),
            userAgent = new string('u', 500),
            pageUrl = new string('p', 500),
        });
        Assert.StartsWith("contact_", receipt.GetProperty("contactId").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_form_without_a_preference_for_pages_is_answered_in_json(bool multipart)
    {
        using HttpContent form = multipart
            ? new MultipartFormDataContent { { new StringContent("Ada"), "name" }, { new StringContent("a@b.org"), "email" },
                { new StringContent("m"), "message" } }
            : new FormUrlEncodedContent([new("name", "Ada"), new("email", "a@b.org"), new("message", "m")]);
        using var response = await api.Service.Client.PostAsync("/contact", form);
        Assert.StartsWith("contact_", (await ApiFixture.JsonAsync(response)).GetProperty("contactId").GetString(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Ada", "a@b.org", "/contact-thanks.html")]
    [InlineData("", "not one", "/contact.html?invalid=name,email")]
    public async Task A_browser_without_JavaScript_is_sent_to_a_page(string name, string email, string location)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/contact")
        {
            Content = new FormUrlEncodedContent([new("name", name), new("email", email), new("message", "m")]),
        };
        request.Headers.Accept.ParseAdd("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        using var response = await api.Service.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.SeeOther, response.StatusCode);
        Assert.Equal(location, response.Headers.Location?.OriginalString);
    }

    [Fact, Trait("Defect", "D07")]
    public async Task Two_hundred_concurrent_submissions_are_200_rows_with_200_distinct_counter_values()
    {
        var source = $"concurrent-{Guid.NewGuid():n}";
        var before = await api.QueryAsync<long>("SELECT count FROM website_visitors");
        var values = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
            (await ApiFixture.SubmitAsync(api.Service, new { name = $"n{i}", email = "a@b.org", message = "m", source }))
                .GetProperty("visitor_count").GetInt64()));
        Assert.Equal(Enumerable.Range(1, 200).Select(i => before + i), values.Order());
        Assert.Equal(200, await api.QueryAsync<long>($"SELECT count(*) FROM contact_submissions WHERE source = '{source}'"));
        Assert.Equal(before + 200, await api.QueryAsync<long>("SELECT count FROM website_visitors"));
    }

    [Fact, Trait("Defect", "D07")]
    public async Task Two_instances_that_share_a_database_keep_the_counter_exact()
    {
        await using var other = await (await ApiFixture.StartAsync(api.Database)).WhenReadyAsync();
        var before = await api.QueryAsync<long>("SELECT count FROM website_visitors");
        var values = await Task.WhenAll(Enumerable.Range(0, 400).Select(async i =>
        {
            var receipt = await ApiFixture.SubmitAsync(i % 2 == 0 ? api.Service : other, ApiFixture.Submission());
            return receipt.GetProperty("visitor_count").GetInt64();
        }));
        Assert.Equal(Enumerable.Range(1, 400).Select(i => before + i), values.Order());
    }

    [Fact]
    public async Task Pages_cover_every_contact_once_newest_first_while_others_arrive()
    {
        var source = $"pages-{Guid.NewGuid():n}";
        await Task.WhenAll(Enumerable.Range(0, 25).Select(i =>
            ApiFixture.SubmitAsync(api.Service, new { name = $"n{i}", email = "a@b.org", message = "m", source })));
        var seen = new List<(DateTime, string)>();
        for (string? cursor = ""; cursor is not null;)
        {
            using var response = await api.GetAsync($"/contacts?source={source}&limit=10&cursor={cursor}");
            var page = await ApiFixture.JsonAsync(response);
            seen.AddRange(page.GetProperty("contacts").EnumerateArray().Select(contact =>
                (contact.GetProperty("timestamp").GetDateTime(), contact.GetProperty("contactId").GetString()!)));
            cursor = page.GetProperty("next_cursor").GetString();
            await ApiFixture.SubmitAsync(api.Service, new { name = "late", email = "a@b.org", message = "m", source });
        }
        Assert.Equal(25, seen.Distinct().Count());
        Assert.Equal(25, seen.Count);
        Assert.Equal(seen.OrderByDescending(contact => contact.Item1).ThenByDescending(contact => contact.Item2, StringComparer.Ordinal),
            seen);
    }

    [Fact]
    public async Task Filters_narrow_the_list_and_their_text_means_itself()
    {
        var source = $"filters-{Guid.NewGuid():n}";
        var start = DateTime.UtcNow;
        var percent = await ApiFixture.SubmitAsync(api.Service, new { name = "100%_\\ sure", email = "a@b.org", message = "m", source });
        var plain = await ApiFixture.SubmitAsync(api.Service,
            new { name = "Plain", email = "grace@example.org", message = "COBOL", source });
        Assert.Equal(2, await CountAsync($"status=new"));
        Assert.Equal(0, await CountAsync("status=closed"));
        Assert.Equal(1, await CountAsync("q=100%25"));
        Assert.Equal(1, await CountAsync("q=%25"));
        Assert.Equal(1, await CountAsync("q=_"));
        Assert.Equal(1, await CountAsync("q=%5C"));
        Assert.Equal(1, await CountAsync("q=cobol"));
        Assert.Equal(1, await CountAsync("q=GRACE@"));
        Assert.Equal(0, await CountAsync("q='%20OR%20true%20--"));
        Assert.Equal(2, await CountAsync($"from={start.AddSeconds(-1):yyyy-MM-ddTHH:mm:ssZ}"));
        Assert.Equal(0, await CountAsync($"to={start.AddSeconds(-1):yyyy-MM-ddTHH:mm:ssZ}"));
        Assert.Equal(1, await CountAsync($"from={plain.GetProperty("timestamp").GetString()}"));
        Assert.Equal(1, await CountAsync($"to={plain.GetProperty("timestamp").GetString()}"));
        Assert.Equal(0, await CountAsync($"from=2100-01-01T00:00:00+02:00"));
        Assert.NotEqual(percent.GetProperty("contactId").GetString(), plain.GetProperty("contactId").GetString());

        async Task<int> CountAsync(string filter)
        {
            using var response = await api.GetAsync($"/contacts?source={source}&{filter}");
            return (await ApiFixture.JsonAsync(response)).GetProperty("contacts").GetArrayLength();
        }
    }

    [GeneratedRegex("^contact_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$")]
    private static partial Regex UuidV7();
}
