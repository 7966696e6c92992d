using System.Net.Http.Json;
using System.Text.Json;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>A real Alertmanager, started by the script, that tells a webhook and a mail server.</summary>
public sealed class AlertmanagerTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string Folder = Path.Combine(Repository.Root, "Platform.AppHost", "Alertmanager");

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("platform-test-");
    private readonly bool _isThere = Programs.AreThere("prometheus-alertmanager");
    private readonly HttpClient _client = new();
    private readonly Webhook _webhook = new();
    private Maildev _mail = null!;
    private MonitoringProgram? _alertmanager;

    public async Task InitializeAsync()
    {
        _mail = await Maildev.StartAsync();
        _client.BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}/alertmanager/");
        if (!_isThere)
        {
            return;
        }

        var start = MonitoringProgram.Start(
            "sh", Path.Combine(Folder, "alertmanager.sh"), "prometheus-alertmanager", $"--storage.path={_data.FullName}",
            $"--web.listen-address={_client.BaseAddress.Authority}", "--web.route-prefix=/alertmanager/", "--cluster.listen-address=");
        start.Environment["CONFIG_FILE"] = Path.Combine(_data.FullName, "alertmanager.yml");
        start.Environment["TEMPLATES"] = Path.Combine(Folder, "platform.tmpl");
        start.Environment["SITE_URL"] = "https://example.org";
        start.Environment["ALERT_WEBHOOK_URL"] = _webhook.Url;
        start.Environment["SMTP_URL"] = _mail.SmtpUrl;
        start.Environment["MAIL_TO"] = "owner@example.org";
        _alertmanager = await MonitoringProgram.StartAsync(start, new Uri(_client.BaseAddress, "-/ready"));
    }

    public async Task DisposeAsync()
    {
        if (_alertmanager is not null)
        {
            await _alertmanager.DisposeAsync();
        }

        _client.Dispose();
        await _mail.DisposeAsync();
        await _webhook.DisposeAsync();
        _data.Delete(recursive: true);
    }

    [Fact]
    [Trait("Defect", "D31")]
    public async Task A_critical_alert_is_told_at_once_and_mutes_what_follows_from_it()
    {
        if (!_isThere)
        {
            return;
        }

        await PostAsync("PostgresDown", "critical", "database", "The database is down", "PostgreSQL <b>does not</b> answer & \"waits\".");
        await WhenToldAsync("PostgresDown");
        await PostAsync("HighErrorRate", "critical", "application", "A service fails very often", "6 requests a second fail.");
        await PostAsync("HostCpuCritical", "critical", "infrastructure", "A host has no processor time left", "It has none.");
        await PostAsync("HostCpuHigh", "warning", "infrastructure", "The processors of a host are busy", "They are.");
        await WhenToldAsync("HostCpuCritical");

        // The muted ones came before the last that was told, and at the same rate would have been told before it.
        Assert.DoesNotContain("HighErrorRate", Told());
        var alerts = await _client.GetFromJsonAsync<JsonElement>("api/v2/alerts");
        Assert.Equal("suppressed", StateOf("HighErrorRate"));
        Assert.Equal("suppressed", StateOf("HostCpuHigh"));
        Assert.Equal("active", StateOf("PostgresDown"));

        var mails = await _mail.MailsAsync(2);
        var mail = mails.Single(mail => mail.GetProperty("subject").GetString() == "[CRITICAL] The database is down");
        Assert.Equal("owner@example.org", mail.GetProperty("to")[0].GetProperty("address").GetString());
        Assert.Equal("alerts@example.org", mail.GetProperty("from")[0].GetProperty("address").GetString());
        var text = mail.GetProperty("text").GetString();
        Assert.Contains("FIRING critical: The database is down (PostgresDown)", text, StringComparison.Ordinal);
        Assert.Contains("PostgreSQL <b>does not</b> answer & \"waits\".", text, StringComparison.Ordinal);
        Assert.Contains("https://example.org/console/runbooks/PostgresDown", text, StringComparison.Ordinal);
        Assert.Contains("All alerts: https://example.org/alertmanager\n", text, StringComparison.Ordinal);
        var html = mail.GetProperty("html").GetString();
        Assert.Contains("<a href=\"https://example.org/console/runbooks/PostgresDown\">", html, StringComparison.Ordinal);
        Assert.Contains("PostgreSQL &lt;b&gt;does not&lt;/b&gt; answer &amp;", html, StringComparison.Ordinal);

        string? StateOf(string name) => alerts.EnumerateArray()
            .Single(alert => alert.GetProperty("labels").GetProperty("alertname").GetString() == name)
            .GetProperty("status").GetProperty("state").GetString();
    }

    private async Task PostAsync(string name, string severity, string category, string summary, string description)
    {
        using var answer = await _client.PostAsJsonAsync("api/v2/alerts", new[]
        {
            new
            {
                labels = new { alertname = name, severity, category, instance = "host:9100" },
                annotations = new { summary, description, runbook_url = $"https://example.org/console/runbooks/{name}" },
            },
        });
        answer.EnsureSuccessStatusCode();
    }

    private Task WhenToldAsync(string name) => Eventually.IsTrueAsync(() => Task.FromResult(Told().Contains(name)), Patience);

    private string[] Told() => [.. _webhook.Alerts.Select(alert => alert.Name)];
}
