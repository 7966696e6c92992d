using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Edge;

/// <summary>
/// A real Prometheus that scrapes an edge, as itself and in the API's place, and evaluates rules with the names that Platform's have, all of it each
/// second. What only the API reports is a rule, too.
/// </summary>
internal sealed class StatusPrometheus : IAsyncDisposable
{
    private const string Rules = """
        groups:
          - name: recorded
            rules:
              - { record: "service:http_requests:rate5m", expr: "sum by (job) (rate(http_server_request_duration_seconds_count[5m]))" }
              - { record: "service:http_errors:ratio_rate5m", expr: "0 * service:http_requests:rate5m" }
              - { record: "service:http_request_duration_seconds:p95_5m", expr: "0.0123456 + 0 * service:http_requests:rate5m" }
              - { record: "slo:requests:rate5m", expr: "sum(rate(http_server_request_duration_seconds_count{job=\"edge\"}[5m]))" }
              - { record: "slo:latency:p95_5m", expr: "vector(0.0123456)" }
              - { record: "slo:availability:ratio_30d", expr: "vector(0.99876)" }
              - { record: "slo:error_budget_remaining:ratio", expr: "vector(0.75)" }
              - { record: "health_check_status", labels: { job: api, check: PostgreSql }, expr: "vector(1)" }
              - { record: "health_check_status", labels: { job: api, check: object-store }, expr: "vector(0.5)" }
              - { record: "document_tasks", labels: { state: queued }, expr: "vector(7)" }
          - name: alerts
            rules:
              - alert: HighErrorRate
                expr: up{job="edge"} == 1
                labels: { severity: critical, category: application, inside: hidden-label }
                annotations: { summary: A service fails very often, description: "hidden-description of {{ $labels.instance }}" }
              - alert: RequestRateFlood
                expr: vector(1)
                labels: { severity: critical, category: security }
                annotations: { summary: A flood of requests }
              - alert: HostDiskSpaceCritical
                expr: vector(1)
                labels: { severity: critical, category: infrastructure }
                annotations: { summary: A disk is nearly full }
              - alert: QueueIsSlow
                expr: vector(1)
                labels: { severity: warning, category: application }
                annotations: { summary: Documents wait long }
        """;

    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly HttpClient _client;

    private StatusPrometheus(Process process, DirectoryInfo folder, string url)
    {
        _process = process;
        _folder = folder;
        Url = url;
        _client = new HttpClient { BaseAddress = new Uri($"{url}/prometheus/api/v1/") };
    }

    public string Url { get; }

    public static async Task<StatusPrometheus> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("status-prometheus-");
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "rules.yaml"), Rules);
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "targets.json"), "[]");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "prometheus.yaml"), """
            global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
            rule_files: [rules.yaml]
            scrape_configs:
              - { job_name: edge, file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }] }
              - { job_name: api, file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }] }
            """);
        var process = Process.Start(new ProcessStartInfo("prometheus",
        [
            $"--config.file={folder.FullName}/prometheus.yaml", $"--storage.tsdb.path={folder.FullName}/data",
            $"--web.listen-address={new Uri(url).Authority}", "--web.route-prefix=/prometheus", "--log.level=error",
        ]))!;
        var prometheus = new StatusPrometheus(process, folder, url);
        await Eventually.IsTrueAsync(prometheus.IsReadyAsync, TimeSpan.FromSeconds(30));
        return prometheus;
    }

    /// <summary>Begins to scrape the edge, and returns when everything has been measured.</summary>
    public async Task WatchAsync(ServiceProcess edge)
    {
        // Prometheus watches the file, and must not see half of it.
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "new"), $$"""[{"targets":["127.0.0.1:{{edge.ManagementPort}}"]}]""");
        File.Move(Path.Combine(_folder.FullName, "new"), Path.Combine(_folder.FullName, "targets.json"), overwrite: true);
        await Eventually.IsTrueAsync(
            async () =>
            {
                using var visit = await edge.Client.GetAsync("/");
                // The edge asks for what was at the last whole second.
                return await CountAsync("slo:requests:rate5m offset 3s > 0") == 1
                    && await CountAsync("""ALERTS{alertstate="firing"} offset 3s""") == 4
                    && await CountAsync("service:http_errors:ratio_rate5m offset 3s") == 2;
            },
            TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _client.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<bool> IsReadyAsync()
    {
        Assert.False(_process.HasExited, "Prometheus has ended.");
        try
        {
            using var answer = await _client.GetAsync($"{Url}/prometheus/-/ready");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<int> CountAsync(string expression)
    {
        var answer = await _client.GetFromJsonAsync<JsonElement>($"query?query={Uri.EscapeDataString(expression)}");
        return answer.GetProperty("data").GetProperty("result").GetArrayLength();
    }
}
