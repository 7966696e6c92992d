using System.Net.Http.Json;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Api;

internal static class ApiRequests
{
    /// <summary>Sends a request with a JSON body, by default as the bootstrap key.</summary>
    public static async Task<HttpResponseMessage> SendAsync(
        this ServiceProcess service,
        HttpMethod method,
        string path,
        object? body = null,
        string? key = ApiFixture.BootstrapKey,
        string? idempotencyKey = null,
        string? accept = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        Add("X-API-Key", key);
        Add("Idempotency-Key", idempotencyKey);
        Add("Accept", accept);
        return await service.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }
    }

    /// <summary>Submits a contact and returns its id.</summary>
    public static async Task<string> SubmitAsync(this ServiceProcess service, object? submission = null) =>
        (await ApiFixture.SubmitAsync(service, submission ?? ApiFixture.Submission())).GetProperty("contactId").GetString()!;
}
