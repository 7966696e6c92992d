namespace Platform.Edge.Routing;

/// <summary>A public path and the servers behind it.</summary>
/// <param name="Path">The path as an ASP.NET Core route template; a catch-all begins at a segment boundary.</param>
/// <param name="Cluster">The group of servers that answers.</param>
internal sealed record EdgeRoute(string Path, string Cluster)
{
    /// <summary>What is taken off the front of the path on its way to the server.</summary>
    public string? StripPrefix { get; init; }

    /// <summary>What the path becomes on its way to the server, as a template with the values of <see cref="Path"/>.</summary>
    public string? PathPattern { get; init; }

    /// <summary>Whether the request is a small form or document, with the small body limit.</summary>
    public bool SmallBody { get; init; }

    /// <summary>Who the edge lets through; the server behind may ask for more.</summary>
    public Access Access { get; init; }
}

/// <summary>Who may use a path.</summary>
internal enum Access
{
    /// <summary>Everybody, as far as the edge is concerned.</summary>
    Public,

    /// <summary>Who has signed in, in any role.</summary>
    SignedIn,

    /// <summary>Who has signed in as an administrator.</summary>
    Administrator,
}

/// <summary>What the edge lets through. Everything that is not here is the site's, which answers 404 to what it does not know.</summary>
internal static class RouteTable
{
    public const string Api = "api";

    private const string ApiPrefix = "/api";

    /// <summary>The paths of the API that are public. Each is reachable as it stands and below <c>/api</c>, and nothing else is.</summary>
    private static readonly EdgeRoute[] ApiRoutes =
    [
        new("/contact", Api) { SmallBody = true },
        new("/contacts/{**rest}", Api),
        new("/documents/upload", Api),
        new("/documents/{**rest}", Api) { SmallBody = true },
        new("/d/{token}", Api) { SmallBody = true },
        new("/analytics/{**rest}", Api) { SmallBody = true },
        new("/visits", Api) { SmallBody = true },
        new("/stats", Api),
        new("/health", Api),
    ];

    /// <summary>All routes.</summary>
    public static IReadOnlyList<EdgeRoute> Routes { get; } =
    [
        new(ApiPrefix, Api),
        // The API's own /admin, for keys with the scope admin; the API refuses all others.
        new("/admin/api/{**rest}", Api) { PathPattern = "/admin/{**rest}", SmallBody = true },
        .. ApiRoutes,
        .. ApiRoutes.Select(route => route with { Path = ApiPrefix + route.Path, StripPrefix = ApiPrefix }),
    ];

    /// <summary>Who may use what begins with a path, whether or not there is a route; the first that matches decides.</summary>
    private static readonly (PathString Prefix, Access Access)[] Guarded =
    [
        .. Application.All.SelectMany(application => application.PublicPaths).Select(path => (path, Access.Public)),
        .. Application.All.Select(application => (application.Prefix, Access.Administrator)),
        ("/admin", Access.Administrator),
        ("/docs", Access.Administrator),
        ("/openapi", Access.Administrator),
        ("/console", Access.SignedIn),
    ];

    /// <summary>Who may use <paramref name="path"/>; prefixes end at segment boundaries and match regardless of case, as routes do.</summary>
    public static Access AccessOf(PathString path)
    {
        foreach (var (prefix, access) in Guarded)
        {
            if (path.StartsWithSegments(prefix))
            {
                return access;
            }
        }

        return Access.Public;
    }
}
