using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Platform.Api.Idempotency;
using Platform.Api.Requests;

namespace Platform.Api.Security;

internal static class ApiKeyEndpoints
{
    private const string Create = "POST /admin/keys";
    private const int MaxAttempts = 3;

    private static readonly TextField Name = new("name", 100, IsRequired: true);

    public static void MapApiKeys(this IEndpointRouteBuilder app)
    {
        var keys = app.MapGroup("/admin/keys").RequireScope(Scopes.Admin).WithTags("API keys");
        keys.MapGet("", ListAsync)
            .WithName("ListApiKeys")
            .WithSummary("All API keys, those in use first. The keys themselves are not kept.")
            .Produces<ApiKeyList>();
        keys.MapPost("", CreateAsync)
            .WithName("CreateApiKey")
            .WithSummary("Creates an API key. The answer is the only time that it is shown.")
            .Produces<NewApiKey>(StatusCodes.Status201Created)
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status409Conflict)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity);
        keys.MapDelete("/{id}", RevokeAsync)
            .WithName("RevokeApiKey")
            .WithSummary("Revokes an API key for good.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesValidationProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpResponse response, ApiKeyStore store, CancellationToken cancellationToken)
    {
        response.Headers.CacheControl = "no-store";
        return TypedResults.Json(new(await store.ListAsync(cancellationToken)), ApiKeyJson.Default.ApiKeyList);
    }

    private static async Task<IResult> CreateAsync(
        ApiKeyRequest request,
        HttpContext context,
        ApiKeyStore store,
        ApiKeys keys,
        IdempotencyKeys answers,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!IdempotencyKeys.TryRead(context.Request, out var idempotencyKey))
        {
            return IdempotencyKeys.Invalid();
        }
        var errors = new Dictionary<string, string[]>();
        var (name, error) = Name.Check(request.Name);
        if (error is not null || name == ApiKey.BootstrapName)
        {
            errors["name"] = [error ?? "is the name of the bootstrap key"];
        }
        var scopes = Scopes.All.Where(scope => request.Scopes?.Contains(scope) == true).ToArray();
        if (request.Scopes is null || scopes.Length == 0 || scopes.Length != request.Scopes.Count)
        {
            errors["scopes"] = [$"must be one or more of {string.Join(", ", Scopes.All)}, each once"];
        }
        if (errors.Count > 0)
        {
            return RequestProblems.Invalid(errors);
        }

        var holder = keys.SealingSecretOf(context);
        var (key, hash) = ApiKey.Generate();
        var created = new NewApiKey(Guid.CreateVersion7(), name, scopes, key, time.GetUtcNow().UtcDateTime);
        var location = $"/admin/keys/{created.Id}";
        var keyed = idempotencyKey is null ? null : new KeyedAnswer(
            IdempotencyKeys.Scope(context, Create),
            idempotencyKey,
            new(
                IdempotencyKeys.Fingerprint([name, .. scopes]),
                StatusCodes.Status201Created,
                location,
                // No key is in the database, not even for a day: this one opens for who asked for it.
                JsonSerializer.Serialize(
                    created with { Key = SealedSecret.Seal(key, holder, $"{Create} {idempotencyKey}") }, ApiKeyJson.Default.NewApiKey)));
        for (var attempt = 1; ; attempt++)
        {
            if (keyed is not null && await answers.FindAsync(keyed.Scope, keyed.Key, cancellationToken) is { } first)
            {
                if (!first.Answers(keyed.Answer.Fingerprint))
                {
                    return IdempotencyKeys.Reused();
                }
                var stored = JsonSerializer.Deserialize(first.Body, ApiKeyJson.Default.NewApiKey)!;
                return Created(first.Location!, stored with { Key = SealedSecret.Open(stored.Key, holder, $"{Create} {idempotencyKey}") });
            }
            try
            {
                if (!await store.AddAsync(created, hash, keyed, context, cancellationToken))
                {
                    return RequestProblems.Invalid(
                        new Dictionary<string, string[]> { ["keys"] = [$"{ApiKeyStore.MaxKeys} are in use; revoke one first"] },
                        StatusCodes.Status409Conflict);
                }
                await keys.ReloadAsync(cancellationToken);
                return Created(location, created);
            }
            catch (PostgresException taken) when (attempt < MaxAttempts && IdempotencyKeys.IsTaken(taken))
            {
                // Another request with the key was faster: its answer is there now.
            }
        }

        JsonHttpResult<NewApiKey> Created(string at, NewApiKey answer)
        {
            context.Response.Headers.Location = at;
            return TypedResults.Json(answer, ApiKeyJson.Default.NewApiKey, statusCode: StatusCodes.Status201Created);
        }
    }

    private static async Task<IResult> RevokeAsync(
        string id, HttpContext context, ApiKeyStore store, ApiKeys keys, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var keyId) || !await store.RevokeAsync(keyId, context, cancellationToken))
        {
            return RequestProblems.Invalid(
                new Dictionary<string, string[]> { ["id"] = ["is not the id of an API key"] }, StatusCodes.Status404NotFound);
        }
        await keys.ReloadAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>What POST /admin/keys takes.</summary>
/// <param name="Scopes"><c>read</c>, <c>write</c>, <c>admin</c>; none includes another.</param>
internal sealed record ApiKeyRequest(string? Name, IReadOnlyList<string?>? Scopes);

/// <summary>A key that was created.</summary>
/// <param name="Key">The key itself, which is not kept.</param>
internal sealed record NewApiKey(Guid Id, string Name, IReadOnlyList<string> Scopes, string Key, DateTime CreatedAt);

/// <summary>What is known of a key.</summary>
/// <param name="LastUsedAt">To the minute.</param>
internal sealed record ApiKeyDescription(
    Guid Id, string Name, IReadOnlyList<string> Scopes, DateTime CreatedAt, DateTime? LastUsedAt, DateTime? RevokedAt);

/// <summary>The answer of GET /admin/keys.</summary>
internal sealed record ApiKeyList(IReadOnlyList<ApiKeyDescription> Keys);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ApiKeyList))]
[JsonSerializable(typeof(NewApiKey))]
internal sealed partial class ApiKeyJson : JsonSerializerContext;
