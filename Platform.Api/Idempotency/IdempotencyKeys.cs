using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using NpgsqlTypes;
using Platform.Api.Audit;
using Platform.Api.Requests;

namespace Platform.Api.Idempotency;

/// <summary>
/// The header <c>Idempotency-Key</c>: for 24 hours the same key with the same request gives the first answer again, and nothing is done
/// twice. The answer is stored in the transaction of what it tells of, so that a client that never saw it can ask again.
/// </summary>
/// <remarks>
/// To use it: <see cref="TryRead"/>; <see cref="FindAsync"/>, and give a <see cref="StoredAnswer"/> again or refuse; else do the work with
/// <see cref="AddTo"/> in its batch, and when that throws what <see cref="IsTaken"/> knows, another request was faster: find again.
/// </remarks>
internal sealed class IdempotencyKeys(NpgsqlDataSource database)
{
    public const string HeaderName = "Idempotency-Key";
    public const int MaxLength = 255;

    /// <summary>The condition of the rows whose time is over.</summary>
    public const string Expired = $"created_at <= now() - {Lifetime}";

    private const string Lifetime = "interval '24 hours'";

    /// <summary>The key of the request, null without one. False when the header is no key: 1 to 255 visible ASCII characters, once.</summary>
    public static bool TryRead(HttpRequest request, out string? key)
    {
        var sent = request.Headers[HeaderName];
        key = sent.Count == 1 ? sent[0] : null;
        return sent.Count == 0 || key is { Length: > 0 and <= MaxLength } && key.All(c => c is >= '!' and <= '~');
    }

    /// <summary>The answer to a request whose key <see cref="TryRead"/> refused.</summary>
    public static IResult Invalid() => RequestProblems.Invalid(
        new Dictionary<string, string[]> { [HeaderName] = [$"must be 1 to {MaxLength} visible ASCII characters, once"] },
        StatusCodes.Status400BadRequest);

    /// <summary>The answer when the key came before with another request.</summary>
    public static IResult Reused() => RequestProblems.Invalid(
        new Dictionary<string, string[]> { [HeaderName] = ["was used with another request; use a new key for a new request"] });

    /// <summary>
    /// Two clients may choose the same key: it belongs to who sent it and to what was asked. Who that is tells the id of the API key, for
    /// two of those may have the same name.
    /// </summary>
    /// <param name="operation">The endpoint, such as <c>POST /contact</c>.</param>
    public static string Scope(HttpContext context, string operation) =>
        $"{context.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? context.Actor()} {operation}";

    /// <summary>SHA-256 over what makes two requests the same one; each part counts with its length.</summary>
    public static byte[] Fingerprint(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }
        return hash.GetHashAndReset();
    }

    /// <summary>What was answered to the first request with the key; null when there was none in the last 24 hours.</summary>
    public async Task<StoredAnswer?> FindAsync(string scope, string key, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT fingerprint, status, location, body FROM idempotency_keys
            WHERE scope = $1 AND key = $2 AND NOT ({Expired})
            """);
        command.Parameters.Add(new() { Value = scope });
        command.Parameters.Add(new() { Value = key });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(reader.GetFieldValue<byte[]>(0), reader.GetInt32(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetString(3))
            : null;
    }

    /// <summary>Makes way for answers under keys whose time is over.</summary>
    public static NpgsqlBatchCommand DeleteExpired(IReadOnlyCollection<KeyedAnswer> answers) => new($"""
        DELETE FROM idempotency_keys USING unnest($1, $2) AS answer (scope, key)
        WHERE idempotency_keys.scope = answer.scope AND idempotency_keys.key = answer.key AND {Expired}
        """)
    {
        Parameters =
        {
            new NpgsqlParameter<string[]> { TypedValue = [.. answers.Select(answer => answer.Scope)] },
            new NpgsqlParameter<string[]> { TypedValue = [.. answers.Select(answer => answer.Key)] },
        },
    };

    /// <summary>Stores the answer with the batch that does the work.</summary>
    public static void AddTo(NpgsqlBatch batch, string scope, string key, StoredAnswer answer)
    {
        batch.BatchCommands.Add(DeleteExpired([new(scope, key, answer)]));
        batch.BatchCommands.Add(new(
            "INSERT INTO idempotency_keys (scope, key, fingerprint, status, location, body) VALUES ($1, $2, $3, $4, $5, $6)")
        {
            Parameters =
            {
                new() { Value = scope },
                new() { Value = key },
                new() { Value = answer.Fingerprint },
                new() { Value = answer.Status },
                new() { Value = (object?)answer.Location ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = answer.Body },
            },
        });
    }

    /// <summary>Whether the failure says that another request with the key has been served meanwhile.</summary>
    public static bool IsTaken(PostgresException failure) =>
        failure is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "idempotency_keys_pkey" };
}

/// <summary>An answer that is given again.</summary>
/// <param name="Body">JSON.</param>
internal sealed record StoredAnswer(byte[] Fingerprint, int Status, string? Location, string Body) : IResult
{
    public bool Answers(ReadOnlySpan<byte> fingerprint) => fingerprint.SequenceEqual(Fingerprint);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (Location is not null)
        {
            httpContext.Response.Headers.Location = Location;
        }
        return Results.Text(Body, "application/json", statusCode: Status).ExecuteAsync(httpContext);
    }
}

/// <summary>An answer with the key under which it is stored.</summary>
internal sealed record KeyedAnswer(string Scope, string Key, StoredAnswer Answer);
