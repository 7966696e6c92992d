using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Platform.ServiceDefaults.Correlation;

/// <summary>The id that ties together what one request caused: its answer, log lines and spans, here and in the services behind.</summary>
public static class CorrelationId
{
    /// <summary>The request and response header that carries the id.</summary>
    public const string HeaderName = "X-Correlation-ID";

    /// <summary>The longest id that is taken from a client, in characters.</summary>
    public const int MaxLength = 64;

    // Nothing that could end a log line, a header or a tag.
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Whether a client's id is taken as it is: <c>[A-Za-z0-9._-]{1,64}</c>.</summary>
    public static bool IsValid(ReadOnlySpan<char> value) =>
        value.Length is > 0 and <= MaxLength && !value.ContainsAnyExcept(Allowed);

    /// <summary>
    /// The correlation id of a request that passed <c>UseServiceDefaults</c>, which puts the id into the request's header whether or not it
    /// came from the client: a request that is forwarded with its headers carries it on.
    /// </summary>
    public static string GetCorrelationId(this HttpContext context) => context.Request.Headers[HeaderName].ToString();

    internal static string? FromClient(StringValues header) => header is [{ } value] && IsValid(value) ? value : null;
}
