using Microsoft.Extensions.Primitives;

namespace Platform.Edge.Routing;

/// <summary>A server with pages or an interface of its own, which the edge shows below a prefix. There is a route when it is configured.</summary>
/// <param name="Name">The name of the server in service discovery; its prefix is the same after a slash.</param>
internal sealed record Application(string Name)
{
    private const string ForwardedPrefix = "X-Forwarded-Prefix";
    private const string Self = "'self'";
    private const string Inline = "'unsafe-inline'";
    private const string Eval = "'unsafe-eval'";

    /// <summary>What its paths begin with.</summary>
    public PathString Prefix { get; } = "/" + Name;

    /// <summary>Whether the prefix is taken off on the way to the server, and put back in the addresses and cookies of its answers.</summary>
    public bool StripPrefix { get; init; }

    /// <summary>The header that tells it its prefix, where it does not know it from its own settings.</summary>
    public string? PrefixHeader { get; init; }

    /// <summary>What below the prefix is for everybody.</summary>
    public IReadOnlyList<PathString> PublicPaths { get; init; } = [];

    /// <summary>Where its pages' scripts come from, as in Content-Security-Policy; null when it has no pages.</summary>
    public string? Scripts { get; init; }

    /// <summary>Where its pages' forms lead, through redirects too, as in Content-Security-Policy.</summary>
    public string FormTargets { get; init; } = Self;

    /// <summary>
    /// What its pages may do: nothing that another host is asked for. All of them write styles into the page and draw images themselves;
    /// a <c>base</c> element is how most know their prefix.
    /// </summary>
    public StringValues ContentSecurityPolicy => Scripts is null
        ? StringValues.Empty
        : $"default-src 'none'; script-src {Scripts}; style-src {Self} {Inline}; img-src {Self} data: blob:; font-src {Self} data:; "
            + $"connect-src {Self}; media-src {Self} blob:; worker-src {Self} blob:; frame-src {Self} blob:; manifest-src {Self}; "
            + $"base-uri {Self}; form-action {FormTargets}; frame-ancestors {Self}";

    /// <summary>The applications; every one is for administrators.</summary>
    public static IReadOnlyList<Application> All { get; } =
    [
        // Starts from a script in its page; its plugins are compiled in the browser (content_security_policy_template in its documentation).
        new("grafana") { Scripts = $"{Self} {Inline} {Eval}" },
        // The page tells its scripts the server's settings in a script of its own.
        new("prometheus") { Scripts = $"{Self} {Inline}" },
        // Its page starts the compiled program in a script of its own.
        new("alertmanager") { Scripts = $"{Self} {Inline}" },
        // Templates in its pages, compiled in the browser (CONTENT_SECURITY_POLICY in its config.py).
        new("pgadmin") { Scripts = $"{Self} {Inline} {Eval}", PrefixHeader = "X-Script-Name" },
        new("minio") { Scripts = Self, StripPrefix = true, PrefixHeader = ForwardedPrefix },
        new("meilisearch") { StripPrefix = true, PrefixHeader = ForwardedPrefix },
        new("loki") { StripPrefix = true, PrefixHeader = ForwardedPrefix },
        // What people sign in through, as Keycloak's guide to reverse proxies has it: the rest is its administration. Its pages have
        // import maps in them, and its forms lead back to whichever application a person came from.
        new("keycloak")
        {
            PublicPaths = ["/keycloak/realms", "/keycloak/resources"],
            Scripts = $"{Self} {Inline}",
            FormTargets = $"{Self} http: https:",
        },
    ];
}
