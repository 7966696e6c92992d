namespace Platform.Api.Storage;

internal static class StorageExtensions
{
    public static void AddObjectStore(this IHostApplicationBuilder builder) => _ = builder;
}
