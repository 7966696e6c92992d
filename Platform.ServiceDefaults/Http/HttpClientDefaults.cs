using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;

namespace Platform.ServiceDefaults.Http;

internal static class HttpClientDefaults
{
    /// <summary>
    /// Every HttpClient finds services by name (<c>http://api</c>) and has timeouts, a circuit breaker, and retries for the methods that
    /// change nothing.
    /// </summary>
    public static void AddResilientHttpClients(this IServiceCollection services)
    {
        services.AddServiceDiscovery();
        services.ConfigureHttpClientDefaults(client =>
        {
            client.AddStandardResilienceHandler(options =>
            {
                options.TotalRequestTimeout.Timeout = TimeSpan.FromSeconds(30);
                options.AttemptTimeout.Timeout = TimeSpan.FromSeconds(10);
                options.Retry.Delay = TimeSpan.FromMilliseconds(200);
                options.Retry.UseJitter = true;
                options.Retry.DisableForUnsafeHttpMethods();
            });
            // Inside the resilience handler: each attempt may go to another instance.
            client.AddServiceDiscovery();
        });
    }
}
