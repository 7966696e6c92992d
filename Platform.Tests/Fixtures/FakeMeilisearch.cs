using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.Tests.Fixtures;

/// <summary>
/// A server that speaks Meilisearch's documented HTTP API (v1), as far as Platform uses it, over real HTTP: keys, tasks that take a moment,
/// indexes and settings, documents, search with filters, facets, highlighting and cropping. What is not documented or malformed is answered
/// with the documented error, and noted in <see cref="Violations"/>. Its engine is simple: words, prefixes and typing errors over all
/// documents, one after the other.
/// </summary>
internal sealed partial class FakeMeilisearch : IAsyncDisposable
{
    public const string MasterKey = "a-master-key-of-a-test";

    private readonly object _gate = new();
    private readonly Dictionary<string, FakeIndex> _indexes = [];
    private readonly List<JsonObject> _tasks = [];
    private readonly WebApplication _server;
    private Task _work = Task.CompletedTask;
    private volatile string _fault = "";

    private FakeMeilisearch(WebApplication server) => _server = server;

    /// <summary>What was asked that the documentation does not allow.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

    /// <summary>The requests so far: method and path.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public string Endpoint => _server.Urls.Single();

    public string ConnectionString => $"Endpoint={Endpoint};MasterKey={MasterKey}";

    public static async Task<FakeMeilisearch> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(server => server.Limits.MaxRequestBodySize = 100_000_000);
        var app = builder.Build();
        var fake = new FakeMeilisearch(app);
        app.Run(fake.ServeAsync);
        await app.StartAsync();
        return fake;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
        await _work;
    }

    /// <summary>From now on: <c>error</c> answers 500, <c>hang</c> never answers, <c>fail</c> lets every task fail, and nothing ends it.</summary>
    public void Break(string fault) => _fault = fault;

    /// <summary>The settings of an index as they were sent.</summary>
    public JsonObject SettingsOf(string index)
    {
        lock (_gate)
        {
            return (JsonObject)_indexes[index].Settings.DeepClone();
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Requests.Enqueue($"{context.Request.Method} {path}");
        if (_fault == "hang")
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }
        JsonNode? answer;
        var status = 200;
        try
        {
            if (_fault == "error")
            {
                throw new Refusal(500, "internal", "An internal error has occurred.");
            }
            if (path == "/health")
            {
                answer = new JsonObject { ["status"] = "available" };
            }
            else
            {
                Authorize(context.Request);
                var body = await ReadAsync(context.Request);
                (status, answer) = Serve(context.Request, path.Trim('/').Split('/'), body);
            }
        }
        catch (Refusal refusal)
        {
            if (refusal.Status is not (404 or 500))
            {
                Violations.Enqueue($"{context.Request.Method} {path}: {refusal.Code}: {refusal.Message}");
            }
            status = refusal.Status;
            answer = refusal.Body;
        }
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer!.ToJsonString(), context.RequestAborted);
    }

    private static void Authorize(HttpRequest request)
    {
        var key = request.Headers.Authorization.ToString();
        if (key.Length == 0)
        {
            throw new Refusal(401, "missing_authorization_header",
                "The Authorization header is missing. It must use the bearer authorization method.");
        }
        if (key != $"Bearer {MasterKey}")
        {
            throw new Refusal(403, "invalid_api_key", "The provided API key is invalid.");
        }
    }

    private static async Task<JsonNode?> ReadAsync(HttpRequest request)
    {
        if (request.Method is "GET" or "DELETE")
        {
            return null;
        }
        if (request.ContentType?.Split(';')[0] != "application/json")
        {
            throw new Refusal(415, "invalid_content_type", "The Content-Type is invalid. Accepted values: application/json");
        }
        try
        {
            return await JsonNode.ParseAsync(request.Body) ?? throw new Refusal(400, "missing_payload", "A json payload is missing.");
        }
        catch (JsonException malformed)
        {
            throw new Refusal(400, "malformed_payload", $"The json payload provided is malformed. `{malformed.Message}`.");
        }
    }

    private (int Status, JsonNode Answer) Serve(HttpRequest request, string[] path, JsonNode? body)
    {
        lock (_gate)
        {
            return (request.Method, path) switch
            {
                ("GET", ["version"]) => (200, new JsonObject { ["commitSha"] = "0", ["commitDate"] = "0", ["pkgVersion"] = "1.15.0" }),
                ("GET", ["stats"]) => (200, new JsonObject { ["databaseSize"] = 0, ["lastUpdate"] = null, ["indexes"] = new JsonObject() }),
                ("GET", ["tasks", var uid]) => (200, _tasks.ElementAtOrDefault(Number(uid))?.DeepClone()
                    ?? throw new Refusal(404, "task_not_found", $"Task `{uid}` not found.")),
                ("POST", ["indexes"]) => Create(body!),
                ("GET", ["indexes", var uid]) => (200, Find(uid).Describe(uid)),
                ("DELETE", ["indexes", var uid]) => Enqueue("indexDeletion", uid, () => _indexes.Remove(Existing(uid))),
                ("PATCH", ["indexes", var uid, "settings"]) => Change(uid, body!),
                ("GET", ["indexes", var uid, "settings"]) => (200, Find(uid).Settings.DeepClone()),
                ("POST", ["indexes", var uid, "documents"]) => Add(uid, body!),
                ("GET", ["indexes", var uid, "documents"]) => (200, List(Find(uid), request.Query)),
                ("GET", ["indexes", var uid, "documents", var id]) => (200, Find(uid).Documents.GetValueOrDefault(id)?.DeepClone()
                    ?? throw new Refusal(404, "document_not_found", $"Document `{id}` not found.")),
                ("POST", ["indexes", var uid, "documents", "delete-batch"]) => Delete(uid, body!),
                ("POST", ["indexes", var uid, "search"]) => (200, new FakeSearch(Find(uid)).Answer(body!)),
                ("GET", ["indexes", var uid, "stats"]) => (200, new JsonObject
                {
                    ["numberOfDocuments"] = Find(uid).Documents.Count, ["isIndexing"] = false, ["fieldDistribution"] = new JsonObject(),
                }),
                ("POST", ["swap-indexes"]) => Swap(body!),
                _ => throw new Refusal(400, "bad_request", "This fake has no such route."),
            };
        }
    }

    private FakeIndex Find(string uid) => _indexes.GetValueOrDefault(uid) ?? throw new Refusal(404, "index_not_found", $"Index `{uid}` not found.");

    private string Existing(string uid) => _indexes.ContainsKey(uid) ? uid : throw new Refusal(404, "index_not_found", $"Index `{uid}` not found.");

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new Refusal(400, "invalid_task_uids", $"`{text}` is not a number.");

    /// <summary>Tasks are done one after the other, each a moment later.</summary>
    private (int, JsonNode) Enqueue(string type, string? index, Action action)
    {
        var task = new JsonObject
        {
            ["uid"] = _tasks.Count, ["indexUid"] = index, ["status"] = "enqueued", ["type"] = type, ["canceledBy"] = null, ["details"] = null,
            ["error"] = null, ["duration"] = null, ["enqueuedAt"] = DateTime.UtcNow, ["startedAt"] = null, ["finishedAt"] = null,
        };
        _tasks.Add(task);
        _work = _work.ContinueWith(async _ =>
        {
            lock (_gate)
            {
                task["status"] = "processing";
                task["startedAt"] = DateTime.UtcNow;
            }
            await Task.Delay(3);
            lock (_gate)
            {
                try
                {
                    if (_fault == "fail")
                    {
                        throw new Refusal(500, "internal", "An internal error has occurred.");
                    }
                    action();
                    task["status"] = "succeeded";
                }
                catch (Refusal refusal)
                {
                    task["status"] = "failed";
                    task["error"] = refusal.Body;
                }
                task["finishedAt"] = DateTime.UtcNow;
            }
        }, TaskScheduler.Default).Unwrap();
        return (202, new JsonObject
        {
            ["taskUid"] = task["uid"]!.DeepClone(), ["indexUid"] = index, ["status"] = "enqueued", ["type"] = type,
            ["enqueuedAt"] = task["enqueuedAt"]!.DeepClone(),
        });
    }

    private (int, JsonNode) Create(JsonNode body)
    {
        Known(body, "index", "uid", "primaryKey");
        var uid = (string?)body["uid"] ?? throw new Refusal(400, "missing_index_uid", "Missing field `uid`");
        if (!UidPattern().IsMatch(uid))
        {
            throw new Refusal(400, "invalid_index_uid", $"`{uid}` is not a valid index uid.");
        }
        return Enqueue("indexCreation", uid, () =>
        {
            if (!_indexes.TryAdd(uid, new() { PrimaryKey = (string?)body["primaryKey"] }))
            {
                throw new Refusal(400, "index_already_exists", $"Index `{uid}` already exists.");
            }
        });
    }

    private (int, JsonNode) Change(string uid, JsonNode body)
    {
        Known(body, "settings", "displayedAttributes", "searchableAttributes", "filterableAttributes", "sortableAttributes", "rankingRules",
            "stopWords",
            "nonSeparatorTokens", "separatorTokens", "dictionary", "synonyms", "distinctAttribute", "proximityPrecision", "typoTolerance", "faceting",
            "pagination", "embedders", "searchCutoffMs", "localizedAttributes", "facetSearch", "prefixSearch");
        foreach (var rule in body["rankingRules"]?.AsArray() ?? [])
        {
            if (!RankingRulePattern().IsMatch((string)rule!))
            {
                throw new Refusal(400, "invalid_settings_ranking_rules", $"`{rule}` ranking rule is invalid.");
            }
        }
        return Enqueue("settingsUpdate", uid, () =>
        {
            // An index that is not there is made.
            _indexes.TryAdd(uid, new());
            foreach (var (name, value) in body.AsObject())
            {
                _indexes[uid].Settings[name] = value?.DeepClone();
            }
        });
    }

    private (int, JsonNode) Add(string uid, JsonNode body)
    {
        if (body is not JsonArray documents)
        {
            documents = [body.DeepClone()];
        }
        return Enqueue("documentAdditionOrUpdate", uid, () =>
        {
            _indexes.TryAdd(uid, new() { PrimaryKey = "id" });
            var key = _indexes[uid].PrimaryKey ?? "id";
            foreach (var document in documents)
            {
                var id = document is JsonObject ? (string?)document[key] : null;
                if (id is null || !DocumentIdPattern().IsMatch(id))
                {
                    throw new Refusal(400, "invalid_document_id", $"Document identifier `{id}` is invalid.");
                }
            }
            foreach (var document in documents)
            {
                _indexes[uid].Documents[(string)document![key]!] = (JsonObject)document.DeepClone();
            }
        });
    }

    private (int, JsonNode) Delete(string uid, JsonNode body)
    {
        if (body is not JsonArray ids || ids.Any(id => id is not JsonValue))
        {
            throw new Refusal(400, "malformed_payload", "An array of ids is expected.");
        }
        return Enqueue("documentDeletion", uid, () =>
        {
            Existing(uid);
            foreach (var id in ids)
            {
                _indexes[uid].Documents.Remove((string)id!);
            }
        });
    }

    private static JsonObject List(FakeIndex index, IQueryCollection query)
    {
        foreach (var name in query.Keys.Except(["offset", "limit", "fields", "filter", "ids", "retrieveVectors", "sort"]))
        {
            throw new Refusal(400, "bad_request", $"Unknown parameter `{name}`");
        }
        var (offset, limit) = (Number(query["offset"].FirstOrDefault() ?? "0"), Number(query["limit"].FirstOrDefault() ?? "20"));
        return new()
        {
            ["results"] = new JsonArray([.. index.Documents.Values.Skip(offset).Take(limit).Select(document => document.DeepClone())]),
            ["offset"] = offset, ["limit"] = limit, ["total"] = index.Documents.Count,
        };
    }

    private (int, JsonNode) Swap(JsonNode body)
    {
        foreach (var swap in body as JsonArray ?? throw new Refusal(400, "malformed_payload", "An array is expected."))
        {
            Known(swap!, "swap", "indexes", "rename");
            if (swap!["indexes"] is not JsonArray { Count: 2 })
            {
                throw new Refusal(400, "invalid_swap_indexes", "Two indexes must be given for each swap.");
            }
        }
        return Enqueue("indexSwap", null, () =>
        {
            foreach (var swap in body.AsArray())
            {
                var (a, b) = (Existing((string)swap!["indexes"]![0]!), Existing((string)swap["indexes"]![1]!));
                (_indexes[a], _indexes[b]) = (_indexes[b], _indexes[a]);
            }
        });
    }

    internal static void Known(JsonNode body, string what, params string[] names)
    {
        foreach (var (name, _) in body as JsonObject ?? throw new Refusal(400, "bad_request", "An object is expected."))
        {
            if (!names.Contains(name))
            {
                throw new Refusal(400, "bad_request", $"Unknown field `{name}` of {what}: expected one of {string.Join(", ", names)}");
            }
        }
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{1,400}$")]
    private static partial Regex UidPattern();

    [GeneratedRegex("^[A-Za-z0-9_-]{1,511}$")]
    private static partial Regex DocumentIdPattern();

    [GeneratedRegex("^(words|typo|proximity|attribute|sort|exactness|[a-z_]+:(asc|desc))$")]
    private static partial Regex RankingRulePattern();

    /// <summary>An error as Meilisearch has it.</summary>
    internal sealed class Refusal(int status, string code, string message) : Exception(message)
    {
        public int Status => status;

        public string Code => code;

        public JsonObject Body => new()
        {
            ["message"] = Message, ["code"] = code, ["type"] = status == 500 ? "internal" : status is 401 or 403 ? "auth" : "invalid_request",
            ["link"] = $"https://docs.meilisearch.com/errors#{code}",
        };
    }

    internal sealed class FakeIndex
    {
        public string? PrimaryKey { get; init; }

        public Dictionary<string, JsonObject> Documents { get; } = [];

        public JsonObject Settings { get; } = [];

        public IEnumerable<string> List(string setting) => Settings[setting]?.AsArray().Select(value => (string)value!) ?? [];

        public JsonObject Describe(string uid) => new()
        {
            ["uid"] = uid, ["createdAt"] = DateTime.UnixEpoch, ["updatedAt"] = DateTime.UnixEpoch, ["primaryKey"] = PrimaryKey,
        };
    }
}
