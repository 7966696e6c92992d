namespace Platform.Api.Documents;

internal static class DocumentEndpoints
{
    public static void AddDocuments(this IHostApplicationBuilder builder) => _ = builder;

    public static void MapDocuments(this IEndpointRouteBuilder app) => _ = app;
}
