using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Platform.Tests.Api;
using Platform.Tests.Edge;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Monitoring;

/// <summary>
/// What exists: API and edge run, do some of everything, and are scraped; the exporters' lists; the recording rules.
/// </summary>
public sealed class MetricNamesFixture : IAsyncLifetime
{
    /// <summary>What comes only when something has happened, a while later.</summary>
    private static readonly (string Job, string Series)[] Late =
    [
        ("api", "document_processing_duration_seconds_count{otel_scope_name=\"Platform.Api\",outcome=\"success\",stage=\"enrich\"}"),
        ("api", "outbox_oldest_age_seconds{"), ("api", "document_task_oldest_age_seconds{"), ("edge", "edge_upstream_healthy{"),
        ("api", "backup_last_success_timestamp_seconds{"),
        ("api", "health_check_status{"), ("edge", "health_check_status{"),
        ("api", "dotnet_exceptions_total{"), ("edge", "dotnet_exceptions_total{"),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;

    internal MetricNamesCatalogue Catalogue { get; } = new();

    public async Task InitializeAsync()
    {
        await using var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        var database = await postgres.CreateDatabaseAsync();
        await using var api = await (await ApiFixture.StartAsync(
            database,
            ("Storage__Directory", Path.Combine(_folder, "objects")),
            ("Backups__Url", Path.Combine(_folder, "backups")), ("Backups__StartDelay", "00:00:01"),
            ("Mail__SmtpUrl", $"smtp://127.0.0.1:{FreePort.Next()}"), ("Mail__From", "platform@example.org"), ("Mail__To", "owner@example.org")))
            .WhenReadyAsync();
        // One replica is away, so that there is an error to be counted.
        await using var edge = await EdgeUnderTest.StartAsync(
            [$"http://127.0.0.1:{api.Port}", $"http://127.0.0.1:{FreePort.Next()}"], Settings(), wideLimits: true);
        var contact = await ApiFixture.SubmitAsync(api, ApiFixture.Submission());
        await Uploads.UploadAsync(api, contact.GetProperty("contactId").GetString()!, "A text to be found.");
        using var found = await ApiFixture.GetAsync(api, "/documents/search?q=text");
        var scrapes = new Dictionary<string, string>();
        await Eventually.IsTrueAsync(
            async () =>
            {
                using var page = await edge.Client.GetAsync("/stats");
                scrapes["api"] = await api.Management.GetStringAsync("/metrics");
                scrapes["edge"] = await edge.Management.GetStringAsync("/metrics");
                return Late.All(late => scrapes[late.Job].Contains(late.Series, StringComparison.Ordinal));
            },
            TimeSpan.FromSeconds(60));
        foreach (var (job, exposition) in scrapes)
        {
            Catalogue.AddScrape(job, exposition);
        }

        Catalogue.AddExporters();
        Catalogue.AddRecorded();
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    private Dictionary<string, string> Settings()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        var (certificatePath, keyPath, port) = (Path.Combine(_folder, "tls.crt"), Path.Combine(_folder, "tls.key"), FreePort.Next());
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        return new()
        {
            ["Proxy__HealthInterval"] = "00:00:01",
            ["Tls__CertificatePath"] = certificatePath,
            ["Tls__KeyPath"] = keyPath,
            ["Tls__PublicPort"] = $"{port}",
            ["ASPNETCORE_URLS"] = $"https://127.0.0.1:{port}",
        };
    }
}
