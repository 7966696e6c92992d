using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Platform.ServiceDefaults.Errors;

/// <summary>
/// Answers the exceptions that are no defect of the service: a request that cannot be read, and a dependency that is away. Any other
/// exception is left to the exception handler middleware, which logs it and answers 500.
/// </summary>
internal sealed partial class ExpectedExceptionHandler(IProblemDetailsService problems, ILogger<ExpectedExceptionHandler> logger)
    : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        ProblemDetails? problem = exception switch
        {
            ServiceUnavailableException unavailable => Unavailable(context, unavailable),
            BadHttpRequestException bad => BadRequest(context, bad),
            InvalidOperationException or NotSupportedException when IsInUnknownEncoding(context.Request) => UnknownEncoding(),
            _ => null,
        };
        if (problem is null)
        {
            return false;
        }
        context.Response.StatusCode = problem.Status!.Value;
        try
        {
            return await problems.TryWriteAsync(new() { HttpContext = context, ProblemDetails = problem });
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            // The client, whose request could not be read because it left: there is nobody to answer.
            return true;
        }
    }

    private ProblemDetails Unavailable(HttpContext context, ServiceUnavailableException exception)
    {
        var seconds = (long)Math.Max(1, Math.Ceiling(exception.RetryAfter.TotalSeconds));
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        LogUnavailable(exception.Dependency, seconds, exception.InnerException?.GetType().Name);
        return new()
        {
            Status = StatusCodes.Status503ServiceUnavailable,
            Detail = $"The {exception.Dependency} is not available at the moment. Nothing was changed; try again in {seconds} s.",
        };
    }

    private static ProblemDetails BadRequest(HttpContext context, BadHttpRequestException exception)
    {
        if (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return new() { Status = exception.StatusCode, Detail = "The request body is larger than this service accepts." };
        }
        if (exception.InnerException is JsonException json)
        {
            return BadJson(exception.StatusCode, json);
        }
        return ParameterName(context, exception) is { } name
            ? Invalid(exception.StatusCode, name, "The value is missing or cannot be read.")
            : new() { Status = exception.StatusCode };
    }

    /// <summary>
    /// Whether the body says that it is in an encoding that there is not, or that .NET does not read: UTF-7. The framework has no exception of
    /// its own for it.
    /// </summary>
    private static bool IsInUnknownEncoding(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || StringSegment.IsNullOrEmpty(type.Charset))
        {
            return false;
        }
        try
        {
            return type.Encoding is null;
        }
        catch (NotSupportedException)
        {
            return true;
        }
    }

    private static HttpValidationProblemDetails UnknownEncoding() =>
        Invalid(StatusCodes.Status415UnsupportedMediaType, HeaderNames.ContentType, "The body must be in UTF-8.");

    private static ProblemDetails BadJson(int status, JsonException exception)
    {
        // The reader's own exception inside means text that is not JSON; without it a value did not fit its property, at a path such as
        // $.name
        if (exception.InnerException is not JsonException && exception.Path is ['$', '.', .. var field])
        {
            return Invalid(status, field, "The value is not of the expected JSON type.");
        }
        return new()
        {
            Status = status,
            Detail = exception is { InnerException: JsonException, LineNumber: { } line, BytePositionInLine: { } position }
                ? $"The request body is not valid JSON: line {line + 1}, byte {position + 1}."
                : "The request body is not JSON of the expected shape.",
        };
    }

    /// <summary>
    /// The endpoint's parameter that could not be bound. The exception has it only in its message, after the type: <c>"int limit"</c>; only
    /// names that the endpoint declares are recognised, so that no other part of the message gets out.
    /// </summary>
    private static string? ParameterName(HttpContext context, BadHttpRequestException exception)
    {
        var endpoint = context.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        return endpoint?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>()
            .FirstOrDefault(parameter => exception.Message.Contains($" {parameter.Name}\"", StringComparison.Ordinal))?.Name;
    }

    private static HttpValidationProblemDetails Invalid(int status, string field, string message) =>
        new(new Dictionary<string, string[]> { [field] = [message] }) { Status = status };

    [LoggerMessage(
        LogLevel.Warning, "The {Dependency} is not available ({Cause}): answered 503, retry after {Seconds} s", EventName = "DependencyUnavailable")]
    private partial void LogUnavailable(string dependency, long seconds, string? cause);
}
