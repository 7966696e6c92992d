using System.Net;
using Platform.Tests.Edge.Authentication;
using Platform.Tests.Fixtures;
using Platform.Tests.Observability;

namespace Platform.Tests.Edge;

/// <summary>Each number of the edge's own: something is done, and the number is what was done.</summary>
public sealed class EdgeMetricsTests(SignInEdge shared) : IClassFixture<SignInEdge>
{
    [Fact]
    public async Task Every_counter_is_there_with_0_before_its_first_event()
    {
        await using var edge = await SignInEdge.StartAsync(shared.Upstream.Url, ("Limits__Paths__0__Path", "/contact"),
            ("Limits__Paths__0__PerSecond", "1"), ("Limits__Paths__0__Burst", "1"));
        var samples = await edge.ScrapeAsync();
        Assert.Equal(
            [
                "edge_access_log_dropped_total ", "edge_access_log_unexported_total ",
                "edge_access_refused_total role", "edge_access_refused_total signed_out", "edge_access_refused_total wrong_key",
                "edge_audit_dropped_total ", "edge_connections_refused_total client", "edge_connections_refused_total displaced", "edge_connections_refused_total full",
                "edge_rate_limited_total /contact", "edge_rate_limited_total concurrent", "edge_rate_limited_total concurrent-keys",
                "edge_rate_limited_total keys", "edge_rate_limited_total reads", "edge_rate_limited_total site", "edge_rate_limited_total writes",
                "edge_sign_ins_total failure", "edge_sign_ins_total locked_out", "edge_sign_ins_total success",
                "edge_upstream_errors_total NoAvailableDestinations", "edge_upstream_errors_total Request",
                "edge_upstream_errors_total RequestBodyDestination", "edge_upstream_errors_total RequestCreation",
                "edge_upstream_errors_total RequestTimedOut", "edge_upstream_errors_total ResponseBodyDestination",
                "edge_upstream_errors_total ResponseHeaders", "edge_upstream_errors_total UpgradeRequestDestination",
                "edge_upstream_errors_total UpgradeResponseDestination",
            ],
            samples.Where(sample => sample.Name.StartsWith("edge_", StringComparison.Ordinal)
                    && sample.Name.EndsWith("_total", StringComparison.Ordinal) && sample.Value == 0)
                .Select(sample => $"{sample.Name} {sample.Labels.FirstOrDefault(label => label.Key is not ("otel_scope_name" or "cluster")).Value}")
                .Order(StringComparer.Ordinal));
        Assert.True(await edge.ValueAsync("process_memory_limit_bytes") > 64 * 1024 * 1024);
    }

    [Fact]
    public async Task Sign_ins_sessions_and_whoever_is_refused_are_counted()
    {
        await using var edge = await SignInEdge.StartAsync(shared.Upstream.Url, ("Authentication__Lockout__FirstWait", "00:01:00"));
        await edge.MeasuresAsync(0, "edge_sessions");

        var person = await Person.SignedInAsync(edge.Client);
        await edge.MeasuresAsync(1, "edge_sign_ins_total", ("outcome", "success"));
        await edge.MeasuresAsync(1, "edge_sessions");
        using var console = await person.GetAsync("/console/");
        using var signedOut = await person.PostAsync(
            "/auth/sign-out", Person.SignInForm(Person.TokenIn(await console.Content.ReadAsStringAsync()), ""));
        await edge.MeasuresAsync(0, "edge_sessions");

        using var guessing = EdgeUnderTest.ClientAt(edge, "127.0.0.51");
        for (var attempt = 0; attempt < 6; attempt++)
        {
            using var wrong = await new Person(guessing).SignInAsync($"wrong-{attempt}");
        }

        await edge.MeasuresAsync(5, "edge_sign_ins_total", ("outcome", "failure"));
        await edge.MeasuresAsync(1, "edge_sign_ins_total", ("outcome", "locked_out"));

        using var stranger = await edge.Client.GetAsync("/console/", ("Accept", "text/html"));
        using var program = await edge.Client.GetAsync("/grafana/");
        await edge.MeasuresAsync(2, "edge_access_refused_total", ("reason", "signed_out"));
        using var key = await edge.Client.GetAsync("/contacts", ("X-API-Key", "wrong"));
        Assert.Equal(HttpStatusCode.Unauthorized, key.StatusCode);
        await edge.MeasuresAsync(1, "edge_access_refused_total", ("reason", "wrong_key"));
        await edge.MeasuresAsync(0, "edge_access_refused_total", ("reason", "role"));
    }

