using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Tests.Fixtures;
using Platform.Tests.Fixtures.Corpus;

namespace Platform.Tests.Faults;

/// <summary>
/// Clients of the edge that use it steadily. As real ones do, they send again, with the same Idempotency-Key, what was refused or not
/// answered at all, until it is acknowledged or the load ends.
/// </summary>
internal sealed class Load : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Small files of several types that are read within the API and beside it.</summary>
    private static readonly CorpusFile[] Files =
        [.. new[] { "plain.txt", "report.pdf", "data.json", "contract.docx", "readme.md", "message.eml" }.Select(Corpus.Named)];

    private readonly HttpClient _client;
    private readonly Ledger _ledger;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, long> _latest = new();
    private readonly Task[] _clients;
    private int _acknowledged;

    private Load(HttpClient client, Ledger ledger)
    {
        _client = client;
        _ledger = ledger;
        _clients =
        [
            RunAsync(SubmitAsync, Pace), RunAsync(SubmitAsync, Pace), RunAsync(VisitAsync, Pace),
            RunAsync(UploadAsync, Pace * 4), RunAsync(UploadAsync, Pace * 4),
        ];
    }

    public static async Task<Load> StartAsync(Uri edge, string apiKey, Ledger ledger)
    {
        var client = new HttpClient { BaseAddress = edge, Timeout = TimeSpan.FromSeconds(15), DefaultRequestHeaders = { { "X-API-Key", apiKey } } };
        using var answer = await client.PostAsJsonAsync("/contact", new { name = "Ada", email = "ada@example.org", message = "of the documents" });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        ledger.Contact = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("contactId").GetString();
        return new(client, ledger);
    }

    /// <summary>Returns when so many more requests have been acknowledged.</summary>
    public async Task AcknowledgesAsync(int count, TimeSpan within)
    {
        var enough = Volatile.Read(ref _acknowledged) + count;
        await Eventually.IsTrueAsync(() => Task.FromResult(Volatile.Read(ref _acknowledged) >= enough || HasFailed()), within);
    }

    /// <summary>Returns when so many more requests have been refused.</summary>
    public async Task IsRefusedAsync(int count, TimeSpan within)
    {
        var enough = _ledger.Refusals + count;
        await Eventually.IsTrueAsync(() => Task.FromResult(_ledger.Refusals >= enough || HasFailed()), within);
    }

    /// <summary>Returns when a request of each kind that was sent after now has been acknowledged, and tells how long that took.</summary>
    public async Task<TimeSpan> RecoversAsync(TimeSpan within)
    {
        var now = Stopwatch.GetTimestamp();
        foreach (var kind in (string[])[nameof(SubmitAsync), nameof(VisitAsync), nameof(UploadAsync)])
        {
            await Eventually.IsTrueAsync(
                () => Task.FromResult(_latest.GetValueOrDefault(kind) > now || HasFailed()), within - Stopwatch.GetElapsedTime(now));
        }

        return Stopwatch.GetElapsedTime(now);
    }

    /// <summary>Ends the load when what is under way has been answered, or not.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        _client.Dispose();
        _stop.Dispose();
    }

    /// <summary>A client that has ended can acknowledge nothing more; why, its task tells when the load is disposed of.</summary>
    private bool HasFailed() => _clients.Any(client => client.IsFaulted);

    private Task RunAsync(Func<int, Task> action, TimeSpan pace) => Task.Run(async () =>
    {
        for (var turn = 0; !_stop.IsCancellationRequested; turn++)
        {
            await action(turn);
            await PauseAsync(pace);
        }
    });

    private async Task SubmitAsync(int turn)
    {
        var key = _ledger.Submitting();
        var answer = await UntilAcknowledgedAsync(nameof(SubmitAsync), () => Submission(key));
        if (answer is not { } receipt)
        {
            return;
        }

        _ledger.Submitted(key, receipt.GetProperty("contactId").GetString()!, receipt.GetProperty("visitor_count").GetInt64());
        // Who asks again, perhaps for having lost the answer, is told the same.
        if (turn % 10 == 0 && await SendAsync(Submission(key)) is { } again)
        {
            _ledger.Submitted(key, again.GetProperty("contactId").GetString()!, again.GetProperty("visitor_count").GetInt64());
        }

        static HttpRequestMessage Submission(string key) => new(HttpMethod.Post, "/contact")
        {
            Content = JsonContent.Create(new { name = "Ada", email = "ada@example.org", message = key }),
            Headers = { { "Idempotency-Key", key } },
        };
    }

    /// <summary>A visit has no key: what is not answered is not sent again.</summary>
    private async Task VisitAsync(int turn)
    {
        var page = _ledger.Visiting();
        var started = Stopwatch.GetTimestamp();
        var answer = await SendAsync(new(HttpMethod.Post, "/visits") { Content = JsonContent.Create(new { page }) });
        if (answer is { } receipt)
        {
            Acknowledged(nameof(VisitAsync), started);
            _ledger.Visited(page, receipt.GetProperty("visitor_count").GetInt64());
        }
        else
        {
            await PauseAsync(RetryPause);
        }
    }

    /// <summary>Uploads a document; some go to the trash, and some of those for good.</summary>
    private async Task UploadAsync(int turn)
    {
        var file = Files[turn % Files.Length];
        var document = _ledger.Uploading(file.Bytes);
        var answer = await UntilAcknowledgedAsync(nameof(UploadAsync), () => new(HttpMethod.Post, "/documents/upload")
        {
            Content = new MultipartFormDataContent
            {
                { new StringContent(_ledger.Contact!), "contact_id" },
                { new StringContent("report"), "document_type" },
                { new StringContent(document.Key), "description" },
                { new ByteArrayContent(document.Bytes), "file", file.Name },
            },
            Headers = { { "Idempotency-Key", document.Key } },
        });
        if (answer is not { } receipt)
        {
            return;
        }

        document.Id = receipt.GetProperty("document_id").GetGuid();
        if (turn % 4 == 0)
        {
            await DeleteAsync(document, DocumentFate.Trashed, "");
        }
        if (turn % 8 == 0 && document.Fate == DocumentFate.Trashed)
        {
            await DeleteAsync(document, DocumentFate.Purged, "?purge=true");
        }
    }

    private async Task DeleteAsync(LedgerDocument document, DocumentFate fate, string query)
    {
        // Until it is acknowledged, the one or the other may be true.
        document.Fate = DocumentFate.Unknown;
        if (await UntilAcknowledgedAsync("delete", () => new(HttpMethod.Delete, $"/documents/{document.Id}{query}")) is not null)
        {
            document.Fate = fate;
        }
    }

    private async Task<JsonElement?> UntilAcknowledgedAsync(string kind, Func<HttpRequestMessage> request)
    {
        for (var isRepeated = false; !_stop.IsCancellationRequested; isRepeated = true)
        {
            var started = Stopwatch.GetTimestamp();
            if (await SendAsync(request(), isRepeated) is { } answer)
            {
                Acknowledged(kind, started);
                return answer;
            }

            await PauseAsync(RetryPause);
        }

        return null;
    }

    /// <summary>The acknowledgement; null when there was none and the request may be sent again.</summary>
    private async Task<JsonElement?> SendAsync(HttpRequestMessage request, bool isRepeated = false)
    {
        // One path for all documents.
        var path = request.Method == HttpMethod.Delete ? "delete" : request.RequestUri!.OriginalString;
        using (request)
        {
            try
            {
                using var answer = await _client.SendAsync(request);
                var body = await answer.Content.ReadAsStringAsync();
                switch (answer.StatusCode)
                {
                    case HttpStatusCode.OK or HttpStatusCode.Accepted:
                        return JsonSerializer.Deserialize<JsonElement>(body);
                    case HttpStatusCode.NoContent:
                    // What was sent before may have been done without being answered.
                    case HttpStatusCode.NotFound when isRepeated && request.Method == HttpMethod.Delete:
                        return default(JsonElement);
                    case HttpStatusCode.ServiceUnavailable when answer.Headers.RetryAfter is not null && IsProblem(answer):
                    case HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout when IsProblem(answer):
                        _ledger.Refused(path, $"{(int)answer.StatusCode}");
                        return null;
                    default:
                        _ledger.Surprised($"{request.Method} {request.RequestUri}: {(int)answer.StatusCode} {body}");
                        return null;
                }
            }
            catch (Exception unanswered) when (unanswered is HttpRequestException or IOException or TaskCanceledException)
            {
                _ledger.Refused(path, unanswered.GetType().Name);
                return null;
            }
        }

        static bool IsProblem(HttpResponseMessage answer) => answer.Content.Headers.ContentType?.MediaType == "application/problem+json";
    }

    private void Acknowledged(string kind, long started)
    {
        Interlocked.Increment(ref _acknowledged);
        _latest.AddOrUpdate(kind, started, (_, latest) => Math.Max(latest, started));
    }

    /// <summary>Shorter when the load ends meanwhile.</summary>
    private async Task PauseAsync(TimeSpan pause) =>
        await Task.Delay(pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
