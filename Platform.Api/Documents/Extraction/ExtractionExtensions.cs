namespace Platform.Api.Documents.Extraction;

internal static class ExtractionExtensions
{
    public static void AddExtraction(this IHostApplicationBuilder builder) => builder.Services.AddSingleton<DocumentReader>();
}
