using Platform.Edge.Routing;

namespace Platform.Tests.Unit.Edge;

/// <summary>Who may use which path.</summary>
public sealed class RouteTableTests
{
    [Theory]
    [InlineData("/", nameof(Access.Public))]
    [InlineData("/contact", nameof(Access.Public))]
    [InlineData("/api/contacts", nameof(Access.Public))]
    [InlineData("/console", nameof(Access.SignedIn))]
    [InlineData("/console/documents", nameof(Access.SignedIn))]
    [InlineData("/Console/", nameof(Access.SignedIn))]
    [InlineData("/consoleX", nameof(Access.Public))]
    [InlineData("/admin", nameof(Access.Administrator))]
    [InlineData("/ADMIN/API/keys", nameof(Access.Administrator))]
    [InlineData("/administration", nameof(Access.Public))]
    [InlineData("/docs/index.html", nameof(Access.Administrator))]
    [InlineData("/openapi/v1.json", nameof(Access.Administrator))]
    [InlineData("/grafana", nameof(Access.Administrator))]
    [InlineData("/prometheus/graph", nameof(Access.Administrator))]
    [InlineData("/alertmanager/", nameof(Access.Administrator))]
    [InlineData("/pgadmin/browser/", nameof(Access.Administrator))]
    [InlineData("/MinIO/login", nameof(Access.Administrator))]
    [InlineData("/minioX", nameof(Access.Public))]
    [InlineData("/meilisearch/indexes", nameof(Access.Administrator))]
    [InlineData("/loki/api/v1/push", nameof(Access.Administrator))]
    [InlineData("/keycloak", nameof(Access.Administrator))]
    [InlineData("/keycloak/admin/master/console/", nameof(Access.Administrator))]
    [InlineData("/keycloak/realmsX", nameof(Access.Administrator))]
    [InlineData("/keycloak/realms/platform/protocol/openid-connect/auth", nameof(Access.Public))]
    [InlineData("/keycloak/resources/x/login.css", nameof(Access.Public))]
    public void A_path_is_for_those_whom_its_prefix_is_for(string path, string access) =>
        Assert.Equal(access, RouteTable.AccessOf(path).ToString());
}
