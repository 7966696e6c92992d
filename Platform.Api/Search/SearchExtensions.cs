namespace Platform.Api.Search;

internal static class SearchExtensions
{
    public static void AddSearch(this IHostApplicationBuilder builder) => _ = builder;

    public static void MapSearch(this IEndpointRouteBuilder app) => _ = app;
}
