namespace Platform.Api.Security;

internal static class ApiKeyEndpoints
{
    public static void MapApiKeys(this IEndpointRouteBuilder app) => _ = app;
}
