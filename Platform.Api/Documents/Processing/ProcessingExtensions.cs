namespace Platform.Api.Documents.Processing;

internal static class ProcessingExtensions
{
    public static void AddProcessing(this IHostApplicationBuilder builder) => _ = builder;

    public static void MapTasks(this IEndpointRouteBuilder app) => _ = app;
}
