using Microsoft.AspNetCore.Authentication;

namespace Platform.Api.Security;

internal static class SecurityExtensions
{
    public static void AddApiKeys(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<SecurityOptions>()
            .BindConfiguration(SecurityOptions.Section)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<ApiKeyStore>();
        builder.Services.AddSingleton<ApiKeys>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ApiKeys>());
        builder.Services.AddAuthentication(ApiKeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, configureOptions: null);
        builder.Services.AddAuthorization();
    }

    public static void UseApiKeys(this WebApplication app)
    {
        app.UseAuthentication();
        // A wrong key is refused on every path, public and unknown ones too: its sender believes to be somebody.
        app.Use((context, next) => context.Request.Headers.ContainsKey(ApiKey.HeaderName) ? ServeKnownAsync(context, next) : next(context));
        app.UseAuthorization();
    }

    private static async Task ServeKnownAsync(HttpContext context, RequestDelegate next)
    {
        // Asked for once: the middleware before has done it.
        var result = await context.AuthenticateAsync();
        await (result.Succeeded ? next(context) : context.ChallengeAsync());
    }
}
