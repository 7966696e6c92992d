namespace Platform.Api.Notifications;

internal static class NotificationExtensions
{
    public static void AddNotifications(this IHostApplicationBuilder builder) => _ = builder;
}
