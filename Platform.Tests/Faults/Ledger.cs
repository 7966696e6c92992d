using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace Platform.Tests.Faults;

/// <summary>What became of a document, as far as its client knows.</summary>
internal enum DocumentFate
{
    /// <summary>It is there, and nobody has asked for anything else.</summary>
    Kept,

    /// <summary>A deletion was not acknowledged: it may be anywhere.</summary>
    Unknown,

    /// <summary>In the trash.</summary>
    Trashed,

    /// <summary>Gone for good.</summary>
    Purged,
}

/// <summary>A document that a client has sent.</summary>
/// <param name="Key">Its Idempotency-Key and its description.</param>
/// <param name="Bytes">The file.</param>
internal sealed record LedgerDocument(string Key, byte[] Bytes)
{
    /// <summary>The id of the acknowledgement; null while there is none.</summary>
    public Guid? Id { get; set; }

    public DocumentFate Fate { get; set; }
}

/// <summary>What the clients of a load have sent, and everything that was acknowledged to them.</summary>
internal sealed class Ledger
{
    private readonly string _run = Guid.NewGuid().ToString("n");
    private readonly ConcurrentDictionary<string, (string Id, long Visitor)?> _contacts = new();
    private readonly ConcurrentDictionary<string, long?> _visits = new();
    private readonly ConcurrentQueue<LedgerDocument> _documents = new();
    private readonly ConcurrentDictionary<(string Path, string How), int> _refusals = new();
    private readonly ConcurrentQueue<string> _surprises = new();
    private int _sent;

    /// <summary>The contact whose documents are uploaded.</summary>
    public string? Contact { get; set; }

    /// <summary>The ids of all contacts that were acknowledged.</summary>
    public IEnumerable<string> Contacts => _contacts.Values.Where(receipt => receipt is not null).Select(receipt => receipt!.Value.Id);

    /// <summary>How often clients were told to come back, or were told nothing.</summary>
    public int Refusals => _refusals.Values.Sum();

    /// <summary>The same of one path.</summary>
    public int RefusalsOf(string path) => _refusals.Where(refusal => refusal.Key.Path == path).Sum(refusal => refusal.Value);

    public string Submitting()
    {
        var key = NewKey();
        _contacts[key] = null;
        return key;
    }

    public void Submitted(string key, string id, long visitor)
    {
        if (_contacts[key] is { } before && before != (id, visitor))
        {
            Surprised($"The submission {key} was acknowledged as {before} and as {(id, visitor)}.");
        }

        _contacts[key] = (id, visitor);
    }

    public string Visiting()
    {
        var page = NewKey();
        _visits[page] = null;
        return page;
    }

    public void Visited(string page, long visitor) => _visits[page] = visitor;

    /// <summary>Text, and PDF, gets an end of its own, so that no two are the same; zip and JSON stay as they are.</summary>
    public LedgerDocument Uploading(byte[] bytes)
    {
        var key = NewKey();
        var isText = bytes[0] is not ((byte)'P' or (byte)'{');
        var document = new LedgerDocument(key, isText ? [.. bytes, .. Encoding.ASCII.GetBytes($"\n% {key}\n")] : bytes);
        _documents.Enqueue(document);
        return document;
    }

    public void Refused(string path, string how) => _refusals.AddOrUpdate((path, how), 1, (_, count) => count + 1);

    /// <summary>An answer that no fault excuses.</summary>
    public void Surprised(string answer) => _surprises.Enqueue(answer);

    public override string ToString() =>
        $"{_contacts.Values.Count(receipt => receipt is not null)} of {_contacts.Count} submissions, "
        + $"{_visits.Values.Count(visitor => visitor is not null)} of {_visits.Count} visits and "
        + $"{_documents.Count(document => document.Id is not null)} of {_documents.Count} uploads were acknowledged; not: "
        + string.Join(", ", _refusals.Select(refusal => $"{refusal.Key.Path} {refusal.Key.How} {refusal.Value} times"));

