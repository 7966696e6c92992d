namespace Platform.Api.Idempotency;

internal static class IdempotencyExtensions
{
    public static void AddIdempotency(this IHostApplicationBuilder builder) => builder.Services.AddSingleton<IdempotencyKeys>();
}
