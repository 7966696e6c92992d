using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Requests;
using Platform.Api.Storage;

namespace Platform.Api.Documents;

/// <summary>Links that open a document without a key.</summary>
internal static class LinkEndpoints
{
    private const int MinSeconds = 60;
    private const int MaxSeconds = 4 * 7 * 24 * 60 * 60;
    private const int DefaultSeconds = 24 * 60 * 60;

    private static readonly TimeSpan RedirectLifetime = TimeSpan.FromSeconds(60);

    public static async Task<IResult> CreateAsync(
        Guid id, LinkRequest? request, HttpContext context, DocumentStore store, LinkToken links, NpgsqlDataSource database, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (!links.IsEnabled)
        {
            return TypedResults.Problem(
                "Links are not enabled: the setting Links:SigningKey is missing.", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
        var seconds = request?.ExpiresIn ?? DefaultSeconds;
        if (seconds is < MinSeconds or > MaxSeconds)
        {
            return RequestProblems.Invalid(
                new Dictionary<string, string[]> { ["expires_in"] = [$"must be {MinSeconds} to {MaxSeconds} seconds"] });
        }
        if (await store.FindAsync(id, isTrashed: false, cancellationToken) is null)
        {
            return DocumentEndpoints.NotFound();
        }
        // In whole seconds, as it is in the token.
        var expires = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds() + seconds);
        await using var audit = database.CreateBatch();
        audit.BatchCommands.Add(AuditLog.Entry(
            context, "document.linked", $"document:{id}", new Dictionary<string, string> { ["expires_at"] = expires.UtcDateTime.ToString("O") }));
        await audit.ExecuteNonQueryAsync(cancellationToken);
        return TypedResults.Json(new DocumentLink($"/d/{links.Create(id, expires)}", expires.UtcDateTime), DocumentJson.Default.DocumentLink);
    }

    public static async Task<IResult> OpenAsync(
        string token, HttpContext context, DocumentStore store, IObjectStore objects, DocumentContents contents, LinkToken links, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "private, no-store, no-transform";
        headers["Referrer-Policy"] = "no-referrer";
        headers["X-Robots-Tag"] = "noindex";
        if (!links.TryRead(token, out var id, out var expires))
        {
            return Invalid(StatusCodes.Status404NotFound, "is not a link to a document");
        }
        if (expires <= time.GetUtcNow())
        {
            return Invalid(StatusCodes.Status410Gone, "has expired");
        }
        if (await store.FindAsync(id, isTrashed: false, cancellationToken) is not { } document)
        {
            return Invalid(StatusCodes.Status404NotFound, "is not a link to a document");
        }
        var address = objects.Presign(document.ObjectKey, document.Filename, document.ContentType, RedirectLifetime);
        return address is null
            ? await contents.OpenAsync(context, document, inline: false, cancellationToken)
            : TypedResults.Redirect(address.AbsoluteUri);
    }

    private static ProblemHttpResult Invalid(int status, string error) =>
        RequestProblems.Invalid(new Dictionary<string, string[]> { ["token"] = [error] }, status);
}
