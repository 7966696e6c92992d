using System.Security.Authentication;
using Microsoft.AspNetCore.HttpsPolicy;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Tls;

/// <summary>https on the addresses that begin with it (<c>ASPNETCORE_URLS</c>, <c>HTTPS_PORTS</c>), and http redirected to it.</summary>
internal static partial class TlsExtensions
{
    public static void AddTls(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<TlsOptions>().BindConfiguration("Tls")
            .Validate(options => options.IsValid(), "Tls: CertificatePath and KeyPath go together, ReloadInterval is above 0, PublicPort a port.")
            .ValidateOnStart();
        if (!IsConfigured(builder.Configuration))
        {
            return;
        }

        builder.Services.AddSingleton<ServerCertificate>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ServerCertificate>());
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IServiceProvider>((server, services) =>
            server.ConfigureHttpsDefaults(https =>
            {
                // Not before the first connection: the server is made while the application is, and VerifyTls says what is wrong.
                https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                https.ServerCertificateSelector = (_, _) => services.GetRequiredService<ServerCertificate>().Current.TargetCertificate;
                https.OnAuthenticate = (_, authentication) =>
                {
                    // With the intermediate certificates, which a selector cannot give.
                    authentication.ServerCertificateSelectionCallback = null;
                    authentication.ServerCertificateContext = services.GetRequiredService<ServerCertificate>().Current;
                };
            }));
        builder.Services.AddHttpsRedirection(redirection => redirection.RedirectStatusCode = StatusCodes.Status308PermanentRedirect);
        builder.Services.AddOptions<HttpsRedirectionOptions>()
            .Configure<IOptions<TlsOptions>>((redirection, options) => redirection.HttpsPort = options.Value.PublicPort);
    }

    /// <summary>Whether https can be served as configured; what keeps it from that is logged in one line.</summary>
    public static bool VerifyTls(this WebApplication app)
    {
        if (!IsConfigured(app.Configuration))
        {
            return true;
        }

        if (app.Configuration["URLS"]?.Contains("https://", StringComparison.OrdinalIgnoreCase) != true
            && string.IsNullOrEmpty(app.Configuration["HTTPS_PORTS"]))
        {
            LogUnusable(app.Logger, "no address is https: add one to ASPNETCORE_URLS, or set HTTPS_PORTS");
            return false;
        }

        try
        {
            app.Services.GetRequiredService<ServerCertificate>();
            return true;
        }
        catch (Exception exception) when (exception is OptionsValidationException or InvalidCertificateException)
        {
            LogUnusable(app.Logger, exception.Message);
            return false;
        }
    }

    /// <summary>Redirects http to https. What came by the management port has been answered by then.</summary>
    public static void UseTls(this WebApplication app)
    {
        if (IsConfigured(app.Configuration))
        {
            app.UseHttpsRedirection();
        }
    }

    private static bool IsConfigured(IConfiguration configuration) =>
        configuration.GetSection("Tls").Get<TlsOptions>() is { IsConfigured: true };

    [LoggerMessage(LogLevel.Critical, "TLS cannot be served: {Reason}", EventName = "TlsNotServed")]
    private static partial void LogUnusable(ILogger logger, string reason);
}
