namespace Platform.ServiceDefaults.Telemetry;

/// <summary>A link to a document opens it for whoever has it: its path is in no log and no trace.</summary>
public static class SecretPaths
{
    private const string Link = "/d/";
    private const string ApiLink = "/api/d/";
    private const string Masked = "***";

    /// <summary>The path, with the stars in place of what must not be known.</summary>
    public static string Mask(string path) =>
        path.StartsWith(Link, StringComparison.OrdinalIgnoreCase) ? Link + Masked
        : path.StartsWith(ApiLink, StringComparison.OrdinalIgnoreCase) ? ApiLink + Masked
        : path;

    /// <summary>Whether there is something to mask.</summary>
    public static bool IsSecret(string path) => !ReferenceEquals(Mask(path), path);
}
