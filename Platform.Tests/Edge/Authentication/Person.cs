using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge.Authentication;

/// <summary>A person with a browser that keeps cookies, without JavaScript: what it asks for, and what it was told to send back.</summary>
public sealed partial class Person(HttpClient client)
{
    public const string Password = "the-password-of-a-test";

    /// <summary>What the edge set, by name; also those of a provider, since browsers do not keep ports apart.</summary>
    public Dictionary<string, string> Cookies { get; } = [];

    /// <summary>The session's cookie.</summary>
    public string? Session
    {
        get => Cookies.GetValueOrDefault("__Host-platform");
        set => Cookies["__Host-platform"] = value!;
    }

    public Task<HttpResponseMessage> GetAsync(string url, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, url, content: null, headers);

    public Task<HttpResponseMessage> PostAsync(string url, HttpContent? content, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, url, content, headers);

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string url, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, url) { Content = content };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (!request.Headers.Contains("Accept"))
        {
            request.Headers.Add("Accept", "text/html");
        }

        if (Cookies.Count > 0)
        {
            request.Headers.Add("Cookie", string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        }

        var answer = await client.SendAsync(request);
        foreach (var cookie in answer.Header("Set-Cookie"))
        {
            var parts = cookie.Split(';')[0].Split('=', 2);
            if (parts[1].Length == 0)
            {
                Cookies.Remove(parts[0]);
            }
            else
            {
                Cookies[parts[0]] = parts[1];
            }
        }

        return answer;
    }

    /// <summary>Goes where the answers lead, up to the first that leads nowhere.</summary>
    public async Task<HttpResponseMessage> FollowAsync(HttpResponseMessage answer)
    {
        for (var step = 0; answer.Headers.Location is { } location; step++)
        {
            Assert.True(step < 20, $"It goes round in circles, at last to {location}.");
            var next = new Uri(answer.RequestMessage!.RequestUri!, location).AbsoluteUri;
            answer.Dispose();
            answer = await GetAsync(next);
        }

        return answer;
    }

    /// <summary>Sends the form of the sign-in page.</summary>
    public async Task<HttpResponseMessage> SignInAsync(string password = Password, string userName = "admin", string? returnTo = null)
    {
        var address = "/auth/sign-in" + (returnTo is null ? "" : $"?return={Uri.EscapeDataString(returnTo)}");
        using var page = await GetAsync(address);
        var html = await page.Content.ReadAsStringAsync();
        return await PostAsync(address, SignInForm(TokenIn(html), password, userName));
    }

    /// <summary>Signs in, and fails if that does not work.</summary>
    public static async Task<Person> SignedInAsync(HttpClient client)
    {
        var person = new Person(client);
        using var answer = await person.SignInAsync();
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.NotNull(person.Session);
        return person;
    }

    public static FormUrlEncodedContent SignInForm(string? token, string password, string userName = "admin") => new(
    [
        new("username", userName), new("password", password), new("__RequestVerificationToken", token ?? ""),
    ]);

    /// <summary>The anti-forgery token in a page.</summary>
    public static string TokenIn(string html) => WebUtility.HtmlDecode(Token().Match(html).Groups[1].Value);

    /// <summary>What the edge says of the session: null when there is none.</summary>
    public async Task<JsonElement?> DescribeAsync()
    {
        using var answer = await GetAsync("/auth/session", ("Accept", "application/json"));
        return answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadFromJsonAsync<JsonElement>() : null;
    }

    /// <summary>The anti-forgery token for requests of the console.</summary>
    public async Task<string> CsrfTokenAsync() => (await DescribeAsync())!.Value.GetProperty("csrf_token").GetString()!;

    /// <summary>Returns when the edge has logged a text, which it does a moment after it answers.</summary>
    public static Task LoggedAsync(ServiceProcess edge, string text) =>
        Eventually.IsTrueAsync(() => Task.FromResult(edge.Log.Contains(text, StringComparison.Ordinal)), TimeSpan.FromSeconds(15));

    [GeneratedRegex("""name="__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex Token();
}

/// <summary>The edge with a built-in administrator in front of the upstream, which is Grafana, too.</summary>
public sealed class SignInEdge : IAsyncLifetime
{
    public const string ApiTokenKey = "a-key-of-a-test-that-the-edge-and-the-api-share";

    private ServiceProcess? _edge;
    private Upstream? _upstream;
    private ApplicationServer? _application;

    public ServiceProcess Edge => _edge ?? throw new InvalidOperationException("The edge is not running.");

    public Upstream Upstream => _upstream ?? throw new InvalidOperationException("The upstream is not running.");

    public HttpClient Client => Edge.Client;

    public static Task<ServiceProcess> StartAsync(string upstream, params (string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string>
        {
            ["Authentication__Administrator__Password"] = Person.Password,
            ["Authentication__ApiTokenKey"] = ApiTokenKey,
            ["Authentication__Lockout__Account__PerSecond"] = "100000",
            ["Authentication__Lockout__Account__Burst"] = "100000",
        };
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        return EdgeUnderTest.StartAsync([upstream], environment, wideLimits: true);
    }

    public async Task InitializeAsync()
    {
        _upstream = await Upstream.StartAsync();
        _application = await ApplicationServer.StartAsync();
        _edge = await StartAsync(
            _upstream.Url,
            ("services__grafana__http__0", _upstream.Url),
            ("services__prometheus__http__0", _application.Url),
            ("Authentication__Lockout__FirstWait", "00:00:04"));
    }

    public async Task DisposeAsync()
    {
        if (_edge is not null)
        {
            await _edge.DisposeAsync();
        }

        if (_application is not null)
        {
            await _application.DisposeAsync();
        }

        if (_upstream is not null)
        {
            await _upstream.DisposeAsync();
        }
    }
}
