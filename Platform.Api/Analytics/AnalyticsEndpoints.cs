namespace Platform.Api.Analytics;

internal static class AnalyticsEndpoints
{
    public static void AddAnalytics(this IHostApplicationBuilder builder) => _ = builder;

    public static void MapAnalytics(this IEndpointRouteBuilder app) => _ = app;
}
