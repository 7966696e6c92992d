using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Platform.Api.Database;
using Platform.Api.Idempotency;
using Platform.Api.Notifications;
using Platform.Api.OpenApi;
using Platform.Api.Requests;
using Platform.Api.Security;
using Platform.Api.Visitors;

namespace Platform.Api.Contacts;

internal static class ContactEndpoints
{
    private const string ThanksPage = "/contact-thanks.html";

    /// <summary>Of a submission whose Idempotency-Key is taken while it is being written.</summary>
    private const int MaxAttempts = 3;

    private static readonly TextField[] ChangeFields = [new("status", 50), new("notes", 5000, IsMultiLine: true)];

    /// <summary>Adds the contacts, and the mail that tells of them.</summary>
    public static void AddContacts(this IHostApplicationBuilder builder)
    {
        builder.AddNotifications();
        builder.Services.AddSingleton<ContactStore>();
        builder.Services.AddActivatedSingleton<ContactMetrics>();
        builder.Services.AddSingleton<ContactExport>();
        builder.Services.AddSingleton<SpamGuard>();
        builder.Services.AddOptions<ContactOptions>().BindConfiguration(ContactOptions.Section);
        builder.Services.AddSingleton(services => new GroupCommit<NewContact>(
            services.GetRequiredService<ContactStore>().AddAsync,
            services.GetRequiredService<DatabaseOptions>(),
            services.GetRequiredService<IMeterFactory>()));
    }

