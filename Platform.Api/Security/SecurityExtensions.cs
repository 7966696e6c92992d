using Microsoft.AspNetCore.Authentication;
using Platform.Api.Audit;
using Platform.Api.Idempotency;

namespace Platform.Api.Security;

internal static class SecurityExtensions
{
    /// <summary>Adds who may do what, the log of what was done, and the answers that are given again.</summary>
    public static void AddSecurity(this IHostApplicationBuilder builder)
    {
        builder.AddAudit();
        builder.AddIdempotency();
        builder.Services.AddOptions<SecurityOptions>()
            .BindConfiguration(SecurityOptions.Section)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<ApiKeyStore>();
        builder.Services.AddSingleton<ApiKeys>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ApiKeys>());
        builder.Services.AddAuthentication(EdgeToken.SelectorName)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, configureOptions: null)
            .AddEdgeToken();
        builder.Services.AddAuthorization();
    }

    public static void UseApiKeys(this WebApplication app)
    {
        app.UseAuthentication();
        // A wrong key or token is refused on every path, public and unknown ones too: its sender believes to be somebody.
        app.Use((context, next) => context.Request.Headers.ContainsKey(ApiKey.HeaderName) || EdgeToken.IsPresentedBy(context)
            ? ServeKnownAsync(context, next)
            : next(context));
        app.UseAuthorization();
    }

    private static async Task ServeKnownAsync(HttpContext context, RequestDelegate next)
    {
        // Asked for once: the middleware before has done it.
        var result = await context.AuthenticateAsync();
        await (result.Succeeded ? next(context) : context.ChallengeAsync());
    }
}
