using Microsoft.Net.Http.Headers;

namespace Platform.Edge.Security;

/// <summary>
/// Cross-origin requests: from the exact origins in <c>Cors:Origins</c> and no other, without credentials. Preflights are answered here;
/// by default there are no origins and nothing is answered.
/// </summary>
internal static class CrossOrigin
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    private static readonly string[] RequestHeaders = ["Content-Type", "X-API-Key", "Idempotency-Key", "X-Correlation-ID"];
    private static readonly string[] AnswerHeaders = ["Location", "Retry-After", "X-Correlation-ID"];

    /// <summary>Reads the origins.</summary>
    /// <exception cref="FormatException">An entry is not an origin: scheme, host and port, without a path, and never <c>*</c>.</exception>
    public static void AddCrossOrigin(this WebApplicationBuilder builder)
    {
        var origins = Origins(builder.Configuration);
        foreach (var origin in origins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin)
            {
                throw new FormatException($"Cors:Origins: '{origin}' is not an origin such as https://www.example.org.");
            }
        }

        builder.Services.AddCors(options => options.AddDefaultPolicy(policy => policy
            .WithOrigins(origins)
            .WithMethods(Methods)
            .WithHeaders(RequestHeaders)
            .WithExposedHeaders(AnswerHeaders)
            .SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
    }

    public static void UseCrossOrigin(this WebApplication app)
    {
        if (Origins(app.Configuration).Length == 0)
        {
            return;
        }

        // An answer to one origin is not to be served to another from a cache; the framework says so only when there are several.
        app.Use((context, next) =>
        {
            context.Response.OnStarting(static state =>
            {
                var headers = ((HttpContext)state).Response.Headers;
                if (!headers.GetCommaSeparatedValues(HeaderNames.Vary).Contains(HeaderNames.Origin, StringComparer.OrdinalIgnoreCase))
                {
                    headers.Append(HeaderNames.Vary, HeaderNames.Origin);
                }

                return Task.CompletedTask;
            }, context);
            return next(context);
        });
        app.UseCors();
    }

    private static string[] Origins(IConfiguration configuration) => configuration.GetSection("Cors:Origins").Get<string[]>() ?? [];
}
