using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Xunit;
using Platform.Api.Contacts;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

/// <summary>The list of contacts as a file for spreadsheets.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class ContactCsvTests(ApiFixture api)
{
    [Fact]
    public async Task All_that_the_filters_find_is_in_the_file_newest_first_however_many()
    {
        var source = $"csv-{Guid.NewGuid():n}";
        // More than are read at once.
        await ApiFixture.ExecuteAsync(api.Database, $"""
            INSERT INTO contact_submissions (id, name, email, message, source, timestamp)
            SELECT 'contact_{source}_' || i, 'n' || i, 'a@b.org', E'line\n"' || i || '"', '{source}', now() - (i / 2) * interval '1 second'
            FROM generate_series(1, 1203) AS i
            """);
        using var response = await ListAsync($"source={source}&limit=1");
        Assert.Equal("text/csv; charset=utf-8; header=present", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("attachment; filename=\"contacts.csv\"", response.Content.Headers.ContentDisposition?.ToString());
        var rows = Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(["contactId", "name", "email"], rows[0].Take(3));
        Assert.All(rows, row => Assert.Equal(rows[0].Count, row.Count));
        Assert.Equal(1204, rows.Count);
        Assert.Equal(1204, rows.Select(row => row[0]).Distinct().Count());
        Assert.Equal(rows.Skip(1).Select(row => row[7]).OrderDescending(StringComparer.Ordinal), rows.Skip(1).Select(row => row[7]));
        Assert.Contains(rows, row => row[6] == "line\n\"7\"");

        using var none = await ListAsync($"source={source}&status=closed");
        Assert.Single(Parse(await none.Content.ReadAsStringAsync()));
        using var wrong = await ListAsync("status=open");
        Assert.Equal(["status"], await ApiFixture.ProblemFieldsAsync(wrong, 422));
    }

    [Theory]
    [InlineData("=HYPERLINK(\"https://evil.example\";A1)", "'=HYPERLINK(\"https://evil.example\";A1)")]
    [InlineData("+1", "'+1")]
    [InlineData("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0")]
    [InlineData("@SUM(1;1)", "'@SUM(1;1)")]
    [InlineData("a=b", "a=b")]
    [InlineData("O'Hara, \"Jürgen\"", "O'Hara, \"Jürgen\"")]
    public async Task What_a_stranger_wrote_is_text_and_no_formula(string sent, string cell)
    {
        var source = $"formula-{Guid.NewGuid():n}";
        await api.Service.SubmitAsync(new { name = sent, email = "a@b.org", message = sent, company = sent, source });
        using var response = await ListAsync($"source={source}");
        var row = Parse(await response.Content.ReadAsStringAsync())[1];
        Assert.Equal([cell, cell, cell], [row[1], row[3], row[6]]);
    }

    [Property]
    public bool Every_cell_can_be_read_back_and_none_begins_like_a_formula(NonNull<string>[] values)
    {
        var text = new StringBuilder();
        foreach (var value in values)
        {
            ContactCsv.Append(text, value.Get);
            text.Append(',');
        }
        var cells = Parse(text + "\r\n")[0];
        return cells.Count == values.Length + 1 && cells.Zip(values).All(pair =>
            pair.First is not ['=' or '+' or '-' or '@' or '\t' or '\r', ..]
            && (pair.First == pair.Second.Get || pair.First == "'" + pair.Second.Get));
    }

    [Theory]
    [InlineData("text/csv", "text/csv")]
    [InlineData("text/csv, application/json;q=0.5", "text/csv")]
    [InlineData("application/json, text/csv;q=0.5", "application/json")]
    [InlineData("text/csv;q=0", "application/json")]
    [InlineData("*/*", "application/json")]
    public async Task The_client_chooses_the_format(string accept, string type)
    {
        using var response = await api.Service.SendAsync(HttpMethod.Get, "/contacts?limit=1", accept: accept);
        Assert.Equal(type, response.Content.Headers.ContentType?.MediaType);
    }

    [Fact, Trait("Defect", "D09")]
    public async Task A_file_that_the_database_does_not_finish_never_looks_complete()
    {
        await using var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        var database = await postgres.CreateDatabaseAsync();
        await using var service = await (await ApiFixture.StartAsync(database)).WhenReadyAsync();
        // More than fits into the buffers between the server and a client that does not read.
        await ApiFixture.ExecuteAsync(database, """
            INSERT INTO contact_submissions (id, name, email, message)
            SELECT 'contact_' || i, 'n', 'a@b.org', repeat('m', 1000) FROM generate_series(1, 30000) AS i
            """);
        using var response = await service.SendAsync(HttpMethod.Get, "/contacts", accept: "text/csv");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await postgres.KillAsync();
        var failure = await Record.ExceptionAsync(() => response.Content.ReadAsStringAsync());
        Assert.True(failure is HttpRequestException or IOException, $"The file ended as if it were complete: {failure}");

        using var away = await service.SendAsync(HttpMethod.Get, "/contacts", accept: "text/csv");
        await ApiFixture.ProblemAsync(away, 503);
    }

    private Task<HttpResponseMessage> ListAsync(string query) =>
        api.Service.SendAsync(HttpMethod.Get, $"/contacts?{query}", accept: "text/csv");

    /// <summary>RFC 4180.</summary>
    private static List<List<string>> Parse(string text)
    {
        var rows = new List<List<string>>();
        var row = new List<string>();
        var cell = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                for (i++; text[i] != '"' || (i + 1 < text.Length && text[i + 1] == '"'); i++)
                {
                    cell.Append(text[i]);
                    i += text[i] == '"' ? 1 : 0;
                }
            }
            else if (text[i] == ',' || (text[i] == '\r' && text[i + 1] == '\n'))
            {
                row.Add(cell.ToString());
                cell.Clear();
                if (text[i] == '\r')
                {
                    rows.Add(row);
                    row = [];
                    i++;
                }
            }
            else
            {
                Assert.False(text[i] is '\r' or '\n', "A line break outside of quotes.");
                cell.Append(text[i]);
            }
        }
        Assert.Empty(row);
        return rows;
    }
}
