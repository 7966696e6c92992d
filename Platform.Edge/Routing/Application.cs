namespace Platform.Edge.Routing;

/// <summary>A server with pages or an interface of its own, which the edge shows below a prefix. There is a route when it is configured.</summary>
/// <param name="Name">The name of the server in service discovery; its prefix is the same after a slash.</param>
internal sealed record Application(string Name)
{
    /// <summary>What its paths begin with.</summary>
    public PathString Prefix { get; } = "/" + Name;

    /// <summary>Whether the prefix is taken off on the way to the server, and put back in the addresses and cookies of its answers.</summary>
    public bool StripPrefix { get; init; }

    /// <summary>What below the prefix is for everybody.</summary>
    public IReadOnlyList<PathString> PublicPaths { get; init; } = [];

    /// <summary>The applications; every one is for administrators.</summary>
    public static IReadOnlyList<Application> All { get; } =
    [
        new("grafana"),
        new("prometheus"),
        new("alertmanager"),
        new("pgadmin"),
        new("minio") { StripPrefix = true },
        new("meilisearch") { StripPrefix = true },
        new("loki") { StripPrefix = true },
        // What people sign in through, as Keycloak's guide to reverse proxies has it: the rest is its administration.
        new("keycloak") { PublicPaths = ["/keycloak/realms", "/keycloak/resources"] },
    ];
}
