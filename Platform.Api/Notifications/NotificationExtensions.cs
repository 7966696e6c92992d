using Microsoft.Extensions.Options;
using Platform.Api.Database;

namespace Platform.Api.Notifications;

internal static class NotificationExtensions
{
    /// <summary>Adds the mail that tells the owner of new contacts, when there is a server and a recipient.</summary>
    public static void AddNotifications(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<MailOptions>().BindConfiguration(MailOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton(services => services.GetRequiredService<IOptions<MailOptions>>().Value);
        if (builder.Configuration.GetSection(MailOptions.Section).Get<MailOptions>() is not { IsOn: true })
        {
            return;
        }
        builder.Services.AddSingleton<Outbox>();
        builder.Services.AddActivatedSingleton<OutboxMetrics>();
        builder.Services.AddHostedService<MailSender>();
        builder.Services.AddRetention("outbox", "sent_at <= now() - interval '7 days'");
    }
}
