namespace Platform.AppHost.PgAdmin;

/// <summary>A pgAdmin in server mode: it asks who wants to see the database. (Aspire's own asks nobody, and is not published.)</summary>
internal sealed class PgAdminResource(string name) : ContainerResource(name)
{
    /// <summary>The name of the endpoint for browsers.</summary>
    public const string HttpEndpointName = "http";

    /// <summary>The path below which it is reached through the edge.</summary>
    public const string BasePath = "/pgadmin";
}
