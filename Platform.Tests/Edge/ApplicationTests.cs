using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>Servers with pages of their own, below a prefix of the edge.</summary>
public sealed class ApplicationTests : IClassFixture<ApplicationsUnderTest>
{
    private readonly ApplicationsUnderTest _applications;

    public ApplicationTests(ApplicationsUnderTest applications) => _applications = applications;

    private HttpClient Client => _applications.Client;

    [Theory]
    [InlineData("/keycloak/realms/x?a=b", "/keycloak/realms/x?a=b")]
    [InlineData("/keycloak/resources/a%20b/c%C3%A9", "/keycloak/resources/a%20b/c%C3%A9")]
    [InlineData("/keycloak/admin/", "/keycloak/admin/")]
    [InlineData("/grafana/", "/grafana/")]
    [InlineData("/grafana/d/a%2fb?x=%252F", "/grafana/d/a%2Fb?x=%252F")]
    [InlineData("/prometheus/graph?g0.expr=up%7Bjob%3D%22a%22%7D", "/prometheus/graph?g0.expr=up%7Bjob%3D%22a%22%7D")]
    [InlineData("/alertmanager/", "/alertmanager/")]
    [InlineData("/pgadmin/browser/", "/pgadmin/browser/")]
    [InlineData("/minio/", "/")]
    [InlineData("/minio/browser/b%2Fc", "/browser/b%2Fc")]
    [InlineData("/MinIO/browser", "/browser")]
    [InlineData("/meilisearch/indexes/documents", "/indexes/documents")]
    [Trait("Defect", "D34")]
    [InlineData("/loki/loki/api/v1/labels", "/loki/api/v1/labels")]
    public async Task Each_is_asked_for_the_path_that_it_knows(string asked, string received)
    {
        var echo = await Client.EchoAsync(asked);

        Assert.Equal(received, echo.Target);
    }

    [Theory]
    [InlineData("/grafana", "/grafana/")]
    [InlineData("/minio?a=b&c=%20d", "/minio/?a=b&c=%20d")]
    [InlineData("/GRAFANA", "/grafana/")]
    [InlineData("/keycloak", "/keycloak/")]
    public async Task A_bare_prefix_leads_to_its_folder(string asked, string target)
    {
        using var answer = await Client.PostAsync(asked, null);

        Assert.Equal(HttpStatusCode.PermanentRedirect, answer.StatusCode);
        Assert.Equal([target], answer.Header("Location"));
    }

