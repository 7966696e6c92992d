using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Platform.Edge.Authentication;

internal static class SignInExtensions
{
    /// <summary>Adds who may sign in, how, and for how long.</summary>
    public static void AddSignIn(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var section = builder.Configuration.GetSection(SignInOptions.Section);
        services.AddOptions<SignInOptions>().Bind(section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SignInOptions>, SignInValidation>();
        services.AddSingleton<Sessions>();
        services.AddActivatedSingleton<AccessMetrics>();
        services.AddSingleton<Lockout>();
        services.AddSingleton<AdministratorAccount>();
        services.AddSingleton<ApiTokens>();
        services.AddSingleton<SignInEndpoints>();
        services.AddSingleton<AuditTrail>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditTrail>());
        services.AddHttpClient(AuditTrail.Category, client => client.BaseAddress = new Uri("http://api"));

        // What it protects is as short-lived as the sessions: anti-forgery tokens, and sign-ins that are under way.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie = new SecureCookie
            {
                Name = SessionAuthentication.CookiePrefix + "-csrf", HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/",
            };
            antiforgery.HeaderName = AccessControl.TokenHeader;
            antiforgery.FormFieldName = "__RequestVerificationToken";
            // The edge's own headers say more.
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
        var authentication = services.AddAuthentication()
            .AddScheme<AuthenticationSchemeOptions, SessionAuthentication>(SessionAuthentication.SchemeName, configureOptions: null);
        if (section.GetSection(nameof(SignInOptions.Oidc)).Get<OidcOptions>() is { IsConfigured: true } provider && provider.Error() is null)
        {
            services.AddSingleton<ProviderEvents>();
            authentication.AddOpenIdConnect(options => Configure(options, provider));
        }
    }

    /// <summary>Guards every path that comes after, and answers those below <c>/auth</c>.</summary>
    public static void UseSignIn(this WebApplication app)
    {
        // By itself, WebApplication puts authentication and authorization before everything, where their services are. AccessControl does
        // the work of both, for those requests that need it: the two cost a seventh of all that a request costs here.
        var properties = ((IApplicationBuilder)app).Properties;
        properties["__AuthenticationMiddlewareSet"] = true;
        properties["__AuthorizationMiddlewareSet"] = true;
        // Takes the provider's answers.
        app.UseWhen(context => context.Request.Path.StartsWithSegments(SignInEndpoints.Prefix), branch => branch.UseAuthentication());
        app.UseMiddleware<AccessControl>();
        SignInEndpoints.Map(app);
    }

    private static void Configure(OpenIdConnectOptions options, OidcOptions provider)
    {
        options.Authority = provider.Authority;
        options.ClientId = provider.ClientId;
        options.ClientSecret = provider.ClientSecret;
        options.RequireHttpsMetadata = new Uri(provider.Authority!).Scheme == Uri.UriSchemeHttps;
        options.SignInScheme = SessionAuthentication.SchemeName;
        options.SignOutScheme = SessionAuthentication.SchemeName;
        options.EventsType = typeof(ProviderEvents);
        options.CallbackPath = SignInEndpoints.Callback;
        options.SignedOutCallbackPath = SignInEndpoints.SignedOutCallback;
        options.SignedOutRedirectUri = SignInEndpoints.SignOut;
        options.RemoteSignOutPath = default;
        options.ResponseType = OpenIdConnectResponseType.Code;
        // By GET: browsers send SameSite=Lax cookies along.
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.UsePkce = true;
        options.SaveTokens = false;
        options.MapInboundClaims = false;
        options.GetClaimsFromUserInfoEndpoint = true;
        options.DisableTelemetry = true;
        options.BackchannelTimeout = TimeSpan.FromSeconds(10);
        // A key that is not known is looked for at the provider, this often at most.
        options.RefreshInterval = TimeSpan.FromSeconds(30);
        options.ClaimActions.MapUniqueJsonKey(ProviderEvents.UserName, ProviderEvents.UserName);
        options.Scope.Clear();
        foreach (var scope in provider.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            options.Scope.Add(scope);
        }

        foreach (var (cookie, name) in new[] { (options.CorrelationCookie, "-state."), (options.NonceCookie, "-nonce.") })
        {
            cookie.Name = SessionAuthentication.CookiePrefix + name;
            cookie.Path = "/";
            cookie.SameSite = SameSiteMode.Lax;
            cookie.SecurePolicy = CookieSecurePolicy.Always;
        }
    }

    /// <summary>A cookie that is marked as secure over http, too, where browsers keep it for this very machine only.</summary>
    private sealed class SecureCookie : CookieBuilder
    {
        public SecureCookie() => SecurePolicy = CookieSecurePolicy.None;

        public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
        {
            var cookie = base.Build(context, expiresFrom);
            cookie.Secure = true;
            return cookie;
        }
    }

    private sealed class SignInValidation : IValidateOptions<SignInOptions>
    {
        public ValidateOptionsResult Validate(string? name, SignInOptions options) =>
            options.Error() is { } error ? ValidateOptionsResult.Fail(error) : ValidateOptionsResult.Success;
    }
}
