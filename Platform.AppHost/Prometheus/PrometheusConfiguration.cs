using System.Globalization;
using System.Text;

namespace Platform.AppHost.Prometheus;

/// <summary>
/// What Prometheus scrapes: everything that runs, and nothing that does not. It is written as <c>prometheus.yml</c> when the graph knows
/// where everything is.
/// </summary>
internal sealed class PrometheusConfiguration : IResourceAnnotation
{
    private readonly List<ScrapeJob> _jobs = [];
    private readonly List<Probe> _probes = [];

    /// <summary>Where alerts are sent to; nowhere when null.</summary>
    public EndpointReference? Alertmanager { get; set; }

    /// <summary>Who probes; nobody when null.</summary>
    public EndpointReference? Blackbox { get; set; }

    /// <summary>The glob of the rule files.</summary>
    public required string Rules { get; init; }

    public void Add(ScrapeJob job) => _jobs.Add(job);

    public void Add(Probe probe) => _probes.Add(probe);

    /// <summary>The whole file.</summary>
    /// <param name="address">The host and port of an endpoint, as Prometheus sees it.</param>
    public async Task<string> WriteAsync(Func<EndpointReference, ValueTask<string>> address)
    {
        var file = new StringBuilder($"""
            # Written by Platform.AppHost from the graph.
            global:
              scrape_interval: 15s
              scrape_timeout: 10s
              evaluation_interval: 15s
              external_labels:
                project: platform

            rule_files:
              - {Quoted(Rules)}

            """);
        if (Alertmanager is not null)
        {
            file.Append($"""

                alerting:
                  alertmanagers:
                    - path_prefix: /alertmanager
                      static_configs:
                        - targets: [{Quoted(await address(Alertmanager))}]

                """);
        }

        file.Append("\nscrape_configs:\n");
        foreach (var job in _jobs)
        {
            file.Append($"""
                  - job_name: {job.Name}
                    metrics_path: {job.MetricsPath}
                {await DiscoveryAsync(job, address)}

                """);
        }

        if (Blackbox is not null)
        {
            await AppendProbesAsync(file, address);
        }

        return file.ToString();
    }

    private static async Task<string> DiscoveryAsync(ScrapeJob job, Func<EndpointReference, ValueTask<string>> address) => job switch
    {
        { Files: { } files } => $"""
                    file_sd_configs:
                      - files: [{Quoted(files)}]
                        refresh_interval: 10s
                """,
        { DnsName: { } name } => $"""
                    dns_sd_configs:
                      - names: [{name}]
                        type: A
                        port: {job.Port.ToString(CultureInfo.InvariantCulture)}
                        refresh_interval: 15s
                """,
        _ => $"""
                    static_configs:
                      - targets: [{Quoted(await address(job.Endpoint!))}]
                """,
    };

    private async Task AppendProbesAsync(StringBuilder file, Func<EndpointReference, ValueTask<string>> address)
    {
        file.Append("""
              - job_name: probe
                scrape_interval: 30s
                metrics_path: /probe
                static_configs:

            """);
        foreach (var probe in _probes)
        {
            var target = await address(probe.Endpoint);
            file.Append($"""
                      - targets: [{Quoted(probe.Path is null ? target : $"{probe.Endpoint.Scheme}://{target}{probe.Path}")}]
                        labels: {'{'} __param_module: {probe.Module}, kind: {probe.Kind}, target: {probe.Target} {'}'}

                """);
        }

        // The address that is probed becomes a parameter of the question to the exporter, and the label of what comes back.
        file.Append($$"""
                relabel_configs:
                  - { source_labels: [__address__], target_label: __param_target }
                  - { source_labels: [__param_target], target_label: instance }
                  - { source_labels: [__param_module], target_label: module }
                  - { target_label: __address__, replacement: {{Quoted(await address(Blackbox!))}} }

            """);
    }

    private static string Quoted(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
}

/// <summary>What is scraped under one name: the processes that a file lists, those that a DNS name has, or one endpoint.</summary>
internal sealed record ScrapeJob(string Name)
{
    /// <summary>The path of its metrics.</summary>
    public string MetricsPath { get; init; } = "/metrics";

    /// <summary>The one endpoint.</summary>
    public EndpointReference? Endpoint { get; init; }

    /// <summary>The file that lists the targets, as <c>file_sd_configs</c> has it.</summary>
    public string? Files { get; init; }

    /// <summary>The name that has an address for every target.</summary>
    public string? DnsName { get; init; }

    /// <summary>The port at each of these addresses.</summary>
    public int Port { get; init; }
}

/// <summary>Something that the Blackbox exporter asks as a stranger would.</summary>
/// <param name="Target">Its name for people.</param>
/// <param name="Kind"><c>public</c>, <c>admin</c> or <c>server</c>.</param>
/// <param name="Module">The module of <c>Blackbox/blackbox.yaml</c>.</param>
/// <param name="Endpoint">Where it is.</param>
/// <param name="Path">The path over HTTP; null for a connection to the port.</param>
internal sealed record Probe(string Target, string Kind, string Module, EndpointReference Endpoint, string? Path);
