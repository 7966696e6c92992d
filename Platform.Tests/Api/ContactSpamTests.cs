using System.Globalization;
using System.Net;
using System.Net.Http.Json;

namespace Platform.Tests.Api;

/// <summary>The form's quiet guard against programs that fill in every form.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class ContactSpamTests(ApiFixture api)
{
    public static TheoryData<string, string, string> Spam => new()
    {
        { "buy this", "", "honeypot" },
        { "  first\nsecond  ", "", "honeypot" },
        { "", "0", "too_fast" },
        { "", "1", "too_fast" },
        { "", "yesterday", "not_the_form" },
        { "", "-5", "not_the_form" },
    };

    [Theory, MemberData(nameof(Spam))]
    public async Task Spam_is_answered_like_any_other_and_leaves_nothing_behind(string trap, string secondsAgo, string reason)
    {
        var before = await api.StateAsync();
        var counted = await CountedAsync(reason);
        var opened = double.TryParse(secondsAgo, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? Ago(seconds) : secondsAgo;
        var submission = new { name = "Bot", email = "bot@example.org", message = "m", subject_line = trap, opened };
        using (var response = await api.Service.SendAsync(
            HttpMethod.Post, "/contact", submission, key: null, idempotencyKey: $"{Guid.NewGuid()}"))
        {
            var receipt = await ApiFixture.JsonAsync(response);
            Assert.Equal(
                ["message", "contactId", "timestamp", "visitor_count", "documents_count"],
                receipt.EnumerateObject().Select(member => member.Name));
            Assert.Matches("^contact_[0-9a-f]{32}$", receipt.GetProperty("contactId").GetString());
            Assert.Equal($"/contacts/{receipt.GetProperty("contactId").GetString()}", response.Headers.Location?.OriginalString);
            Assert.EndsWith($", {receipt.GetProperty("visitor_count").GetInt64() - 1} visitors", before, StringComparison.Ordinal);
        }
        using (var request = new HttpRequestMessage(HttpMethod.Post, "/contact"))
        {
            request.Content = new FormUrlEncodedContent(
                [new("name", "Bot"), new("email", "b@b.org"), new("message", "m"), new("subject_line", trap), new("opened", opened)]);
            request.Headers.Accept.ParseAdd("text/html");
            using var response = await api.Service.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.SeeOther, response.StatusCode);
            Assert.Equal("/contact-thanks.html", response.Headers.Location?.OriginalString);
        }
        Assert.Equal(before, await api.StateAsync());
        await ApiFixture.EventuallyAsync(async () => await CountedAsync(reason) >= counted + 2, "both are counted");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(86_400)]
    // The clock of the edge may be ahead.
    [InlineData(-60)]
    public async Task Who_takes_the_time_that_a_person_takes_is_taken_for_one(double seconds)
    {
        var id = await api.Service.SubmitAsync(
            new { name = "Ada", email = "a@b.org", message = "m", subject_line = " ", opened = Ago(seconds) });
        using var found = await api.GetAsync($"/contacts/{id}");
        Assert.Equal(HttpStatusCode.OK, found.StatusCode);
    }

    [Fact]
    public async Task What_is_not_valid_is_said_to_spam_as_well()
    {
        using var response = await api.Service.Client.PostAsJsonAsync("/contact", new { name = "", email = "x", message = "m", subject_line = "s" });
        Assert.Equal(["email", "name"], await ApiFixture.ProblemFieldsAsync(response, 422));
    }

    private static string Ago(double seconds) =>
        DateTimeOffset.UtcNow.AddSeconds(-seconds).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    private async Task<long> CountedAsync(string reason)
    {
        var metrics = await api.Service.Management.GetStringAsync("/metrics");
        var line = metrics.Split('\n').FirstOrDefault(line =>
            line.StartsWith("contact_spam_total{", StringComparison.Ordinal) && line.Contains($"reason=\"{reason}\"", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split("} ")[1].Split(' ')[0], CultureInfo.InvariantCulture);
    }
}