    /// <summary>
    /// Everything that was acknowledged is there exactly once and as it was sent, and everything else once or not at all. Once the queues are
    /// empty, all that is derived agrees with it: tasks have ended, mail is sent, the index, the audit log, the insights and the folder of the
    /// objects have what the documents have, and no more.
    /// </summary>
    public async Task AssertNothingLostAsync(FaultyPlatform platform)
    {
        Assert.Empty(_surprises);
        Assert.NotEmpty(Contacts);
        Assert.Contains(_documents, document => document.Id is not null);
        Assert.Contains(_visits.Values, visitor => visitor is not null);
        await using var database = NpgsqlDataSource.Create(platform.Database + ";Maximum Pool Size=2");
        await AssertContactsAsync(database);
        await AssertVisitsAsync(database);
        await AssertDocumentsAsync(database);
        await AssertWorkEndsAsync(database);
        await AssertReadableAsync(platform, database);
        await AssertObjectsAsync(database, platform.ObjectsDirectory);
    }

    private async Task AssertContactsAsync(NpgsqlDataSource database)
    {
        var rows = (await ReadAsync(database, "SELECT message, id FROM contact_submissions WHERE message LIKE $1 || '%'", _run))
            .ToLookup(row => (string)row[0], row => (string)row[1]);
        foreach (var (key, receipt) in _contacts)
        {
            if (receipt is { } acknowledged)
            {
                Assert.Equal([acknowledged.Id], rows[key]);
            }
            else
            {
                Assert.InRange(rows[key].Count(), 0, 1);
            }
        }
    }

    private async Task AssertVisitsAsync(NpgsqlDataSource database)
    {
        var rows = (await ReadAsync(
            database, "SELECT event_data ->> 'page' FROM analytics_events WHERE event_type = 'visit' AND event_data ->> 'page' LIKE $1 || '%'", _run))
            .ToLookup(row => (string)row[0]);
        foreach (var (page, visitor) in _visits)
        {
            Assert.InRange(rows[page].Count(), visitor is null ? 0 : 1, 1);
        }

        // Each has a value of the counter of its own, and what was counted is what was written.
        var values = _contacts.Values.Where(receipt => receipt is not null).Select(receipt => receipt!.Value.Visitor)
            .Concat(_visits.Values.Where(visitor => visitor is not null).Select(visitor => visitor!.Value)).ToList();
        Assert.Equal(values.Count, values.Distinct().Count());
        var counted = Assert.Single(await ReadAsync(database, """
            SELECT count, (SELECT count(*) FROM contact_submissions) + (SELECT count(*) FROM analytics_events WHERE event_type = 'visit')
            FROM website_visitors
            """));
        Assert.Equal(counted[1], counted[0]);
        Assert.InRange(values.Max(), 1, (long)counted[0]);
    }

    private async Task AssertDocumentsAsync(NpgsqlDataSource database)
    {
        var rows = (await ReadAsync(
            database, "SELECT description, id, sha256, deleted_at IS NOT NULL FROM documents WHERE description LIKE $1 || '%'", _run))
            .ToLookup(row => (string)row[0]);
        foreach (var document in _documents)
        {
            var found = rows[document.Key].ToList();
            if (document is { Id: not null, Fate: DocumentFate.Kept or DocumentFate.Trashed })
            {
                var row = Assert.Single(found);
                Assert.Equal(document.Id, row[1]);
                Assert.Equal(SHA256.HashData(document.Bytes), row[2]);
                Assert.Equal(document.Fate == DocumentFate.Trashed, row[3]);
            }
            else
            {
                Assert.InRange(found.Count, 0, document.Fate == DocumentFate.Purged ? 0 : 1);
            }
        }
    }