    public static void MapContacts(this IEndpointRouteBuilder app)
    {
        app.MapPost("/contact", SubmitAsync)
            .AllowAnonymous()
            .WithTags("Contacts")
            .WithName("SubmitContact")
            .WithSummary("Submits the contact form. The answer comes when the contact is in the database.")
            .Accepts<ContactRequest>("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
            .Produces<ContactReceipt>()
            .Produces(StatusCodes.Status303SeeOther)
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesValidationProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

        var contacts = app.MapGroup("/contacts").WithTags("Contacts");
        contacts.MapGet("", ListAsync)
            .RequireScope(Scopes.Read)
            .WithName("ListContacts")
            .WithSummary("A page of contacts, newest first, by status, source, text (q) and time (from inclusive, to exclusive); all of them "
                + "as a file when text/csv is accepted.")
            .WithQueryParameters(ContactQuery.Parameters)
            .Produces<ContactPage>(StatusCodes.Status200OK, "application/json", ContactCsv.ContentType)
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity);
        contacts.MapGet("/{id}", FindAsync)
            .RequireScope(Scopes.Read)
            .WithName("GetContact")
            .WithSummary("A contact.")
            .Produces<Contact>()
            .ProducesValidationProblem(StatusCodes.Status404NotFound);
        contacts.MapPatch("/{id}", ChangeAsync)
            .RequireScope(Scopes.Write)
            .WithName("ChangeContact")
            .WithSummary("Moves a contact on its way (new, contacted, closed, and back to contacted) and notes what there is to note.")
            .Accepts<ContactChangeRequest>("application/json")
            .Produces<Contact>()
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status404NotFound)
            .ProducesValidationProblem(StatusCodes.Status409Conflict)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity);
        contacts.MapDelete("/{id}", EraseAsync)
            .RequireScope(Scopes.Write)
            .WithName("EraseContact")
            .WithSummary("Erases a contact with its documents and everything else that is held about it.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesValidationProblem(StatusCodes.Status404NotFound);
        contacts.MapGet("/{id}/export", ExportAsync)
            .RequireScope(Scopes.Read)
            .WithName("ExportContact")
            .WithSummary("A zip file of everything that is held about a contact.")
            .Produces(StatusCodes.Status200OK, contentType: ContactExport.ContentType)
            .ProducesValidationProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> SubmitAsync(
        HttpContext context,
        GroupCommit<NewContact> writer,
        IdempotencyKeys answers,
        SpamGuard guard,
        VisitorCounter counter,
        ContactMetrics metrics,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (!IdempotencyKeys.TryRead(context.Request, out var key))
        {
            return IdempotencyKeys.Invalid();
        }
        var fields = await ContactFields.ReadAsync(context.Request, cancellationToken);
        var isPage = IsPage(context.Request);
        if (fields.Errors is not null)
        {
            // Only the names of our own fields can be in it, so there is nothing to escape.
            return isPage && fields.Status == StatusCodes.Status422UnprocessableEntity
                ? new SeeOther($"/contact.html?invalid={string.Join(',', fields.Errors.Keys)}")
                : RequestProblems.Invalid(fields.Errors, fields.Status);
        }
        var contact = NewContact.From(fields, time.GetUtcNow());
        if (guard.Judge(fields) is { } reason)
        {
            // Answered like any other, so that nobody learns from it.
            metrics.Spam(reason);
            return Receipt(await counter.ReadAsync().WaitAsync(cancellationToken) + 1);
        }
        if (key is not null)
        {
            contact = contact with { Answer = Keyed(context, key, fields, contact) };
        }
        for (var attempt = 1; ; attempt++)
        {
            if (contact.Answer is { } keyed && await answers.FindAsync(keyed.Scope, keyed.Key, cancellationToken) is { } first)
            {
                return !first.Answers(keyed.Answer.Fingerprint) ? IdempotencyKeys.Reused() : isPage ? new SeeOther(ThanksPage) : first;
            }
            try
            {
                var visitor = await writer.WriteAsync(contact, cancellationToken);
                metrics.Submitted(contact.Source, contact.Service);
                return Receipt(visitor);
            }
            catch (PostgresException taken) when (attempt < MaxAttempts && IdempotencyKeys.IsTaken(taken))
            {
                // Another request with the key was faster: its answer is there now.
            }
        }

        IResult Receipt(long visitor)
        {
            if (isPage)
            {
                return new SeeOther(ThanksPage);
            }
            context.Response.Headers.Location = LocationOf(contact);
            return TypedResults.Json(ReceiptOf(contact, visitor), ContactJson.Default.ContactReceipt);
        }
    }

    private static string LocationOf(NewContact contact) => "/contacts/" + contact.Id;

    private static ContactReceipt ReceiptOf(NewContact contact, long visitor) =>
        new("Contact form submitted successfully", contact.Id, contact.Timestamp, visitor, DocumentsCount: 0);

    /// <summary>The answer that is stored; the value of the counter is filled in by the statement that counts.</summary>
    private static KeyedAnswer Keyed(HttpContext context, string key, TextFields fields, NewContact contact) => new(
        IdempotencyKeys.Scope(context, "POST /contact"),
        key,
        new(
            IdempotencyKeys.Fingerprint([.. Enumerable.Range(0, ContactFields.Trap).Select(field => fields[field])]),
            StatusCodes.Status200OK,
            LocationOf(contact),
            JsonSerializer.Serialize(ReceiptOf(contact, visitor: 0), ContactJson.Default.ContactReceipt)));

    private static async Task<IResult> ListAsync(HttpRequest request, ContactStore store, CancellationToken cancellationToken)
    {
        var (query, errors, status) = ContactQuery.Parse(request.Query);
        return query is null ? RequestProblems.Invalid(errors, status)
            : Prefers(request, ContactCsv.ContentType) ? new ContactCsv(store, query)
            : TypedResults.Json(await store.ListAsync(query, cancellationToken), ContactJson.Default.ContactPage);
    }

    private static async Task<IResult> FindAsync(string id, ContactStore store, CancellationToken cancellationToken) =>
        ContactId.IsPossible(id) && await store.FindAsync(id, cancellationToken) is { } contact
            ? TypedResults.Json(contact, ContactJson.Default.Contact)
            : NotFound();

    private static async Task<IResult> ChangeAsync(string id, HttpContext context, ContactStore store, CancellationToken cancellationToken)
    {
        const int Status = 0, Notes = 1;
        var fields = await TextFields.ReadAsync(context.Request, ChangeFields, cancellationToken);
        if (fields.IsValid(Status) && fields[Status] is { Length: > 0 } next && !ContactStatus.IsKnown(next))
        {
            fields.Refuse(Status, "must be new, contacted or closed");
        }
        else if (fields.Errors is null && fields.IsSent(Status) && fields[Status].Length == 0)
        {
            fields.Refuse(Status, "must not be blank");
        }
        else if (fields.Errors is null && !fields.IsSent(Status) && !fields.IsSent(Notes))
        {
            fields.Refuse(Status, "is required, or notes are");
            fields.Refuse(Notes, "are required, or a status is");
        }
        if (fields.Errors is not null)
        {
            return RequestProblems.Invalid(fields.Errors, fields.Status);
        }
        if (!ContactId.IsPossible(id))
        {
            return NotFound();
        }
        var change = await store.ChangeAsync(
            id, fields.IsSent(Status) ? fields[Status] : null, fields.IsSent(Notes) ? fields[Notes] : null, context, cancellationToken);
        return change switch
        {
            { Contact: { } contact } => TypedResults.Json(contact, ContactJson.Default.Contact),
            { Current: { } current } => RequestProblems.Invalid(
                new Dictionary<string, string[]> { ["status"] = [$"is {current} and can become {ContactStatus.Allowed(current)}"] },
                StatusCodes.Status409Conflict),
            _ => NotFound(),
        };
    }

    private static async Task<IResult> EraseAsync(string id, HttpContext context, ContactStore store, CancellationToken cancellationToken) =>
        ContactId.IsPossible(id) && await store.EraseAsync(id, context, cancellationToken) ? TypedResults.NoContent() : NotFound();

    private static async Task<IResult> ExportAsync(
        string id, HttpContext context, ContactStore store, ContactExport export, CancellationToken cancellationToken)
    {
        if (!ContactId.IsPossible(id) || await store.FindAsync(id, cancellationToken) is not { } contact)
        {
            return NotFound();
        }
        await export.WriteAsync(context, contact, cancellationToken);
        return TypedResults.Empty;
    }

    private static ProblemHttpResult NotFound() => RequestProblems.Invalid(
        new Dictionary<string, string[]> { ["id"] = ["is not the id of a contact"] }, StatusCodes.Status404NotFound);

    /// <summary>A browser without JavaScript posts a form and wants a page back, not JSON.</summary>
    private static bool IsPage(HttpRequest request) => request.HasFormContentType && Prefers(request, "text/html");

    /// <summary>Whether the client asks for the type by its name, and for JSON not more than for that.</summary>
    private static bool Prefers(HttpRequest request, string contentType)
    {
        var accepted = request.GetTypedHeaders().Accept;
        return Quality(contentType) is { } quality and > 0 && quality >= (Quality("application/json") ?? 0);

        double? Quality(string type) => accepted
            .Where(range => range.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase))
            .Max(range => (double?)(range.Quality ?? 1));
    }

    /// <summary>303: whatever the method was, fetch that page. ASP.NET Core's redirect results have the other codes only.</summary>
    private sealed class SeeOther(string location) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = location;
            return Task.CompletedTask;
        }
    }
}
