namespace Platform.AppHost.Alertmanager;

/// <summary>Who is told of alerts, and how: Alertmanager.</summary>
internal static class AlertmanagerExtensions
{
    /// <summary>The path below which it is reached through the edge, and everywhere else.</summary>
    private const string BasePath = "/alertmanager";

    private const string Script = "alertmanager.sh";

    private static readonly MonitorProgram Program = new()
    {
        Image = "prom/alertmanager",
        Tag = "v0.32.1",
        Programs = ["prometheus-alertmanager", "alertmanager"],
        Port = 9093,
        HealthPath = BasePath + "/-/healthy",
        Memory = "128M",
        StartedByShell = true,
    };

    /// <summary>
    /// An Alertmanager that tells by mail, and over the channels that the parameters <c>alert-webhook-url</c>, <c>slack-url</c> and
    /// <c>pagerduty-key</c> give. It reads no variables itself: a script writes its configuration from them and starts it.
    /// </summary>
    public static IResourceBuilder<IMonitor>? AddAlertmanager(
        this IDistributedApplicationBuilder builder, string name, PlatformTopology topology, ReferenceExpression site, MailServer? mail)
    {
        if (builder.AddMonitor(name, topology, Program) is not { } alertmanager)
        {
            return null;
        }

        var files = alertmanager.WithFilesOf("Alertmanager", Script, "platform.tmpl");
        var (program, configuration) = ("/bin/alertmanager", "/tmp/alertmanager.yml");
        if (alertmanager is IResourceBuilder<MonitorContainer> container)
        {
            container.WithEntrypoint(MonitorProgram.Shell);
        }
        else
        {
            program = ((MonitorProcess)alertmanager.Resource).Program;
            configuration = Path.Combine(alertmanager.OwnFolder(), "alertmanager.yml");
            alertmanager.WithArgs(_ => Directory.CreateDirectory(alertmanager.OwnFolder()));
        }

        alertmanager
            .WithArgs(
                $"{files}/{Script}", program,
                $"--storage.path={alertmanager.WithDataFolder("/alertmanager")}",
                // Who was told of what is remembered for longer than the longest pause between two reminders, a week.
                "--data.retention=192h",
                $"--web.route-prefix={BasePath}/",
                // There is one of it: nobody to gossip with.
                "--cluster.listen-address=")
            .WithArgs(context => context.Args.Add(ReferenceExpression.Create($"--web.listen-address={alertmanager.ListenAddress()}")))
            .WithEnvironment("CONFIG_FILE", configuration)
            .WithEnvironment("TEMPLATES", $"{files}/platform.tmpl")
            .WithEnvironment("SITE_URL", $"{site}");
        if (mail is not null)
        {
            alertmanager
                .WithEnvironment("SMTP_URL", $"{mail.SmtpUrl}")
                .WithEnvironment("MAIL_FROM", $"{mail.From}")
                .WithEnvironment("MAIL_TO", mail.To);
        }

        return alertmanager
            .WithChannel("ALERT_WEBHOOK_URL", KnownParameters.AlertWebhookUrl)
            .WithChannel("SLACK_URL", KnownParameters.SlackUrl)
            .WithChannel("PAGERDUTY_KEY", KnownParameters.PagerDutyKey);
    }

    private static IResourceBuilder<IMonitor> WithChannel(this IResourceBuilder<IMonitor> alertmanager, string variable, string parameter)
    {
        var builder = alertmanager.ApplicationBuilder;
        return string.IsNullOrEmpty(builder.Given(parameter)) && builder.ExecutionContext.IsRunMode
            ? alertmanager
            : alertmanager.WithEnvironment(variable, builder.AddChoice(parameter, "", secret: true));
    }
}