    /// <summary>Clients get the bytes that were sent, and find all documents outside the trash and no others.</summary>
    private async Task AssertReadableAsync(FaultyPlatform platform, NpgsqlDataSource database)
    {
        using var client = new HttpClient { BaseAddress = platform.Edge, DefaultRequestHeaders = { { "X-API-Key", platform.AppHost.ApiKey } } };
        await Parallel.ForEachAsync(
            _documents.Where(document => document is { Id: not null, Fate: DocumentFate.Kept }),
            new ParallelOptions { MaxDegreeOfParallelism = 4 },
            async (document, cancellationToken) =>
            {
                using var answer = await client.GetAsync($"/documents/{document.Id}/content", cancellationToken);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Equal(document.Bytes, await answer.Content.ReadAsByteArrayAsync(cancellationToken));
            });

        const int PageSize = 100;
        var ids = (await ReadAsync(database, "SELECT id FROM documents WHERE contact_id = $1 AND deleted_at IS NULL", Contact!))
            .Select(row => (Guid)row[0]).ToList();
        var found = new List<Guid>();
        for (var offset = 0; offset <= ids.Count; offset += PageSize)
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"/documents/search?contact_id={Contact}&limit={PageSize}&offset={offset}");
            found.AddRange(page.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("document_id").GetGuid()));
        }

        Assert.Equal(ids.Order(), found.Order());
    }

    private static async Task AssertWorkEndsAsync(NpgsqlDataSource database)
    {
        // What is left to do: each line is a query for what there should be none of once all is done.
        await BecomesEmptyAsync(database, "SELECT kind, state, last_error FROM document_tasks WHERE state NOT IN ('completed', 'failed')");
        await BecomesEmptyAsync(database, "SELECT id, attempts, last_error FROM outbox WHERE sent_at IS NULL");
        await BecomesEmptyAsync(database, "SELECT key FROM unreferenced_objects");

        // A task may fail for having been interrupted again and again, and says so; nothing else is a reason.
        Assert.Empty(await ReadAsync(database, """
            SELECT kind, last_error FROM document_tasks WHERE state = 'failed' AND last_error NOT LIKE 'Its processing was interrupted%'
            """));
        Assert.Empty(await ReadAsync(database, """
            SELECT id, processing_status, processing_note FROM documents
            WHERE processing_status <> 'completed'
                AND NOT (processing_status = 'failed' AND processing_note LIKE 'Its processing was interrupted%')
                -- Who was in the trash before its turn came need not be read.
                AND deleted_at IS NULL
            """));
        // Once each: the message to the owner, the entry in the audit log, the event when it was processed, the answer that is kept.
        Assert.Empty(await ReadAsync(database, """
            SELECT contact.id FROM contact_submissions AS contact LEFT JOIN outbox ON payload ->> 'contact_id' = contact.id
            GROUP BY contact.id HAVING count(outbox.id) <> 1
            """));
        Assert.Empty(await ReadAsync(database, """
            SELECT document.id FROM documents AS document
            LEFT JOIN audit_log ON action = 'document.uploaded' AND subject = 'document:' || document.id
            GROUP BY document.id HAVING count(audit_log.id) <> 1
            """));
        Assert.Empty(await ReadAsync(database, """
            SELECT event_data ->> 'document_id' FROM analytics_events WHERE event_type IN ('document_processed', 'document_failed')
            GROUP BY 1 HAVING count(*) <> 1
            """));
        Assert.Empty(await ReadAsync(database, """
            SELECT key FROM idempotency_keys WHERE scope LIKE '%POST /contact'
                AND NOT EXISTS (SELECT 1 FROM contact_submissions WHERE id = body::jsonb ->> 'contactId' AND message = key)
            """));
        // The contacts' insights have the documents outside the trash.
        Assert.Empty(await ReadAsync(database, """
            SELECT contact.id FROM contact_submissions AS contact
            WHERE coalesce((document_insights ->> 'total_documents')::bigint, 0)
                <> (SELECT count(*) FROM documents WHERE contact_id = contact.id AND deleted_at IS NULL)
            """));
    }

    /// <summary>There is a file for each document, in the trash or not, and no other file.</summary>
    private static async Task AssertObjectsAsync(NpgsqlDataSource database, string folder)
    {
        var keys = (await ReadAsync(database, "SELECT object_key FROM documents")).Select(row => Path.GetFileName((string)row[0]));
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(Path.GetFileName);
        Assert.Equal(keys.Order(StringComparer.Ordinal), files.Order(StringComparer.Ordinal));
    }

    private static async Task BecomesEmptyAsync(NpgsqlDataSource database, string sql)
    {
        List<object[]> rows = [];
        var deadline = TimeProvider.System.GetTimestamp();
        do
        {
            rows = await ReadAsync(database, sql);
            await Task.Delay(rows.Count == 0 ? 0 : 100);
        }
        while (rows.Count > 0 && TimeProvider.System.GetElapsedTime(deadline) < FaultyPlatform.Patience);

        Assert.Empty(rows);
    }

    private static async Task<List<object[]>> ReadAsync(NpgsqlDataSource database, string sql, params object[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        var rows = new List<object[]>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }

        return rows;
    }

    private string NewKey() => $"{_run}-{Interlocked.Increment(ref _sent)}";
}