    [Theory]
    [Trait("Defect", "D47")]
    [InlineData("/minioX")]
    [InlineData("/grafana-old/")]
    [InlineData("/keycloakX/realms/a")]
    public async Task A_prefix_ends_at_the_end_of_a_name(string path)
    {
        using var answer = await Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task A_server_that_nobody_runs_is_404()
    {
        await using var edge = await EdgeUnderTest.StartAsync([]);

        using var answer = await edge.Client.GetAsync("/keycloak/realms/platform");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task A_server_that_is_away_is_503()
    {
        await using var edge = await EdgeUnderTest.StartAsync([], ApplicationsUnderTest.At($"http://127.0.0.1:{FreePort.Next()}"));

        using var answer = await edge.Client.GetAsync("/keycloak/realms/platform");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Theory]
    [InlineData("/minio/", "X-Forwarded-Prefix", "/minio")]
    [InlineData("/meilisearch/", "X-Forwarded-Prefix", "/meilisearch")]
    [InlineData("/loki/", "X-Forwarded-Prefix", "/loki")]
    [InlineData("/pgadmin/", "X-Script-Name", "/pgadmin")]
    public async Task Who_does_not_know_its_prefix_is_told_whatever_the_client_says(string path, string header, string prefix)
    {
        var echo = await Client.EchoAsync(path, (header, "/evil"), ("X-Forwarded-Host", "evil.example"));

        Assert.Equal(prefix, echo.Headers[header]);
        Assert.Equal(_applications.Host, echo.Headers["Host"]);
        Assert.Equal(_applications.Host, echo.Headers["X-Forwarded-Host"]);
        Assert.Equal("http", echo.Headers["X-Forwarded-Proto"]);
    }

    [Theory]
    [Trait("Defect", "D46")]
    [InlineData("/keycloak/realms/x", "/keycloak/login?a=b#c", "/keycloak/login?a=b#c")]
    [InlineData("/keycloak/realms/x", "{self}/keycloak/login?a=b#c", "/keycloak/login?a=b#c")]
    [InlineData("/keycloak/realms/x", "{public}/keycloak/login", "/keycloak/login")]
    [InlineData("/keycloak/realms/x", "{self}//evil.example/", "/evil.example/")]
    [InlineData("/keycloak/realms/x", "https://other.example/a?b", "https://other.example/a?b")]
    [InlineData("/keycloak/realms/x", "../login", "../login")]
    [InlineData("/minio/", "/login", "/minio/login")]
    [InlineData("/minio/", "/login?next=/x", "/minio/login?next=/x")]
    [InlineData("/minio/", "{self}/login", "/minio/login")]
    [InlineData("/minio/", "{self}", "/minio/")]
    [InlineData("/minio/", "{public}/login", "/minio/login")]
    [InlineData("/minio/", "{public}/minio/login", "/minio/login")]
    [InlineData("/minio/", "/minioX", "/minio/minioX")]
    [InlineData("/minio/", "login", "login")]
    [InlineData("/minio/", "//other.example/a", "//other.example/a")]
    [InlineData("/minio/", "https://other.example/a", "https://other.example/a")]
    public async Task An_address_of_its_own_becomes_one_that_its_users_can_reach(string path, string said, string shown)
    {
        said = said.Replace("{public}", $"http://{_applications.Host}", StringComparison.Ordinal);
        using var answer = await Client.GetAsync(
            $"{path}?{Header("Location", said)}&{Header("Content-Location", said)}&{Header("Refresh", $"5; url={said}")}");

        Assert.Equal([shown], answer.Header("Location"));
        Assert.Equal([shown], answer.Header("Content-Location"));
        Assert.Equal([$"5; url={shown}"], answer.Header("Refresh"));
    }

    [Theory]
    [InlineData("/minio/", "token=a=b; Path=/; HttpOnly; SameSite=Lax", "token=a=b; Path=/minio/; HttpOnly; SameSite=Lax")]
    [InlineData("/minio/", "token=a; path=/api/v1; Domain=127.0.0.1; Secure", "token=a; path=/minio/api/v1; Secure")]
    [InlineData("/minio/", "token=a; Path=/minio/", "token=a; Path=/minio/")]
    [InlineData("/minio/", "token=a; Max-Age=5", "token=a; Max-Age=5")]
    [InlineData("/keycloak/realms/x", "session=a; Path=/keycloak/; Domain=.example.org", "session=a; Path=/keycloak/")]
    public async Task Its_cookies_stay_below_its_prefix(string path, string said, string shown)
    {
        using var answer = await Client.GetAsync($"{path}?{Header("Set-Cookie", said)}&{Header("Set-Cookie", "other=1; Path=/minio/x")}");

        Assert.Equal([shown, "other=1; Path=/minio/x"], answer.Header("Set-Cookie"));
    }

    [Theory]
    [Trait("Defect", "D45")]
    [InlineData("/grafana/", "script-src 'self' 'unsafe-inline' 'unsafe-eval';")]
    [InlineData("/prometheus/", "script-src 'self' 'unsafe-inline';")]
    [InlineData("/minio/", "script-src 'self';")]
    public async Task Its_pages_may_do_what_they_need_and_ask_no_other_host(string path, string scripts)
    {
        using var answer = await Client.GetAsync($"{path}?{Header("X-Frame-Options", "ALLOWALL")}");

        var policy = Assert.Single(answer.Header("Content-Security-Policy"));
        Assert.Contains(scripts, policy, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'self'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("*", policy, StringComparison.Ordinal);
        Assert.Equal(["SAMEORIGIN"], answer.Header("X-Frame-Options"));
        Assert.Equal(["nosniff"], answer.Header("X-Content-Type-Options"));
    }

    [Fact]
    [Trait("Defect", "D45")]
    public async Task What_it_forbids_itself_stays_forbidden()
    {
        using var answer = await Client.GetAsync($"/grafana/?{Header("Content-Security-Policy", "script-src 'nonce-abc'")}");
        using var silent = await Client.GetAsync($"/loki/?{Header("Content-Security-Policy", "script-src *")}");

        Assert.Equal(2, answer.Header("Content-Security-Policy").Length);
        Assert.Equal("script-src 'nonce-abc'", answer.Header("Content-Security-Policy")[0]);
        Assert.Equal(["default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"], silent.Header("Content-Security-Policy"));
    }

    [Fact]
    public async Task A_large_file_passes_and_one_that_is_too_large_does_not()
    {
        using var large = new ByteArrayContent(new byte[20 * 1024 * 1024]);
        using var stored = await Client.PutAsync("/keycloak/realms/upload", large);
        var echo = await stored.Content.ReadFromJsonAsync<Echo>();
        var refused = await EdgeUnderTest.RawAsync(
            _applications.Process, $"PUT /keycloak/realms/upload HTTP/1.1\r\nHost: edge\r\nContent-Length: {60 * 1024 * 1024}\r\n\r\n");

        Assert.Equal(20 * 1024 * 1024, echo!.BodySize);
        Assert.StartsWith("HTTP/1.1 413 ", refused, StringComparison.Ordinal);
    }

    private static string Header(string name, string value) => $"header={Uri.EscapeDataString($"{name}:{value}")}";
}

/// <summary>The edge in front of one server that stands for all applications, asked by an administrator.</summary>
public sealed partial class ApplicationsUnderTest : IAsyncLifetime
{
    private static readonly string[] Names = ["grafana", "prometheus", "alertmanager", "pgadmin", "minio", "meilisearch", "loki", "keycloak"];

    private const string Password = "the-password-of-a-test";

    private ApplicationServer? _server;
    private ServiceProcess? _process;

    public ServiceProcess Process => _process!;

    public HttpClient Client => Process.Client;

    /// <summary>What the edge is called by its clients.</summary>
    public string Host => $"127.0.0.1:{Process.Port}";

    /// <summary>Settings that put every application at <paramref name="url"/>.</summary>
    public static Dictionary<string, string> At(string url) => Names.ToDictionary(name => $"services__{name}__http__0", _ => url);

    public async Task InitializeAsync()
    {
        _server = await ApplicationServer.StartAsync();
        var settings = At(_server.Url);
        settings["Authentication__Administrator__Password"] = Password;
        _process = await EdgeUnderTest.StartAsync([], settings, wideLimits: true);
        await SignInAsync();
    }

    public async Task DisposeAsync()
    {
        await Process.DisposeAsync();
        await _server!.DisposeAsync();
    }

    private async Task SignInAsync()
    {
        using var page = await Client.GetAsync("/auth/sign-in", ("Accept", "text/html"));
        var token = WebUtility.HtmlDecode(Token().Match(await page.Content.ReadAsStringAsync()).Groups[1].Value);
        using var form = new FormUrlEncodedContent(
            [new("username", "admin"), new("password", Password), new("__RequestVerificationToken", token)]);
        form.Headers.TryAddWithoutValidation("Cookie", page.Header("Set-Cookie").Select(cookie => cookie.Split(';')[0]));
        using var answer = await Client.PostAsync("/auth/sign-in", form);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Client.DefaultRequestHeaders.Add("Cookie", string.Join("; ", answer.Header("Set-Cookie").Select(cookie => cookie.Split(';')[0])));
        Client.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-origin");
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)")]
    private static partial Regex Token();
}
