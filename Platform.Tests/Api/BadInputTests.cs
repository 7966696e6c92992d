using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace Platform.Tests.Api;

/// <summary>Bad input gets a problem document that names the field, and changes nothing.</summary>
[Collection(ApiSuite.Name), Trait("Needs", "postgres")]
public sealed class BadInputTests(ApiFixture api)
{
    public static TheoryData<string, int, string> BadBodies() => new()
    {
        { """{}""", 422, "email,message,name" },
        { """{"name":"  ","email":"","message":"\n\t"}""", 422, "email,message,name" },
        { """{"name":"\u200b","email":"a@b.org","message":"m"}""", 422, "name" },
        { """{"name":null,"email":"a@b.org","message":"m"}""", 422, "name" },
        { $$"""{"name":"{{new string('n', 101)}}","email":"a@b.org","message":"m"}""", 422, "name" },
        { $$"""{"name":"n","email":"{{new string('e', 290)}}@b.org.org","message":"m"}""", 422, "email" },
        { """{"name":"n","email":"not an address","message":"m"}""", 422, "email" },
        { """{"name":"n","email":"a@b@c.org","message":"m"}""", 422, "email" },
        { """{"name":"n","email":"a@b.org\r\nBcc: x@y.org","message":"m"}""", 422, "email" },
        { $$"""{"name":"n","email":"a@b.org","message":"{{new string('m', 1001)}}"}""", 422, "message" },
        { $$"""{"name":"n","email":"a@b.org","message":"m","company":"{{new string('c', 101)}}"}""", 422, "company" },
        { $$"""{"name":"n","email":"a@b.org","message":"m","service":"{{new string('c', 101)}}"}""", 422, "service" },
        { $$"""{"name":"n","email":"a@b.org","message":"m","budget":"{{new string('c', 51)}}"}""", 422, "budget" },
        { $$"""{"name":"n","email":"a@b.org","message":"m","source":"{{new string('c', 51)}}"}""", 422, "source" },
        { $$"""{"name":"n","email":"a@b.org","message":"m","userAgent":"{{new string('c', 501)}}"}""", 422, "userAgent" },
        { $$"""{"name":"n","email":"a@b.org","message":"m","pageUrl":"{{new string('c', 501)}}"}""", 422, "pageUrl" },
        { """{"name":"two\nlines","email":"a@b.org","message":"m"}""", 422, "name" },
        { """{"name":"two\u2028lines","email":"a@b.org","message":"m"}""", 422, "name" },
        { """{"name":"nul\u0000","email":"a@b.org","message":"m"}""", 422, "name" },
        { """{"name":"n","email":"a@b.org","message":"nul\u0000"}""", 422, "message" },
        { """{"name":42,"email":"a@b.org","message":"m"}""", 422, "name" },
        { """{"name":{"first":"n"},"email":["a@b.org"],"message":true}""", 422, "email,message,name" },
        { """{"name":"\ud800","email":"a@b.org","message":"m"}""", 400, "name" },
        { """{"name":"n","email":"a@b.org","message":"\udc00 alone"}""", 400, "message" },
        { """{"name":"n",""", 400, "body" },
        { """{"name":"n","email":"a@b.org","message":"m"} trailing""", 400, "body" },
        { """["name"]""", 400, "body" },
        { "", 400, "body" },
        { "not json", 400, "body" },
    };

    [Theory, MemberData(nameof(BadBodies))]
    [Trait("Defect", "D08"), Trait("Defect", "D12"), Trait("Defect", "R06"), Trait("Defect", "R07")]
    public async Task Json_that_breaks_a_rule_names_its_field_and_changes_nothing(string body, int status, string fields)
    {
        var before = await api.StateAsync();
        using var response = await api.Service.Client.PostAsync("/contact", Json(body));
        Assert.Equal(fields, string.Join(',', await ApiFixture.ProblemFieldsAsync(response, status)));
        Assert.Equal(before, await api.StateAsync());
    }

