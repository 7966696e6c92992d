namespace Platform.Api.Administration;

internal static class AdministrationEndpoints
{
    public static void MapAdministration(this IEndpointRouteBuilder app) => _ = app;
}
