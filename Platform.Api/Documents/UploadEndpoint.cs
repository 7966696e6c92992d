using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Idempotency;
using Platform.Api.Requests;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Documents;

/// <summary>
/// POST /documents/upload. An upload that was acknowledged is in the store and in the database; of one that failed nothing is left: its key
/// is in unreferenced_objects from before the first byte until the transaction that adds the document.
/// </summary>
internal sealed partial class UploadEndpoint(
    NpgsqlDataSource database,
    IObjectStore store,
    UnreferencedObjects unreferenced,
    DocumentStore documents,
    IdempotencyKeys idempotency,
    DocumentMetrics metrics,
    IOptions<DocumentOptions> options,
    TimeProvider time,
    ILogger<UploadEndpoint> logger)
{
    private const string Operation = "POST /documents/upload";
    private const string ContactConstraint = "documents_contact_id_fkey";

    private static readonly TimeSpan CleanupTimeout = TimeSpan.FromSeconds(10);

    private readonly DocumentOptions _options = options.Value;

    public async Task<IResult> UploadAsync(HttpContext context)
    {
        if (!IdempotencyKeys.TryRead(context.Request, out var key))
        {
            return IdempotencyKeys.Invalid();
        }
        var upload = new Upload(Guid.CreateVersion7(time.GetUtcNow()));
        string? documentType = null;
        var status = DocumentMetrics.Error;
        try
        {
            var limit = _options.MaxUploadBytes + UploadForm.MaxFrameBytes;
            // File and fields are counted as they come. The server discards the rest of a refused body up to here, for some seconds, so that
            // clients that send on meanwhile hear why.
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = 2 * limit;
            if (context.Request.ContentLength > limit)
            {
                throw UploadRefusedException.TooLarge(_options.MaxUploadBytes);
            }
            var form = await UploadForm.ReadAsync(
                context.Request, (name, content) => StoreAsync(upload, name, content, context.RequestAborted), context.RequestAborted);
            documentType = form.DocumentType;
            var answer = await AddAsync(context, upload, form, key, context.RequestAborted);
            status = DocumentMetrics.Success;
            return answer;
        }
        catch (UploadRefusedException refused)
        {
            status = DocumentMetrics.Rejected;
            return RequestProblems.Invalid(refused.Errors, refused.Status);
        }
        catch (Exception left) when (left is BadHttpRequestException || context.RequestAborted.IsCancellationRequested)
        {
            // The client has stopped half-way, or is too slow.
            status = DocumentMetrics.Rejected;
            throw;
        }
        finally
        {
            metrics.Uploaded(documentType, status);
            if (upload is { IsBegun: true, IsReferenced: false })
            {
                await TryDeleteAsync(upload.Key);
            }
        }
    }

    /// <summary>Looks at the beginning of the file, and stores it if it is what its name says.</summary>
    private async Task StoreAsync(Upload upload, string sentName, Stream content, CancellationToken cancellationToken)
    {
        upload.Name = FileName.Clean(sentName);
        if (!FileType.TryGet(FileName.Extension(upload.Name), out var type))
        {
            throw new UploadRefusedException(
                StatusCodes.Status415UnsupportedMediaType, UploadForm.File, $"must be one of {string.Join(' ', FileType.Extensions.Order())}");
        }
        var head = new byte[FileType.HeadSize];
        var read = await content.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
        Array.Resize(ref head, read);
        if (read == 0)
        {
            throw new UploadRefusedException(StatusCodes.Status422UnprocessableEntity, UploadForm.File, "must not be empty");
        }
        if (!type.Matches(head))
        {
            throw new UploadRefusedException(
                StatusCodes.Status415UnsupportedMediaType, UploadForm.File, $"is not what its name says: its content is not {type.Extension}");
        }
        upload.Type = type;
        await unreferenced.AddAsync(upload.Key, _options.UploadTimeout, cancellationToken);
        upload.IsBegun = true;
        await using var measured = new MeasuredContent(head, content, _options.MaxUploadBytes);
        await store.PutAsync(upload.Key, measured, type.ContentType, cancellationToken);
        (upload.Size, upload.Sha256) = (measured.Size, measured.GetHash());
    }

    private async Task<IResult> AddAsync(
        HttpContext context, Upload upload, UploadForm form, string? idempotencyKey, CancellationToken cancellationToken)
    {
        var scope = IdempotencyKeys.Scope(context, Operation);
        var sha256 = Convert.ToHexStringLower(upload.Sha256);
        var fingerprint = IdempotencyKeys.Fingerprint(
            [form.ContactId, form.DocumentType, form.Description, upload.Name, sha256, .. form.TagList]);
        if (idempotencyKey is not null && await idempotency.FindAsync(scope, idempotencyKey, cancellationToken) is { } before)
        {
            return Again(before, fingerprint);
        }
        var (duplicateOf, name) = await documents.LookUpAsync(upload.Sha256, upload.Size, upload.Name, cancellationToken);
        var now = time.GetUtcNow().UtcDateTime;
        var receipt = new UploadReceipt(
            upload.Id,
            // The composed form may be longer.
            FileName.Clean(name),
            upload.Size,
            upload.Type.ContentType,
            now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond)),
            "pending",
            form.ContactId,
            upload.Key,
            sha256,
            duplicateOf);
        var answer = new StoredAnswer(
            fingerprint,
            StatusCodes.Status200OK,
            $"/documents/{upload.Id}",
            JsonSerializer.Serialize(receipt, DocumentJson.Default.UploadReceipt));

        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(UnreferencedObjects.Reference(upload.Key));
        batch.BatchCommands.Add(DocumentStore.Insert(receipt, upload.Type.Extension, form.DocumentType, form.Description, form.TagList));
        batch.BatchCommands.Add(DocumentStore.Enqueue("process", upload.Id, context.Actor()));
        batch.BatchCommands.Add(AuditLog.Entry(
            context, "document.uploaded", $"document:{upload.Id}", new Dictionary<string, string> { ["contact_id"] = form.ContactId }));
        if (idempotencyKey is not null)
        {
            IdempotencyKeys.AddTo(batch, scope, idempotencyKey, answer);
        }
        try
        {
            // Not with the client's token: that the transaction was cancelled does not mean that it was not committed.
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
            upload.IsReferenced = true;
            return answer;
        }
        catch (PostgresException unknown) when (unknown is { SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: ContactConstraint })
        {
            throw new UploadRefusedException(
                StatusCodes.Status404NotFound, DocumentFields.ContactId.Name, "is not the id of a contact");
        }
        catch (PostgresException late) when (UnreferencedObjects.IsTooLate(late))
        {
            throw new ServiceUnavailableException("upload, which took too long,", TimeSpan.FromSeconds(1), late);
        }
        catch (PostgresException taken) when (idempotencyKey is not null && IdempotencyKeys.IsTaken(taken))
        {
            var first = await idempotency.FindAsync(scope, idempotencyKey, cancellationToken);
            return first is null ? IdempotencyKeys.Reused() : Again(first, fingerprint);
        }
    }

    private static IResult Again(StoredAnswer before, byte[] fingerprint) => before.Answers(fingerprint) ? before : IdempotencyKeys.Reused();

    /// <summary>
    /// Deletes the object of an upload that failed, unless its transaction was committed although we were not told. What cannot be deleted
    /// now the sweeper deletes later.
    /// </summary>
    private async Task TryDeleteAsync(string key)
    {
        // Not with the token of a client that has left.
        using var limit = new CancellationTokenSource(CleanupTimeout);
        try
        {
            await unreferenced.DeleteAsync(key, limit.Token);
        }
        catch (Exception away) when (away is ServiceUnavailableException or NpgsqlException or OperationCanceledException or TimeoutException)
        {
            LogLeft(key, away.GetType().Name);
        }
    }

    [LoggerMessage(
        LogLevel.Warning, "The object {Key} of an upload that failed is left to be deleted later ({Cause})", EventName = "UploadedObjectLeft")]
    private partial void LogLeft(string key, string cause);

    /// <summary>One upload on its way.</summary>
    private sealed class Upload(Guid id)
    {
        public Guid Id { get; } = id;

        public string Key { get; } = $"documents/{id:n}";

        public string Name { get; set; } = "";

        public FileType Type { get; set; } = null!;

        public long Size { get; set; }

        public byte[] Sha256 { get; set; } = [];

        /// <summary>Something may be in the store.</summary>
        public bool IsBegun { get; set; }

        /// <summary>A document refers to it.</summary>
        public bool IsReferenced { get; set; }
    }
}
