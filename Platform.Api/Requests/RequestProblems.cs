using Microsoft.AspNetCore.Http.HttpResults;

namespace Platform.Api.Requests;

/// <summary>
/// Problem documents (RFC 9457) for requests that cannot be served; <c>errors</c> names the fields as the client spells them.
/// </summary>
internal static class RequestProblems
{
    public static ProblemHttpResult Invalid(IDictionary<string, string[]> errors, int status = StatusCodes.Status422UnprocessableEntity) =>
        TypedResults.Problem(new HttpValidationProblemDetails(errors)
        {
            Status = status,
            Title = status == StatusCodes.Status422UnprocessableEntity ? "One or more fields are not valid." : null,
        });
}
