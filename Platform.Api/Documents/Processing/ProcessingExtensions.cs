namespace Platform.Api.Documents.Processing;

internal static class ProcessingExtensions
{
    public static void AddProcessing(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<ProcessingOptions>()
            .BindConfiguration(ProcessingOptions.Section)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<TaskQueue>();
        builder.Services.AddSingleton<IndexedDocuments>();
        builder.Services.AddSingleton<ProcessDocument>();
        builder.Services.AddSingleton<Reindex>();
        builder.Services.AddSingleton<ProcessingMetrics>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ProcessingMetrics>());
        builder.Services.AddHostedService<TaskRunner>();
    }
}
