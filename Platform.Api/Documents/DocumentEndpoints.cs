using Npgsql;
using Platform.Api.Audit;
using Platform.Api.Contacts;
using Platform.Api.Documents.Extraction;
using Platform.Api.Documents.Processing;
using Platform.Api.OpenApi;
using Platform.Api.Requests;
using Platform.Api.Search;
using Platform.Api.Security;
using Platform.Api.Storage;

namespace Platform.Api.Documents;

internal static class DocumentEndpoints
{
    /// <summary>Adds the documents with all that they go through: the store, the reader, the queue and the index.</summary>
    public static void AddDocuments(this IHostApplicationBuilder builder)
    {
        builder.AddObjectStore();
        builder.AddExtraction();
        builder.AddProcessing();
        builder.AddSearch();
        builder.Services.AddOptions<DocumentOptions>().BindConfiguration(DocumentOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<LinkOptions>().BindConfiguration(LinkOptions.Section)
            .Validate(
                links => links.SigningKey is null or { Length: 0 or >= LinkOptions.MinKeyLength },
                $"{LinkOptions.Section}:SigningKey must have {LinkOptions.MinKeyLength} characters at least.")
            .ValidateOnStart();
        builder.Services.AddSingleton<DocumentStore>();
        builder.Services.AddActivatedSingleton<DocumentMetrics>();
        builder.Services.AddSingleton<DocumentContents>();
        builder.Services.AddSingleton<LinkToken>();
        builder.Services.AddSingleton<UploadEndpoint>();
        builder.Services.AddHostedService<DocumentSweeper>();
    }

    public static void MapDocuments(this IEndpointRouteBuilder app)
    {
        app.MapSearch();
        var documents = app.MapGroup("/documents").WithTags("Documents");
        documents.MapPost("/upload", (HttpContext context, UploadEndpoint upload) => upload.UploadAsync(context))
            .RequireScope(Scopes.Write)
            .WithName("UploadDocument")
            .WithSummary("Uploads a file of a contact: file, contact_id, document_type, and perhaps description and tags (separated by commas).")
            .Accepts<UploadFields>("multipart/form-data")
            .Produces<UploadReceipt>()
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status404NotFound)
            .ProducesValidationProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesValidationProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

        documents.MapGet("", ListAsync)
            .RequireScope(Scopes.Read)
            .WithName("ListDocuments")
            .WithSummary("A page of documents, newest first, by contact, type and status; those in the trash with trashed=true.")
            .WithQueryParameters(DocumentQuery.Parameters)
            .Produces<DocumentPage>()
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity);
        documents.MapGet("/{id:guid}", FindAsync)
            .RequireScope(Scopes.Read)
            .WithName("GetDocument")
            .WithSummary("A document, with what processing found out; one in the trash with trashed=true.")
            .Produces<Document>()
            .ProducesValidationProblem(StatusCodes.Status404NotFound);
        // HEAD is GET without its body, and in the description it would be the same operation twice.
        documents.MapMethods("/{id:guid}/content", [HttpMethods.Head], ContentAsync).RequireScope(Scopes.Read).ExcludeFromDescription();
        documents.MapGet("/{id:guid}/content", ContentAsync)
            .RequireScope(Scopes.Read)
            .WithName("GetDocumentContent")
            .WithSummary("The bytes, whole or in ranges; with disposition=inline to be shown, where that is safe.")
            .ProducesContent()
            .ProducesValidationProblem(StatusCodes.Status404NotFound)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity);
        documents.MapPatch("/{id:guid}", ChangeAsync)
            .RequireScope(Scopes.Write)
            .WithName("ChangeDocument")
            .WithSummary("Changes type, description or tags.")
            .Produces<Document>()
            .ProducesValidationProblem(StatusCodes.Status404NotFound)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity);
        documents.MapDelete("/{id:guid}", DeleteAsync)
            .RequireScope(Scopes.Write)
            .WithName("DeleteDocument")
            .WithSummary("Puts a document into the trash for 30 days; with purge=true deletes one in the trash for good.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesValidationProblem(StatusCodes.Status404NotFound);
        documents.MapPost("/{id:guid}/restore", RestoreAsync)
            .RequireScope(Scopes.Write)
            .WithName("RestoreDocument")
            .WithSummary("Takes a document out of the trash.")
            .Produces<Document>()
            .ProducesValidationProblem(StatusCodes.Status404NotFound);
        documents.MapPost("/{id:guid}/reprocess", ReprocessAsync)
            .RequireScope(Scopes.Write)
            .WithName("ReprocessDocument")
            .WithSummary("Reads and analyses a document again.")
            .Produces<RequestedTask>(StatusCodes.Status202Accepted)
            .ProducesValidationProblem(StatusCodes.Status404NotFound);
        documents.MapPost("/{id:guid}/links", LinkEndpoints.CreateAsync)
            .RequireScope(Scopes.Write)
            .WithName("CreateDocumentLink")
            .WithSummary("A link that opens the document without a key, for expires_in seconds (a day).")
            .Produces<DocumentLink>()
            .ProducesValidationProblem(StatusCodes.Status404NotFound)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        app.MapMethods("/d/{token}", [HttpMethods.Head], LinkEndpoints.OpenAsync).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/d/{token}", LinkEndpoints.OpenAsync)
            .AllowAnonymous()
            .WithTags("Documents")
            .WithName("OpenDocumentLink")
            .WithSummary("The bytes of the document that the link is for.")
            .ProducesContent()
            .Produces(StatusCodes.Status302Found)
            .ProducesValidationProblem(StatusCodes.Status404NotFound)
            .ProducesValidationProblem(StatusCodes.Status410Gone);

        app.MapGet("/contacts/{id}/documents", OfContactAsync)
            .RequireScope(Scopes.Read)
            .WithTags("Documents")
            .WithName("ListDocumentsOfContact")
            .WithSummary("A page of a contact's documents, newest first.")
            .WithQueryParameters("document_type", "status", "cursor", "limit")
            .Produces<ContactDocuments>()
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status404NotFound)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity);
    }

    internal static IResult NotFound(string field = "id") => RequestProblems.Invalid(
        new Dictionary<string, string[]> { [field] = ["is not the id of a document"] }, StatusCodes.Status404NotFound);

    private static async Task<IResult> ListAsync(HttpRequest request, DocumentStore store, CancellationToken cancellationToken)
    {
        var (query, errors, status) = DocumentQuery.Parse(request.Query);
        return query is null
            ? RequestProblems.Invalid(errors, status)
            : TypedResults.Json(await store.ListAsync(query, cancellationToken), DocumentJson.Default.DocumentPage);
    }

    private static async Task<IResult> OfContactAsync(string id, HttpRequest request, DocumentStore store, CancellationToken cancellationToken)
    {
        var (query, errors, status) = DocumentQuery.Parse(request.Query);
        if (query is null)
        {
            return RequestProblems.Invalid(errors, status);
        }
        if (!ContactId.IsPossible(id) || await store.CountOfContactAsync(id, cancellationToken) is not { } count)
        {
            return RequestProblems.Invalid(
                new Dictionary<string, string[]> { ["id"] = ["is not the id of a contact"] }, StatusCodes.Status404NotFound);
        }
        var page = await store.ListAsync(query with { ContactId = id, IsTrashed = false }, cancellationToken);
        return TypedResults.Json(new ContactDocuments(id, page.Documents, count, page.NextCursor), DocumentJson.Default.ContactDocuments);
    }

    private static async Task<IResult> FindAsync(Guid id, bool? trashed, DocumentStore store, CancellationToken cancellationToken) =>
        await store.FindAsync(id, trashed == true, cancellationToken) is { } document
            ? TypedResults.Json(document, DocumentJson.Default.Document)
            : NotFound();

    private static async Task<IResult> ContentAsync(
        Guid id, string? disposition, HttpContext context, DocumentStore store, DocumentContents contents, CancellationToken cancellationToken)
    {
        if (disposition is not (null or "attachment" or "inline"))
        {
            return RequestProblems.Invalid(new Dictionary<string, string[]> { ["disposition"] = ["must be attachment or inline"] });
        }
        if (await store.FindAsync(id, isTrashed: false, cancellationToken) is not { } document)
        {
            return NotFound();
        }
        // To be asked about each time: the document may be in the trash by then.
        context.Response.Headers.CacheControl = "private, no-cache, no-transform";
        return await contents.OpenAsync(context, document, disposition == "inline", cancellationToken);
    }

    private static async Task<IResult> ChangeAsync(
        Guid id, DocumentChanges changes, HttpContext context, DocumentStore store, CancellationToken cancellationToken)
    {
        var errors = new Dictionary<string, string[]>();
        var documentType = changes.DocumentType is null ? null : Check(DocumentFields.DocumentType, changes.DocumentType);
        var description = changes.Description is null ? null : Check(DocumentFields.Description, changes.Description);
        string? tagError = null;
        var tags = changes.Tags is null ? null : DocumentFields.CheckTags(changes.Tags, out tagError);
        if (tagError is not null)
        {
            errors[UploadForm.Tags] = [tagError];
        }
        if (errors.Count > 0)
        {
            return RequestProblems.Invalid(errors);
        }
        var changed = await store.ChangeAsync(
            id, documentType, description, tags, document => Then(context, document, "document.changed", "index"), cancellationToken);
        return changed is null ? NotFound() : TypedResults.Json(changed, DocumentJson.Default.Document);

        string Check(TextField field, string sent)
        {
            var (value, error) = field.Check(sent);
            if (error is not null)
            {
                errors[field.Name] = [error];
            }
            return value;
        }
    }

    private static async Task<IResult> DeleteAsync(
        Guid id, bool? purge, HttpContext context, DocumentStore store, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        if (purge != true)
        {
            var trashed = await store.TrashAsync(id, document => Then(context, document, "document.trashed", "unindex"), cancellationToken);
            return trashed is null ? NotFound() : TypedResults.NoContent();
        }
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { DocumentErasure.OfTrashed(id, context.Actor()) } };
        if (await batch.ExecuteScalarAsync(cancellationToken) is null)
        {
            return RequestProblems.Invalid(
                new Dictionary<string, string[]> { ["id"] = ["is not the id of a document in the trash"] }, StatusCodes.Status404NotFound);
        }
        await using var audit = new NpgsqlBatch(connection) { BatchCommands = { AuditLog.Entry(context, "document.purged", Subject(id)) } };
        await audit.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> RestoreAsync(Guid id, HttpContext context, DocumentStore store, CancellationToken cancellationToken)
    {
        var restored = await store.RestoreAsync(id, document => Then(context, document, "document.restored", "index"), cancellationToken);
        return restored is null
            ? RequestProblems.Invalid(
                new Dictionary<string, string[]> { ["id"] = ["is not the id of a document in the trash"] }, StatusCodes.Status404NotFound)
            : TypedResults.Json(restored, DocumentJson.Default.Document);
    }

    private static async Task<IResult> ReprocessAsync(Guid id, HttpContext context, DocumentStore store, CancellationToken cancellationToken)
    {
        return await store.ReprocessAsync(id, document => Then(context, document, "document.reprocessed", "process"), cancellationToken) is not null
            && await store.FindTaskAsync("process", id, cancellationToken) is { } task
                ? TypedResults.Json(task, DocumentJson.Default.RequestedTask, statusCode: StatusCodes.Status202Accepted)
                : NotFound();
    }

    /// <summary>What follows from every change, in its transaction.</summary>
    /// <param name="task">The work that it makes.</param>
    private static IEnumerable<NpgsqlBatchCommand> Then(HttpContext context, Document document, string action, string task) =>
    [
        DocumentStore.Enqueue(task, document.Id, context.Actor()),
        DocumentStore.RefreshInsights(document.ContactId),
        AuditLog.Entry(context, action, Subject(document.Id), new Dictionary<string, string> { ["contact_id"] = document.ContactId }),
    ];

    private static string Subject(Guid id) => $"document:{id}";

    /// <summary>Bytes, with the ranges and conditions of RFC 9110.</summary>
    private static RouteHandlerBuilder ProducesContent(this RouteHandlerBuilder endpoint) => endpoint
        .Produces(StatusCodes.Status200OK, contentType: "application/octet-stream")
        .Produces(StatusCodes.Status206PartialContent, contentType: "application/octet-stream")
        .Produces(StatusCodes.Status304NotModified)
        .ProducesProblem(StatusCodes.Status412PreconditionFailed)
        .ProducesProblem(StatusCodes.Status416RangeNotSatisfiable);
}