    [Fact]
    public async Task A_session_that_nobody_uses_is_not_counted_when_it_is_over()
    {
        await using var edge = await SignInEdge.StartAsync(
            shared.Upstream.Url, ("Authentication__Session__Idle", "00:00:03"), ("Authentication__Session__Lifetime", "00:00:03"));
        await Person.SignedInAsync(edge.Client);
        await edge.MeasuresAsync(0, "edge_sessions");
    }

    [Fact]
    public async Task A_server_that_is_away_is_unhealthy_and_each_request_that_it_did_not_answer_is_an_error()
    {
        var port = FreePort.Next();
        var upstream = await Upstream.StartAsync(port);
        await using var edge = await EdgeUnderTest.StartAsync(
            [upstream.Url], new Dictionary<string, string> { ["Proxy__HealthInterval"] = "00:00:01", ["Proxy__ActivityTimeout"] = "00:00:03" },
            wideLimits: true);
        await edge.MeasuresAsync(1, "edge_upstream_healthy", ("cluster", "api"), ("destination", upstream.Url));
        using var hanging = await edge.Client.GetAsync("/contacts/hang");
        Assert.Equal(HttpStatusCode.GatewayTimeout, hanging.StatusCode);
        await edge.MeasuresAsync(1, "edge_upstream_errors_total", ("cluster", "api"), ("error", "RequestTimedOut"));

        // A client that leaves is no error of the server's.
        using (var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(200)))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => edge.Client.GetAsync(new Uri("/contacts/hang", UriKind.Relative), impatient.Token));
        }

        await upstream.DisposeAsync();
        for (var count = 0; count < 3; count++)
        {
            using var answer = await edge.Client.GetAsync("/stats");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        }

        await edge.MeasuresAsync(3, "edge_upstream_errors_total", ("cluster", "api"), ("error", "Request"));
        await edge.MeasuresAsync(4, "edge_upstream_errors_total");
        await edge.MeasuresAsync(0, "edge_upstream_healthy", ("cluster", "api"));
    }

    [Fact, Trait("Defect", "D22")]
    public async Task What_clients_invent_makes_no_series()
    {
        await using var edge = await SignInEdge.StartAsync(shared.Upstream.Url);
        await AskAsync(0, 300);
        var before = (await edge.ScrapeAsync()).Count;
        await AskAsync(300, 3000);
        var samples = await edge.ScrapeAsync();
        // What time and chance add: a status, a generation of the heap.
        Assert.InRange(samples.Count, before - 20, before + 60);
        Assert.DoesNotContain(samples, sample => sample.Labels.Values.Any(value => value.Contains("invented", StringComparison.OrdinalIgnoreCase)));

        Task AskAsync(int from, int count) => Parallel.ForEachAsync(
            Enumerable.Range(from, count), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, cancellationToken) =>
            {
                using var request = new HttpRequestMessage(
                    number % 3 == 0 ? new HttpMethod($"INVENTED{number}") : HttpMethod.Get,
                    (number % 7) switch
                    {
                        0 => $"/invented{number}/x",
                        1 => $"/contacts/invented{number}",
                        2 => $"/d/invented{number}",
                        3 => $"/console/invented{number}",
                        4 => $"/assets/invented{number}.js",
                        5 => $"/grafana/invented{number}",
                        _ => $"/documents/invented{number}?invented{number}=1",
                    });
                request.Headers.Host = $"invented{number}.example";
                request.Headers.TryAddWithoutValidation("User-Agent", $"invented{number}");
                request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", $"invented{number}");
                if (number % 5 == 0)
                {
                    request.Headers.TryAddWithoutValidation("X-API-Key", $"invented{number}");
                }

                using var answer = await edge.Client.SendAsync(request, cancellationToken);
            });
    }

    [Fact]
    public async Task OpenMetrics_has_exemplars_that_lead_to_traces()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/stats");
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        request.Headers.Add("traceparent", $"00-{Trace}-00f067aa0ba902b7-01");
        using var client = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = shared.Client.BaseAddress };
        using var answer = await client.SendAsync(request);
        await Eventually.IsTrueAsync(async () => (await shared.Edge.OpenMetricsAsync()).Split('\n').Any(line =>
            line.StartsWith("http_server_request_duration_seconds_bucket", StringComparison.Ordinal)
            && line.Contains($"# {{trace_id=\"{Trace}\"", StringComparison.Ordinal)), Exposition.Patience);
    }
}
