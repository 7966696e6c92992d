namespace Platform.Edge.Site;

/// <summary>What the site says of itself: section <c>Site</c>.</summary>
internal sealed record SiteOptions
{
    /// <summary>The address that the site is known by, such as <c>https://www.example.org</c>; the one that was asked when missing.</summary>
    public Uri? PublicAddress { get; init; }

    /// <summary>Where to report a vulnerability, as RFC 9116 has it: a mailto:, https: or tel: URI. The contact page when missing.</summary>
    public Uri? SecurityContact { get; init; }

    /// <summary>The folder with the runbooks, from the program's own on; every <c>Name.md</c> in it is one.</summary>
    public string Runbooks { get; init; } = "runbooks";

    /// <summary>Whether the addresses can work.</summary>
    public bool IsValid() =>
        PublicAddress is null or { IsAbsoluteUri: true, Scheme: "http" or "https", AbsolutePath: "/" }
        && SecurityContact is null or { IsAbsoluteUri: true, Scheme: "mailto" or "https" or "tel" };
}