    [Fact, Trait("Defect", "R06")]
    public async Task Bytes_that_are_not_utf_8_name_their_field()
    {
        byte[] body = [.. "{\"name\":\""u8, 0xED, 0xA0, 0x80, .. "\",\"email\":\"a@b.org\",\"message\":\"m\"}"u8];
        using var response = await api.Service.Client.PostAsync(
            "/contact", new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } });
        Assert.Equal(["name"], await ApiFixture.ProblemFieldsAsync(response, 400));
    }

    [Theory, Trait("Defect", "R07")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_of_1_MB_is_refused_with_413(bool chunked)
    {
        var before = await api.StateAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/contact")
        {
            Content = Json($$"""{"name":"n","email":"a@b.org","message":"{{new string('m', 1 << 20)}}"}"""),
        };
        request.Headers.TransferEncodingChunked = chunked;
        // A client that asks first hears the answer; one that sends on while the server closes may hear of a broken connection instead.
        request.Headers.ExpectContinue = !chunked;
        using var response = await api.Service.Client.SendAsync(request);
        Assert.Equal(["body"], await ApiFixture.ProblemFieldsAsync(response, 413));
        Assert.Equal(before, await api.StateAsync());
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/json; charset=utf-16")]
    public async Task Another_content_type_is_refused_with_415(string type)
    {
        using var content = Json("""{"name":"n","email":"a@b.org","message":"m"}""");
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using var response = await api.Service.Client.PostAsync("/contact", content);
        Assert.Equal(["Content-Type"], await ApiFixture.ProblemFieldsAsync(response, 415));
    }

    [Fact, Trait("Defect", "R06")]
    public async Task A_form_of_bytes_that_are_not_utf_8_names_its_field()
    {
        byte[] body = [.. "name="u8, 0xED, 0xA0, 0x80, .. "&email=a@b.org&message=m"u8];
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new("application/x-www-form-urlencoded") } };
        using var response = await api.Service.Client.PostAsync("/contact", content);
        Assert.Equal(["name"], await ApiFixture.ProblemFieldsAsync(response, 400));
    }

    [Fact, Trait("Defect", "R06")]
    public async Task A_multipart_form_with_a_NUL_names_its_field()
    {
        using var content = new MultipartFormDataContent
        {
            { new StringContent("n\0"), "name" }, { new StringContent("a@b.org"), "email" }, { new StringContent("m"), "message" },
        };
        using var response = await api.Service.Client.PostAsync("/contact", content);
        Assert.Equal(["name"], await ApiFixture.ProblemFieldsAsync(response, 422));
    }

    [Theory]
    [InlineData("name=%00&email=a@b.org&message=m", 400, "body")]
    [InlineData("name=two%0Alines&email=a@b.org&message=m", 422, "name")]
    [InlineData("name=a&name=b&email=a@b.org&message=m", 422, "name")]
    [InlineData("email=a@b.org", 422, "message,name")]
    [InlineData("", 422, "email,message,name")]
    public async Task A_form_that_breaks_a_rule_names_its_field(string form, int status, string fields)
    {
        var before = await api.StateAsync();
        using var content = new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded");
        using var response = await api.Service.Client.PostAsync("/contact", content);
        Assert.Equal(fields, string.Join(',', await ApiFixture.ProblemFieldsAsync(response, status)));
        Assert.Equal(before, await api.StateAsync());
    }

    [Theory]
    [InlineData("multipart/form-data", "x")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\ntruncated")]
    public async Task A_broken_multipart_form_is_a_problem(string type, string body)
    {
        using var content = new StringContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using var response = await api.Service.Client.PostAsync("/contact", content);
        Assert.Equal(["body"], await ApiFixture.ProblemFieldsAsync(response, 400));
    }

    [Theory]
    [InlineData("limit=0", 422, "limit")]
    [InlineData("limit=101", 422, "limit")]
    [InlineData("limit=ten", 422, "limit")]
    [InlineData("limit=1&limit=2", 422, "limit")]
    [InlineData("status=deleted", 422, "status")]
    [InlineData("from=yesterday", 422, "from")]
    [InlineData("to=2026-02-30", 422, "to")]
    [InlineData("q=%00", 422, "q")]
    [InlineData("source=%00", 422, "source")]
    [InlineData("cursor=made-up", 400, "cursor")]
    [InlineData("cursor=%00", 400, "cursor")]
    [InlineData("cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTkgeA", 400, "cursor")]
    public async Task A_bad_parameter_of_the_list_is_named(string query, int status, string field)
    {
        using var response = await api.GetAsync($"/contacts?{query}");
        Assert.Equal([field], await ApiFixture.ProblemFieldsAsync(response, status));
    }

    [Theory]
    [InlineData("contact_00000000000070008000000000000000")]
    [InlineData("1")]
    [InlineData("%E2%80%A8")]
    [InlineData("'; DROP TABLE contact_submissions; --")]
    public async Task An_unknown_id_is_404(string id)
    {
        using var response = await api.GetAsync($"/contacts/{id}");
        Assert.Equal(["id"], await ApiFixture.ProblemFieldsAsync(response, 404));
    }

    [Theory]
    [InlineData("GET", "/unknown", 404)]
    [InlineData("DELETE", "/contact", 405)]
    public async Task Every_error_is_a_problem_document(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new(method), path);
        using var response = await api.Service.Client.SendAsync(request);
        await ApiFixture.ProblemAsync(response, status);
    }

    [Theory]
    [InlineData("""{"page":5}""", "page")]
    [InlineData("""{"referrer":"a\nb"}""", "referrer")]
    public async Task A_bad_visit_is_refused_and_not_counted(string body, string field)
    {
        var before = await api.StateAsync();
        using var response = await api.Service.Client.PostAsync("/visits", Json(body));
        Assert.Equal([field], await ApiFixture.ProblemFieldsAsync(response, 422));
        Assert.Equal(before, await api.StateAsync());
    }

    [Fact, Trait("Defect", "D16")]
    public async Task A_correlation_id_with_line_breaks_is_not_echoed()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/contact") { Content = JsonContent.Create(ApiFixture.Submission()) };
        request.Headers.TryAddWithoutValidation("X-Correlation-ID", "id%0aINFO forged");
        using var response = await api.Service.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Matches("^[A-Za-z0-9._-]{1,64}$", Assert.Single(response.Headers.GetValues("X-Correlation-ID")));
        Assert.DoesNotContain("forged", api.Service.Log, StringComparison.Ordinal);
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
