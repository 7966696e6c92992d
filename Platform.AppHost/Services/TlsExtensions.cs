namespace Platform.AppHost.Services;

/// <summary>The edge with https.</summary>
internal static class TlsExtensions
{
    private const int StandardPort = 8443;
    private const string CertificateSetting = "Platform:Edge:Certificate";
    private const string KeySetting = "Platform:Edge:Key";

    /// <summary>
    /// https on <c>Platform:Edge:HttpsPort</c>, 8443 when nothing is said, where <c>Platform:Edge:Certificate</c> and <c>Platform:Edge:Key</c>
    /// name PEM files; http then leads there. Files that are replaced are taken without a restart.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithTls(this IResourceBuilder<ProjectResource> edge)
    {
        const string EndpointName = "https";
        var builder = edge.ApplicationBuilder;
        var (certificate, key) = (builder.File(CertificateSetting), builder.File(KeySetting));
        if (certificate is null && key is null)
        {
            return edge;
        }

        if (certificate is null || key is null)
        {
            builder.Refuse($"{CertificateSetting} and {KeySetting} go together: give both, or neither.");
            return edge;
        }

        if (builder.ExecutionContext.IsPublishMode)
        {
            builder.Refuse($"{CertificateSetting} is of this machine. Take it away here, and give Compose one as deploy/compose/README.md says.");
            return edge;
        }

        return edge
            .WithHttpsEndpoint(builder.Port("Platform:Edge:HttpsPort", StandardPort), name: EndpointName, isProxied: false)
            .WithUrlForEndpoint(EndpointName, url => url.DisplayText = "Site (https)")
            .WithEnvironment("Tls__CertificatePath", certificate)
            .WithEnvironment("Tls__KeyPath", key)
            .WithEnvironment("Tls__PublicPort", $"{edge.GetEndpoint(EndpointName).Property(EndpointProperty.Port)}");
    }

    /// <summary>The full path of a file that a setting names, relative to where the AppHost is started; one that is not there stops the start.</summary>
    private static string? File(this IDistributedApplicationBuilder builder, string setting)
    {
        if (builder.Configuration[setting] is not { Length: > 0 } named)
        {
            return null;
        }

        var path = Path.GetFullPath(named);
        builder.Check(() => System.IO.File.Exists(path) ? null : $"{setting}={named} is not there: name a PEM file.");
        return path;
    }
}
