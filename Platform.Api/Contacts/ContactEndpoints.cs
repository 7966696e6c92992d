using Microsoft.OpenApi;
using Platform.Api.Database;
using Platform.Api.Requests;
using Platform.Api.Security;

namespace Platform.Api.Contacts;

internal static class ContactEndpoints
{
    public static void AddContacts(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ContactStore>();
        builder.Services.AddSingleton<ContactMetrics>();
        builder.Services.AddOptions<ContactOptions>().BindConfiguration(ContactOptions.Section);
        builder.Services.AddSingleton(services => new GroupCommit<NewContact>(
            services.GetRequiredService<ContactStore>().AddAsync, services.GetRequiredService<DatabaseOptions>()));
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

        var contacts = app.MapGroup("/contacts").RequireScope(Scopes.Read).WithTags("Contacts");
        contacts.MapGet("", ListAsync)
            .WithName("ListContacts")
            .WithSummary("A page of contacts, newest first, by status, source, text (q) and time (from inclusive, to exclusive).")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                // The query string is read by hand, so that every mistake names its parameter.
                operation.Parameters =
                    [.. ContactQuery.Parameters.Select(name => new OpenApiParameter { Name = name, In = ParameterLocation.Query })];
                return Task.CompletedTask;
            })
            .Produces<ContactPage>()
            .ProducesValidationProblem(StatusCodes.Status400BadRequest)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity);
        contacts.MapGet("/{id}", FindAsync)
            .WithName("GetContact")
            .WithSummary("A contact.")
            .Produces<Contact>()
            .ProducesValidationProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> SubmitAsync(
        HttpContext context, GroupCommit<NewContact> writer, ContactMetrics metrics, TimeProvider time, CancellationToken cancellationToken)
    {
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
        var visitor = await writer.WriteAsync(contact, cancellationToken);
        metrics.Submitted(contact.Source, contact.Service);
        if (isPage)
        {
            return new SeeOther("/contact-thanks.html");
        }
        context.Response.Headers.Location = "/contacts/" + contact.Id;
        return TypedResults.Json(
            new ContactReceipt("Contact form submitted successfully", contact.Id, contact.Timestamp, visitor, DocumentsCount: 0),
            ContactJson.Default.ContactReceipt);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, ContactStore store, CancellationToken cancellationToken)
    {
        var (query, errors, status) = ContactQuery.Parse(request.Query);
        return query is null
            ? RequestProblems.Invalid(errors, status)
            : TypedResults.Json(await store.ListAsync(query, cancellationToken), ContactJson.Default.ContactPage);
    }

    private static async Task<IResult> FindAsync(string id, ContactStore store, CancellationToken cancellationToken) =>
        ContactId.IsPossible(id) && await store.FindAsync(id, cancellationToken) is { } contact
            ? TypedResults.Json(contact, ContactJson.Default.Contact)
            : RequestProblems.Invalid(
                new Dictionary<string, string[]> { ["id"] = ["is not the id of a contact"] }, StatusCodes.Status404NotFound);

    /// <summary>A browser without JavaScript posts a form and wants a page back, not JSON.</summary>
    private static bool IsPage(HttpRequest request)
    {
        if (!request.HasFormContentType)
        {
            return false;
        }
        var accepted = request.GetTypedHeaders().Accept;
        return Quality("text/html") is { } html && html >= (Quality("application/json") ?? 0);

        double? Quality(string type) => accepted.Where(range => range.MediaType == type).Max(range => (double?)(range.Quality ?? 1));
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
