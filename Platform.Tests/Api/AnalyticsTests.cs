using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Platform.Tests.Api;

/// <summary>Totals and series are what the database holds, and an event is taken only as what it is.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class AnalyticsTests(ApiFixture api)
{
    [Fact, Trait("Defect", "D07"), Trait("Defect", "D09")]
    public async Task Insights_are_the_totals_of_the_database()
    {
        await ApiFixture.SubmitAsync(api.Service, ApiFixture.Submission());
        using var response = await api.GetAsync("/analytics/insights");
        var insights = await ApiFixture.JsonAsync(response);
        Assert.Equal(
            await api.QueryAsync<long>("SELECT count(*) FROM contact_submissions"), insights.GetProperty("total_contacts").GetInt64());
        Assert.Equal(
            await api.QueryAsync<long>("SELECT count(*) FROM documents WHERE deleted_at IS NULL"),
            insights.GetProperty("total_documents").GetInt64());
        Assert.Equal(
            ["completed", "failed", "pending", "processing"],
            insights.GetProperty("processing_stats").EnumerateObject().Select(state => state.Name).Order());
        Assert.Equal(JsonValueKind.Object, insights.GetProperty("document_types").ValueKind);
        Assert.EndsWith("Z", insights.GetProperty("timestamp").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Visits_and_events_go_when_their_time_is_over()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await (await (await ApiFixture.StartAsync(database)).WhenReadyAsync()).DisposeAsync();
        await ApiFixture.ExecuteAsync(database, """
            INSERT INTO analytics_events (id, event_type, timestamp)
            SELECT uuidv7(), 'visit', now() - i * interval '1 day' FROM generate_series(1, 3000) AS i
            """);
        await using var service = await (await ApiFixture.StartAsync(database, ("Analytics__RetentionDays", "10"))).WhenReadyAsync();
        await ApiFixture.EventuallyAsync(
            async () => await ApiFixture.QueryAsync<long>(database, "SELECT count(*) FROM analytics_events") == 9, "old events are gone", seconds: 30);
    }

    [Fact]
    public async Task A_series_has_a_point_for_every_interval_and_counts_what_came_in_it()
    {
        var database = await api.Postgres.CreateDatabaseAsync();
        await using var service = await (await ApiFixture.StartAsync(database)).WhenReadyAsync();
        await ApiFixture.ExecuteAsync(database, """
            INSERT INTO contact_submissions (id, name, email, message, timestamp) VALUES
                ('contact_1', 'n', 'a@b.org', 'm', '2026-03-01T00:00:00Z'), ('contact_2', 'n', 'a@b.org', 'm', '2026-03-01T23:59:59Z'),
                ('contact_3', 'n', 'a@b.org', 'm', '2026-03-04T00:00:00Z')
            """);
        Assert.Equal(["2026-03-01T00:00:00Z 2", "2026-03-02T00:00:00Z 0", "2026-03-03T00:00:00Z 0"],
            await PointsAsync("metric=contacts&interval=day&from=2026-03-01&to=2026-03-04"));
        Assert.Equal(["2026-02-23T00:00:00Z 2", "2026-03-02T00:00:00Z 1"],
            await PointsAsync("metric=contacts&interval=week&from=2026-02-23&to=2026-03-05"));
        Assert.Equal(["2026-03-01T00:00:00Z 3"], await PointsAsync("metric=contacts&interval=month&from=2026-03-01&to=2026-04-01"));
        Assert.Equal(30, (await PointsAsync("metric=visits")).Length - 1);

        async Task<string[]> PointsAsync(string query)
        {
            using var response = await ApiFixture.GetAsync(service, $"/analytics/timeseries?{query}");
            return [.. (await ApiFixture.JsonAsync(response)).GetProperty("points").EnumerateArray()
                .Select(point => $"{point.GetProperty("timestamp").GetString()} {point.GetProperty("value").GetInt64()}")];
        }
    }

    [Theory]
    [InlineData("contacts")]
    [InlineData("visits")]
    [InlineData("documents")]
    [InlineData("documents_processed")]
    [InlineData("documents_failed")]
    [InlineData("events")]
    public async Task Every_metric_has_a_series(string metric)
    {
        using var response = await api.GetAsync($"/analytics/timeseries?metric={metric}&interval=hour");
        Assert.Equal(metric, (await ApiFixture.JsonAsync(response)).GetProperty("metric").GetString());
    }

    [Theory]
    [InlineData("metric=passwords", "metric")]
    [InlineData("interval=second", "interval")]
    [InlineData("interval=day&interval=hour", "interval")]
    [InlineData("from=yesterday", "from")]
    [InlineData("to=0001-01-01", "to")]
    [InlineData("from=9999-01-01", "from")]
    [InlineData("from=2026-02-01&to=2026-01-01", "from")]
    [InlineData("interval=hour&from=2020-01-01&to=2026-01-01", "interval")]
    public async Task A_bad_parameter_of_a_series_is_named(string query, string field)
    {
        using var response = await api.GetAsync($"/analytics/timeseries?{query}");
        Assert.Equal([field], await ApiFixture.ProblemFieldsAsync(response, 422));
    }

    [Fact, Trait("Defect", "D07")]
    public async Task An_event_of_the_site_is_a_row()
    {
        var type = $"download.{Guid.NewGuid():n}";
        using var response = await api.Service.Client.PostAsJsonAsync(
            "/analytics/events", new { event_type = type, event_data = new { file = "brochure.pdf" } });
        Assert.NotEqual(Guid.Empty, (await ApiFixture.JsonAsync(response, HttpStatusCode.Accepted)).GetProperty("event_id").GetGuid());
        Assert.Equal("brochure.pdf", await api.QueryAsync<string>(
            $"SELECT event_data->>'file' FROM analytics_events WHERE event_type = '{type}'"));
    }

    public static TheoryData<string, int, string> BadEvents() => new()
    {
        { "", 400, "body" },
        { "[]", 400, "body" },
        { """{"event_type":"a"} x""", 400, "body" },
        { "{\"event_type\":\"a\",\"event_data\":" + new string('[', 5000) + new string(']', 5000) + "}", 400, "body" },
        { "{}", 422, "event_type" },
        { """{"event_type":"\ud800"}""", 400, "body" },
        { """{"event_type":5}""", 422, "event_type" },
        { """{"event_type":"Two words"}""", 422, "event_type" },
        { """{"event_type":"a\n"}""", 422, "event_type" },
        { $$"""{"event_type":"{{new string('a', 101)}}"}""", 422, "event_type" },
        { """{"event_type":"visit"}""", 422, "event_type" },
        { """{"event_type":"document_processed"}""", 422, "event_type" },
        { """{"event_type":"a","event_data":[1]}""", 422, "event_data" },
        { """{"event_type":"a","event_data":{"a":"\u0000"}}""", 422, "event_data" },
        { """{"event_type":"a","event_data":{"a":"\ud800"}}""", 422, "event_data" },
        { $$$"""{"event_type":"a","event_data":{"a":"{{{new string('a', 5000)}}}"}}""", 422, "event_data" },
    };

    [Theory, MemberData(nameof(BadEvents))]
    [Trait("Defect", "R06")]
    public async Task A_bad_event_names_its_field_and_changes_nothing(string body, int status, string field)
    {
        var before = await api.StateAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await api.Service.Client.PostAsync("/analytics/events", content);
        Assert.Equal([field], await ApiFixture.ProblemFieldsAsync(response, status));
        Assert.Equal(before, await api.StateAsync());
    }

    [Fact, Trait("Defect", "R06")]
    public async Task An_event_of_bytes_that_are_not_utf_8_is_refused()
    {
        byte[] body = [.. "{\"event_type\":\"a\",\"event_data\":{\"a\":\""u8, 0xED, 0xA0, 0x80, .. "\"}}"u8];
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
        using var response = await api.Service.Client.PostAsync("/analytics/events", content);
        Assert.Equal(["body"], await ApiFixture.ProblemFieldsAsync(response, 400));
    }

    [Theory, Trait("Defect", "D06")]
    [InlineData("/analytics/insights")]
    [InlineData("/analytics/timeseries")]
    [InlineData("/admin/tasks")]
    [InlineData("/admin/system-info")]
    public async Task Numbers_are_not_for_strangers(string path)
    {
        using var response = await api.GetAsync(path, key: null);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }
}
