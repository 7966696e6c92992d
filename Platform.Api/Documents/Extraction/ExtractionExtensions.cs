using Microsoft.Extensions.Options;

namespace Platform.Api.Documents.Extraction;

internal static class ExtractionExtensions
{
    public static void AddExtraction(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<ExtractionOptions>()
            .BindConfiguration(ExtractionOptions.Section)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton(services => services.GetRequiredService<IOptions<ExtractionOptions>>().Value);
        builder.Services.AddSingleton<DocumentReader>();
    }
}
