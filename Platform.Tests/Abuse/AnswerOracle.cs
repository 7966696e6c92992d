using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Platform.Tests.Abuse;

/// <summary>
/// What may be answered to whatever request: a status that the description tells of, JSON as it describes it, and for an error a problem
/// document (RFC 9457) that tells nothing of the inside.
/// </summary>
internal static partial class AnswerOracle
{
    /// <summary>What HTTP itself, the key or the path can be refused for, whatever the operation.</summary>
    private static readonly int[] General = [400, 401, 403, 404, 405, 411, 413, 414, 415, 417, 431];

    /// <summary>What the server answers before any of the service's code runs: with nothing but a status.</summary>
    private static readonly int[] WithoutBody = [400, 405, 408, 411, 413, 414, 417, 431];

    /// <summary>Sends it, and says what is wrong with the answer.</summary>
    public static async Task<(bool IsSuccess, string? Complaint)> TryAsync(
        int port, ApiDescription description, Operation operation, RawRequest request, bool atEdge)
    {
        HttpResponseMessage? answer;
        try
        {
            answer = await request.SendAsync(port);
        }
        catch (OperationCanceledException)
        {
            return (false, "no answer in time");
        }

        using (answer)
        {
            if (answer is null)
            {
                return (false, request.Framing is Framing.Length or Framing.Chunked ? "no answer" : null);
            }

            var status = (int)answer.StatusCode;
            // A changed path or method may be another operation.
            var isOther = request.Method != operation.Method || !IsAt(request.Target, operation.Path);
            var statuses = isOther ? description.Operations.SelectMany(other => other.Statuses) : operation.Statuses;
            var body = await answer.Content.ReadAsByteArrayAsync();
            var text = Encoding.UTF8.GetString(body);
            var complaint = status >= 500 || !General.Concat(statuses).Contains(status) ? "undescribed"
                : answer.Headers.Concat(answer.Content.Headers).Any(header => header.Key == "X-Injected") ? "a header of the client's"
                : status >= 400 && Inside().IsMatch(text) ? "it tells of the inside"
                : status >= 400 && !IsProblem(answer, status, body, request.Method, atEdge) ? "no problem document"
                : status < 300 && request.Method != "HEAD" && answer.Content.Headers.ContentType?.MediaType == "application/json"
                    ? !IsJson(body, out var json) ? "no JSON" : isOther ? null : Mismatch(description, operation.Answer(status), json)
                : null;
            return (
                answer.IsSuccessStatusCode || status == 303,
                complaint is null ? null : $"{status}, {complaint}: {text[..Math.Min(300, text.Length)]}");
        }
    }

    private static bool IsAt(string target, string path)
    {
        var (sent, described) = (target.Split('?')[0].Split('/'), path.Split('/'));
        return sent.Length == described.Length && sent.Zip(described).All(pair =>
            pair.Second.StartsWith('{') ? Uri.UnescapeDataString(pair.First) is not ("" or "." or "..") : pair.First == pair.Second);
    }

    private static bool IsProblem(HttpResponseMessage answer, int status, byte[] body, string method, bool atEdge)
    {
        if (body.Length == 0)
        {
            return method == "HEAD" || WithoutBody.Contains(status);
        }

        if (atEdge && answer.Content.Headers.ContentType?.MediaType == "text/html")
        {
            return true;
        }

        return answer.Content.Headers.ContentType?.MediaType == "application/problem+json"
            && IsJson(body, out var problem)
            && problem.GetProperty("status").GetInt32() == status
            && problem.GetProperty("title").GetString() is { Length: > 0 }
            && problem.GetProperty("traceId").GetString() is { Length: > 0 };
    }

    private static string? Mismatch(ApiDescription description, JsonElement? schema, JsonElement json) =>
        schema is null ? "JSON that is not described" : description.Mismatch(schema.Value, json);

    private static bool IsJson(byte[] body, out JsonElement json)
    {
        try
        {
            json = JsonSerializer.Deserialize<JsonElement>(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body));
            return true;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            json = default;
            return false;
        }
    }

    /// <summary>Asserts that no exception of the service got as far as to be its defect.</summary>
    public static void AssertNothingUnhandled(string log)
    {
        var at = log.IndexOf("unhandled exception", StringComparison.OrdinalIgnoreCase);
        Assert.True(at < 0, at < 0 ? "" : log[Math.Max(0, at - 500)..Math.Min(log.Length, at + 2000)]);
    }

    /// <summary>Types, files and statements of ours. No hostile value has any of it.</summary>
    [GeneratedRegex(
        @"System\.(?!Object)\w|Microsoft\.|Npgsql|Platform\.(Api|Edge)|Exception|\bat \w+\.\w+\(|\.cs:line|relation ""|SQLSTATE"
        + @"|/tmp/|/root/|/home/|127\.0\.0\.1:")]
    private static partial Regex Inside();
}
