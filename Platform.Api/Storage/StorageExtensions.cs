using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Platform.Api.Storage;

internal static class StorageExtensions
{
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(1.2);

    public static void AddObjectStore(this IHostApplicationBuilder builder)
    {
        var section = builder.Configuration.GetSection(StorageOptions.Section);
        builder.Services.AddOptions<StorageOptions>().Bind(section).ValidateDataAnnotations().ValidateOnStart();
        if (section[nameof(StorageOptions.Provider)] == "s3")
        {
            builder.Services.AddSingleton(services => new S3ObjectStore(
                services.GetRequiredService<IOptions<StorageOptions>>().Value.S3,
                builder.Configuration.GetConnectionString(S3ObjectStore.ConnectionName)));
            builder.Services.AddMeasured<S3ObjectStore>();
        }
        else
        {
            builder.Services.AddSingleton(
                services => new FileObjectStore(services.GetRequiredService<IOptions<StorageOptions>>().Value.Directory));
            builder.Services.AddMeasured<FileObjectStore>();
        }
        builder.Services.AddSingleton<UnreferencedObjects>();
        builder.Services.AddHostedService<ObjectStorePreparation>();
        builder.Services.AddHealthChecks().AddCheck<ObjectStoreCheck>(
            ObjectStoreCheck.Name, HealthStatus.Degraded, tags: [], timeout: CheckTimeout);
    }

    private static void AddMeasured<T>(this IServiceCollection services) where T : class, IObjectStore =>
        services.AddSingleton<IObjectStore>(provider =>
            new MeasuredObjectStore(provider.GetRequiredService<T>(), provider.GetRequiredService<IMeterFactory>()));
}
