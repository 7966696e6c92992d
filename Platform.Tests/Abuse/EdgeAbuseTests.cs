using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Platform.Tests.Edge;
using Xunit.Abstractions;

namespace Platform.Tests.Abuse;

/// <summary>What the edge itself serves, and the heads of requests, under changes of all kinds.</summary>
public sealed partial class EdgeAbuseTests(EdgeUnderTest edge, ITestOutputHelper output) : IClassFixture<EdgeUnderTest>
{
    private const int Seed = 20261126;
    private const string Smuggled = "GET /admin/keys HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n";

    /// <summary>In the form of the API's own description.</summary>
    private const string OwnPaths = """
        {
          "paths": {
            "/": { "get": { "operationId": "Home", "responses": { "200": {}, "206": {}, "304": {}, "308": {}, "412": {}, "416": {} } } },
            "/contact.html": { "get": { "operationId": "Form", "responses": { "200": {}, "206": {}, "304": {}, "412": {}, "416": {} } } },
            "/assets/site.css": { "get": { "operationId": "Asset", "responses": { "200": {}, "206": {}, "304": {}, "412": {}, "416": {} } } },
            "/status/metrics": { "get": { "operationId": "Status", "responses": { "200": { "content": { "application/json": { "schema": {} } } } } } },
            "/auth/session": { "get": { "operationId": "Session", "responses": {} } },
            "/auth/sign-in": {
              "get": { "operationId": "AskToSignIn", "parameters": [ { "name": "return", "in": "query" } ], "responses": { "200": {} } },
              "post": {
                "operationId": "SignIn", "parameters": [ { "name": "return", "in": "query" } ], "responses": { "303": {} },
                "requestBody": { "content": {
                  "application/x-www-form-urlencoded": { "schema": { "$ref": "#/components/schemas/SignIn" } },
                  "multipart/form-data": { "schema": { "$ref": "#/components/schemas/SignIn" } } } } } },
            "/auth/sign-out": {
              "get": { "operationId": "AskToSignOut", "responses": { "200": {} } },
              "post": { "operationId": "SignOut", "responses": { "303": {} } } }
          },
          "components": { "schemas": { "SignIn": { "type": "object", "properties": {
            "username": { "type": "string" }, "password": { "type": "string" }, "__RequestVerificationToken": { "type": "string" } } } } }
        }
        """;

    [Theory]
    [InlineData(Seed)]
    [InlineData(0)]
    public async Task What_the_edge_serves_itself_answers_every_request_properly(int seed)
    {
        seed = seed == 0 ? Environment.TickCount : seed;
        output.WriteLine($"Seed {seed}");
        var description = new ApiDescription(JsonSerializer.Deserialize<JsonElement>(OwnPaths));
        var known = new Dictionary<string, string[]>
        {
            ["return"] = ["/console/", "//evil.example/"], ["username"] = ["admin"], ["password"] = ["wrong"],
            ["__RequestVerificationToken"] = [new string('C', 155)], ["range"] = ["1h"],
        };
        var complaints = new ConcurrentQueue<string>();
        foreach (var (index, operation) in description.Operations.Index())
        {
            var generator = new RequestGenerator(description, operation, known, Upstream.GoodKey, seed + index);
            await Parallel.ForEachAsync(
                Enumerable.Range(0, 200).Select(_ => generator.Next()).ToList(),
                new ParallelOptions { MaxDegreeOfParallelism = 8 },
                async (request, _) =>
                {
                    if (await AnswerOracle.TryAsync(edge.Process.Port, description, operation, request, atEdge: true) is { Complaint: { } complaint })
                    {
                        complaints.Enqueue($"{operation}: {complaint}\n    {request.ToCommand(edge.Process.Port)}");
                    }
                });
        }

        Assert.True(complaints.IsEmpty, $"Seed {seed}, {complaints.Count} complaints:\n{string.Join('\n', complaints.Take(30))}");
        AnswerOracle.AssertNothingUnhandled(edge.Process.Log);
    }

