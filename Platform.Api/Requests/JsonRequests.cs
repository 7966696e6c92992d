using System.Net.Http.Headers;

namespace Platform.Api.Requests;

internal static class JsonRequests
{
    /// <summary>Whether the body is said to be JSON, which between systems is UTF-8 (RFC 8259, section 8.1).</summary>
    public static bool IsJsonInUtf8(this HttpRequest request) =>
        request.ContentType == "application/json"
        || (MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && string.Equals(type.MediaType, "application/json", StringComparison.OrdinalIgnoreCase)
            && (type.CharSet is null || type.CharSet.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase)));
}
