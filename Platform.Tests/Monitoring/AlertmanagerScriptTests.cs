using Platform.Tests.Fixtures;
using Platform.Tests.Publishing;

namespace Platform.Tests.Monitoring;

/// <summary>The script that writes Alertmanager's configuration, run by this machine's sh, and judged by amtool.</summary>
public sealed class AlertmanagerScriptTests : IDisposable
{
    // A password of quotes, blanks, a backslash, a line break and what a shell or YAML would take for its own.
    private const string Smtp = "smtp://us%40er:p%22a%27s%20s%5Cw%24%23%0A%60x%60%C3%A9%25:@mail.example.org";
    private const string Slack = "https://hooks.slack.com/services/T/\"B'/$(id) `id` #y\\z\r\n";
    private const string PagerDuty = "k\"e'y $HOME #b: - {x} *&!\n";
    private const string Webhook = "http://127.0.0.1:1/?a=$b&c=\"d\" #'e'\n";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("platform-test-");
    private readonly bool _isThere = Programs.AreThere("amtool");

    public static TheoryData<int> Combinations => [.. Enumerable.Range(0, 16)];

    private string Configuration => Path.Combine(_folder.FullName, "alertmanager.yml");

    [Theory]
    [MemberData(nameof(Combinations))]
    [Trait("Defect", "D31")]
    public async Task Every_combination_of_channels_is_a_configuration(int channels)
    {
        Dictionary<string, string> environment = new()
        {
            ["SMTP_URL"] = (channels & 1) == 0 ? "" : Smtp,
            ["MAIL_TO"] = (channels & 1) == 0 ? "" : "\"Doe, 'Jo' #1\" <jo@example.org>, owner@example.org",
            ["SLACK_URL"] = (channels & 2) == 0 ? "" : Slack,
            ["PAGERDUTY_KEY"] = (channels & 4) == 0 ? "" : PagerDuty,
            ["ALERT_WEBHOOK_URL"] = (channels & 8) == 0 ? "" : Webhook,
        };
        var run = await RunAsync(environment, "true");
        Assert.Equal(
            channels == 0 ? "alertmanager.sh: no channel is configured: alerts are seen at /alertmanager/ only.\n" : "", run.Error);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Configuration));
        if (_isThere)
        {
            var check = await MonitoringProgram.RunAsync("amtool", "check-config", Configuration);
            Assert.True(check.ExitCode == 0, check.Console);
        }

        var text = await File.ReadAllTextAsync(Configuration);
        Assert.Equal((channels & 1) == 0 ? 0 : 3, Occurrences(text, "email_configs:"));
        Assert.Equal((channels & 2) == 0 ? 0 : 3, Occurrences(text, "slack_configs:"));
        // People are not called at night for a warning.
        Assert.Equal((channels & 4) == 0 ? 0 : 1, Occurrences(text, "pagerduty_configs:"));
        Assert.Equal((channels & 8) == 0 ? 0 : 3, Occurrences(text, "webhook_configs:"));
    }

    [Fact]
    public async Task What_was_percent_encoded_arrives_as_it_was_meant()
    {
        await RunAsync(new() { ["SMTP_URL"] = Smtp, ["MAIL_TO"] = "owner@example.org" }, "true");
        var text = await File.ReadAllTextAsync(Configuration);
        Assert.Contains("""smtp_auth_username: "us@er" """.TrimEnd(), text, StringComparison.Ordinal);
        Assert.Contains("""smtp_auth_password: "p\"a's s\\w$#\n`x`é%:" """.TrimEnd(), text, StringComparison.Ordinal);
        Assert.Contains("smtp_from: \"alerts@example.org\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("smtps://u:p@mail.example.org", "mail.example.org:465", true, true)]
    [InlineData("smtps://mail.example.org:465/", "mail.example.org:465", true, false)]
    [InlineData("smtp://u:p@mail.example.org", "mail.example.org:587", true, true)]
    [InlineData("smtp://u:p@mail.example.org:2525", "mail.example.org:2525", true, true)]
    [InlineData("smtp://mail.example.org", "mail.example.org:25", false, false)]
    [InlineData("smtp://127.0.0.1:1025", "127.0.0.1:1025", false, false)]
    [InlineData("smtp://[::1]", "[::1]:25", false, false)]
    [InlineData("smtp://u:p@[::1]:1025", "[::1]:1025", true, true)]
    public async Task A_password_goes_over_TLS_or_not_at_all(string url, string server, bool tls, bool password)
    {
        var run = await RunAsync(new() { ["SMTP_URL"] = url, ["MAIL_TO"] = "owner@example.org" }, "true");
        Assert.Empty(run.Error);
        var text = await File.ReadAllTextAsync(Configuration);
        Assert.Contains($"smtp_smarthost: \"{server}\"\n", text, StringComparison.Ordinal);
        Assert.Contains($"smtp_require_tls: {(tls ? "true" : "false")}\n", text, StringComparison.Ordinal);
        Assert.Equal(password, text.Contains("smtp_auth_password: \"p\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("smtps://mail.example.org:2465", "owner@example.org", "smtps works on port 465 only")]
    [InlineData("smtp://mail.example.org", "", "MAIL_TO is not")]
    public async Task What_cannot_work_is_said(string url, string to, string complaint)
    {
        var run = await RunAsync(new() { ["SMTP_URL"] = url, ["MAIL_TO"] = to, ["ALERT_WEBHOOK_URL"] = "http://127.0.0.1:1/" }, "true");
        Assert.Contains(complaint, Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_is_on_no_command_line_and_in_no_environment_of_what_comes_after()
    {
        // In place of every program that the script may run: one that writes down how it was called.
        var log = Path.Combine(_folder.FullName, "calls");
        foreach (var name in (string[])["awk", "cat", "rm", "sed", "tr"])
        {
            var real = Path.Combine("/usr/bin", name);
            await WriteProgramAsync(name, $"#!/bin/sh\nprintf '%s\\n' \"{name} $*\" >>'{log}'\nexec {real} \"$@\"\n");
        }

        await WriteProgramAsync("program", $"#!/bin/sh\nprintf '%s\\n' \"program $*\" >>'{log}'\nenv >>'{log}'\n");
        var run = await RunAsync(
            new()
            {
                ["SMTP_URL"] = "smtp://user:secret-1@mail.example.org",
                ["MAIL_TO"] = "owner@example.org",
                ["SLACK_URL"] = "https://hooks.slack.com/secret-2",
                ["PAGERDUTY_KEY"] = "secret-3",
                ["ALERT_WEBHOOK_URL"] = "http://127.0.0.1:1/secret-4",
                ["PATH"] = $"{_folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}",
            },
            "program", "--storage.path=/data", "a b");
        Assert.True(run.ExitCode == 0, run.Console);
        var calls = await File.ReadAllTextAsync(log);
        Assert.Contains(
            $"program --storage.path=/data a b --config.file={Configuration} --web.external-url=https://example.org/alertmanager/\n",
            calls,
            StringComparison.Ordinal);
        Assert.Contains("sed ", calls, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-", calls, StringComparison.Ordinal);
        Assert.Equal(4, new[] { 1, 2, 3, 4 }.Count(
            number => File.ReadAllText(Configuration).Contains($"secret-{number}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_file_that_others_could_read_is_replaced()
    {
        await File.WriteAllTextAsync(Configuration, "old");
        File.SetUnixFileMode(Configuration, (UnixFileMode)0b110_100_100);
        await RunAsync([], "true");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Configuration));
        Assert.DoesNotContain("old\n", await File.ReadAllTextAsync(Configuration), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("critical", "application", "page")]
    [InlineData("critical", "infrastructure", "page")]
    [InlineData("critical", "database", "page")]
    [InlineData("critical", "security", "page")]
    [InlineData("critical", "slo", "page")]
    [InlineData("warning", "application", "team")]
    [InlineData("warning", "infrastructure", "team")]
    [InlineData("warning", "database", "team")]
    [InlineData("warning", "security", "team")]
    [InlineData("warning", "slo", "team")]
    [InlineData("info", "slo", "note")]
    [Trait("Defect", "D31")]
    public async Task An_alert_goes_to_who_should_hear_of_it(string severity, string category, string receiver)
    {
        await RunAsync(new() { ["ALERT_WEBHOOK_URL"] = "http://127.0.0.1:1/" }, "true");
        if (_isThere)
        {
            var routes = await MonitoringProgram.RunAsync(
                "amtool", "config", "routes", "test", $"--config.file={Configuration}", $"severity={severity}", $"category={category}");
            Assert.Equal(receiver, routes.Output.Trim());
        }
    }

    [Fact]
    [Trait("Defect", "D31")]
    public async Task Inhibition_names_alerts_that_exist()
    {
        await RunAsync([], "true");
        var names = RulesInRepository.Alerts.Select(rule => rule.Alert!).ToArray();
        var matchers = (await File.ReadAllLinesAsync(Configuration))
            .SelectMany(line => line.Split("alertname=").Skip(1))
            .SelectMany(matcher => matcher.TrimStart('~')[1..].Split('"')[0].Split('|'))
            .ToArray();
        Assert.NotEmpty(matchers);
        Assert.All(matchers, matcher => Assert.Contains(
            names, name => matcher.EndsWith(".*", StringComparison.Ordinal) ? name.StartsWith(matcher[..^2], StringComparison.Ordinal) : name == matcher));
    }

    [Theory]
    [InlineData("platform.subject")]
    [InlineData("platform.text")]
    [InlineData("platform.html")]
    [InlineData("platform.slack")]
    [Trait("Defect", "D31")]
    public async Task Alertmanager_knows_every_function_of_the_messages(string template)
    {
        if (_isThere)
        {
            var render = await MonitoringProgram.RunAsync(
                "amtool", "template", "render", $"--template.glob={Template}", $$$"""--template.text={{ template "{{{template}}}" . }}""");
            Assert.True(render.ExitCode == 0, render.Console);
            Assert.NotEmpty(render.Output.Trim());
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Script { get; } = Path.Combine(Repository.Root, "Platform.AppHost", "Alertmanager", "alertmanager.sh");

    private static string Template { get; } = Path.Combine(Repository.Root, "Platform.AppHost", "Alertmanager", "platform.tmpl");

    private Task<Publication> RunAsync(Dictionary<string, string> environment, params string[] program)
    {
        var start = MonitoringProgram.Start("sh", [Script, .. program]);
        start.Environment["CONFIG_FILE"] = Configuration;
        start.Environment["TEMPLATES"] = Template;
        start.Environment["SITE_URL"] = "https://example.org";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Publication.RunAsync(start);
    }

    private async Task WriteProgramAsync(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        await File.WriteAllTextAsync(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static int Occurrences(string text, string part) => text.Split(part).Length - 1;
}