    [Fact]
    public async Task No_changed_head_is_a_second_request_or_more_than_a_refusal()
    {
        await using var impatient = await EdgeUnderTest.StartAsync(
            [edge.Upstream.Url],
            new Dictionary<string, string> { ["Limits__HeadersTimeout"] = "00:00:01", ["Limits__KeepAliveTimeout"] = "00:00:01" },
            wideLimits: true);
        string[] heads =
        [
            "GET /stats?a=b HTTP/1.1\r\nHost: edge\r\nConnection: close\r\nAccept: */*\r\n\r\n",
            "POST /visits HTTP/1.1\r\nHost: edge\r\nConnection: close\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}",
            "POST /visits HTTP/1.1\r\nHost: edge\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nX-Trailer: a\r\n\r\n",
            "GET /assets/site.css HTTP/1.1\r\nHost: edge\r\nConnection: close\r\nRange: bytes=0-9\r\nIf-None-Match: \"a\"\r\n\r\n",
        ];
        string[] pieces =
        [
            "\r\n", "\n", "\r", "\0", " ", "\t", ":", "\r\n ", "\x0b", "\xff", "chunked", "0\r\n\r\n", "Content-Length: 0\r\n", "Content-Length: 1\r\n",
            "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n", "Transfer-Encoding:\x0b chunked\r\n", "Content-Length: +2\r\n",
            "Host: evil.example\r\n", "HTTP/1.0", "http://edge", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n",
            "Expect: 100-continue\r\n", Smuggled,
        ];
#pragma warning disable CA5394 // Not for secrets: the same numbers in every run.
        var random = new Random(Seed);
        var requests = Enumerable.Range(0, 2000).Select(_ =>
        {
            var request = heads[random.Next(heads.Length)];
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var at = random.Next(request.Length);
                request = random.Next(4) switch
                {
                    0 => request.Insert(at, pieces[random.Next(pieces.Length)]),
                    1 => request.Remove(at, 1),
                    2 => request[..at] + (char)(request[at] ^ (1 << random.Next(8))) + request[(at + 1)..],
                    _ => request.Insert(
                        request.IndexOf("\r\n", StringComparison.Ordinal) is >= 0 and var end ? end + 2 : 0, pieces[random.Next(pieces.Length)]),
                };
            }

            return request + Smuggled;
        }).ToList();
#pragma warning restore CA5394
        var complaints = new ConcurrentQueue<string>();

        await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (request, _) =>
        {
            var answer = await EdgeUnderTest.RawAsync(impatient, request);
            // The smuggled request may be one of the client's own; then it is refused like any other of its kind.
            if (StatusLine().Matches(answer).Any(status => status.Groups[1].Value is ['5', ..] and not ("501" or "505")) || Inside().IsMatch(answer))
            {
                complaints.Enqueue($"{JsonSerializer.Serialize(request)}\n    {answer[..Math.Min(answer.Length, 500)]}");
            }
        });

        Assert.True(complaints.IsEmpty, $"{complaints.Count} complaints:\n{string.Join('\n', complaints.Take(20))}");
        Assert.DoesNotContain(edge.Upstream.Requests, request => request.Contains("/admin", StringComparison.Ordinal));
        Assert.DoesNotContain("unhandled exception", impatient.Log, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.OK, (await impatient.Client.GetAsync("/stats")).StatusCode);
    }

    [Fact]
    public async Task A_tunnel_is_refused_and_costs_no_replica_its_health()
    {
        await using var first = await Upstream.StartAsync(name: "first");
        await using var second = await Upstream.StartAsync(name: "second");
        await using var pair = await EdgeUnderTest.StartAsync([first.Url, second.Url], wideLimits: true);

        for (var count = 0; count < 40; count++)
        {
            var answer = await EdgeUnderTest.RawAsync(pair, "CONNECT /stats HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        }

        Assert.Empty(first.Requests.Concat(second.Requests));
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded; charset=utf-7", 415)]
    [InlineData("multipart/form-data; boundary=b", 400)]
    [InlineData("multipart/form-data", 400)]
    public async Task A_form_that_cannot_be_read_is_the_clients_mistake(string contentType, int status)
    {
        using var form = new ByteArrayContent(Encoding.ASCII.GetBytes("username=admin"));
        form.Headers.TryAddWithoutValidation("Content-Type", contentType);

        using var answer = await edge.Client.PostAsync("/auth/sign-in", form);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [GeneratedRegex(@"(?m)^HTTP/1\.1 (\d{3}) ")]
    private static partial Regex StatusLine();

    [GeneratedRegex(@"Kestrel|Microsoft\.|Exception|Platform\.Edge|\.cs:line|(?m)^Server:")]
    private static partial Regex Inside();
}
