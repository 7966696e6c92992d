using System.Diagnostics;
using System.Net.Mime;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Platform.ServiceDefaults.Errors;

/// <summary>
/// Every error answer is a problem document (RFC 9457) of one shape: type, title, status, detail, errors where a field is at fault,
/// traceId.
/// </summary>
internal static class ProblemDocuments
{
    public static void AddProblemDocuments(this IServiceCollection services)
    {
        // Before AddProblemDetails, whose writer gives way to text for a client that does not list JSON in Accept.
        services.AddSingleton<IProblemDetailsWriter, Writer>();
        services.AddProblemDetails();
        services.AddExceptionHandler<ExpectedExceptionHandler>();
        // A body or parameter that cannot be read throws in every environment, so that the handler can name the field.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
    }

    private static readonly Dictionary<string, string[]> ContentType = new()
    {
        ["Content-Type"] = ["is none that this operation takes"],
    };

    private sealed class Writer(IOptions<JsonOptions> json) : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => true;

        public ValueTask WriteAsync(ProblemDetailsContext context)
        {
            var problem = context.ProblemDetails;
            var response = context.HttpContext.Response;
            problem.Status ??= response.StatusCode;
            if (problem is { Status: StatusCodes.Status415UnsupportedMediaType, Detail: null } and not HttpValidationProblemDetails)
            {
                // Routing, which refuses it, names no field.
                problem = new HttpValidationProblemDetails(ContentType) { Status = problem.Status };
            }
            // The result fills in the framework's types and titles, so that a document has them wherever it was made.
            ProblemHttpResult defaults = TypedResults.Problem(statusCode: problem.Status);
            problem.Type ??= defaults.ProblemDetails.Type ?? "about:blank";
            problem.Title ??= defaults.ProblemDetails.Title;
            problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? context.HttpContext.TraceIdentifier;
            return new ValueTask(response.WriteAsJsonAsync(
                problem, problem.GetType(), json.Value.SerializerOptions,
                MediaTypeNames.Application.ProblemJson, context.HttpContext.RequestAborted));
        }
    }
}
