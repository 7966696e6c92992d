using Platform.Api.Database;

namespace Platform.Api.Idempotency;

internal static class IdempotencyExtensions
{
    public static void AddIdempotency(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IdempotencyKeys>();
        builder.Services.AddRetention("idempotency_keys", IdempotencyKeys.Expired);
    }
}
