using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Platform.Tools;

namespace Platform.AppHost.Mail;

internal static partial class MailExtensions
{
    private const string Owner = "owner@platform.local";
    private const string Sender = "platform@platform.local";

    /// <summary>
    /// The mail server that the parameter <c>smtp-url</c> names; where it names none, a private maildev in the embedded topology, and no mail
    /// in containers. Null, too, when the parameter <c>mail-to</c> is given and empty, which turns mail off.
    /// </summary>
    public static MailServer? AddMail(this IDistributedApplicationBuilder builder, string name, PlatformTopology topology)
    {
        var to = builder.Given(KnownParameters.MailTo) ?? Owner;
        var url = builder.Given(KnownParameters.SmtpUrl) ?? "";
        if (builder.ExecutionContext.IsRunMode && (to.Length == 0 || (url.Length == 0 && topology == PlatformTopology.Containers)))
        {
            return null;
        }

        var recipient = builder.AddChoice(KnownParameters.MailTo, Owner);
        if (url.Length > 0 || builder.ExecutionContext.IsPublishMode)
        {
            var smtpUrl = builder.AddChoice(KnownParameters.SmtpUrl, url, secret: true);
            return new(ReferenceExpression.Create($"{smtpUrl}"), recipient, ReferenceExpression.Create($"{recipient}"));
        }

        var maildev = builder.AddMaildev(name);
        return new(maildev.Resource.SmtpUrl, recipient, ReferenceExpression.Create($"{Sender}")) { Maildev = maildev };
    }

    /// <summary>
    /// A private maildev as a process of this machine: fetched on first use, listening on loopback only, on any free ports, started again
    /// when it dies.
    /// </summary>
    public static IResourceBuilder<MaildevResource> AddMaildev(this IDistributedApplicationBuilder builder, string name)
    {
        var tools = Path.GetFullPath(Path.Combine("..", ".platform", "tools"), builder.AppHostDirectory);
        var mails = Path.Combine(builder.DataDirectory(), name);
        var maildev = new MaildevResource(name, builder.AppHostDirectory);
        builder.Eventing.Subscribe<BeforeStartEvent>(async (starting, cancellationToken) =>
        {
            var log = starting.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Platform.AppHost");
            try
            {
                await NpmPackages.Maildev.InstallAsync(tools, line => LogProgress(log, line), cancellationToken);
                Directory.CreateDirectory(mails);
            }
            catch (Exception exception) when (exception is NpmPackageException or IOException or UnauthorizedAccessException)
            {
                throw new DistributedApplicationException($"The inbox cannot be run: {exception.Message}", exception);
            }
        });
        return builder.AddResource(maildev)
            .WithEndpoint(scheme: "smtp", name: MaildevResource.SmtpEndpointName, isProxied: false)
            .WithHttpEndpoint(name: MaildevResource.HttpEndpointName, isProxied: false)
            .WithArgs(
                Path.Combine(NpmPackages.Maildev.DirectoryIn(tools), "bin", "maildev"),
                "--ip", "127.0.0.1", "--web-ip", "127.0.0.1", "--mail-directory", mails, "--silent")
            .WithArgs(context =>
            {
                context.Args.Add("--smtp");
                context.Args.Add(new EndpointReference(maildev, MaildevResource.SmtpEndpointName).Property(EndpointProperty.TargetPort));
                context.Args.Add("--web");
                context.Args.Add(new EndpointReference(maildev, MaildevResource.HttpEndpointName).Property(EndpointProperty.TargetPort));
            })
            .WithHttpHealthCheck("/healthz", endpointName: MaildevResource.HttpEndpointName)
            .WithUrlForEndpoint(MaildevResource.HttpEndpointName, url => url.DisplayText = "Inbox")
            .WithUrlForEndpoint(MaildevResource.SmtpEndpointName, url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly)
            .WithInboxCommand()
            .WithRestart();
    }

    /// <summary>A command of the dashboard that offers the inbox, wherever it listens this time.</summary>
    private static IResourceBuilder<MaildevResource> WithInboxCommand(this IResourceBuilder<MaildevResource> maildev) => maildev.WithCommand(
        "open-inbox",
        "Open the inbox",
        async context =>
        {
#pragma warning disable ASPIREINTERACTION001 // The only way to give the person at the dashboard a link; it is for evaluation in Aspire 13.
            var interaction = context.Services.GetRequiredService<IInteractionService>();
            var inbox = new EndpointReference(maildev.Resource, MaildevResource.HttpEndpointName).Url;
            if (interaction.IsAvailable)
            {
                // It stays until somebody follows it or closes it, and the command is done meanwhile.
                _ = interaction.PromptNotificationAsync(
                    "Inbox", "Mail that Platform sent is kept here, and delivered to nobody.",
                    new NotificationInteractionOptions { Intent = MessageIntent.Information, LinkText = "Open", LinkUrl = inbox },
                    CancellationToken.None);
            }
#pragma warning restore ASPIREINTERACTION001
            return CommandResults.Success(inbox);
        },
        new CommandOptions { Description = "Shows a link to the mail that Platform sent.", IconName = "MailInbox" });

    /// <summary>Has the service tell the owner by mail. It does not wait for the server, whose absence delays mail and nothing else.</summary>
    public static IResourceBuilder<ProjectResource> WithMail(this IResourceBuilder<ProjectResource> service, MailServer? mail) => mail is null
        ? service
        : service
            .WithEnvironment("Mail__SmtpUrl", $"{mail.SmtpUrl}")
            .WithEnvironment("Mail__From", $"{mail.From}")
            .WithEnvironment("Mail__To", mail.To);

    [LoggerMessage(LogLevel.Information, "{Line}")]
    private static partial void LogProgress(ILogger logger, string line);
}

/// <summary>Where mail goes.</summary>
internal sealed record MailServer(ReferenceExpression SmtpUrl, IResourceBuilder<ParameterResource> To, ReferenceExpression From)
{
    /// <summary>The server, where it is the graph's own.</summary>
    public IResourceBuilder<MaildevResource>? Maildev { get; init; }
}
