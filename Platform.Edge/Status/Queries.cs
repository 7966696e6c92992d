namespace Platform.Edge.Status;

/// <summary>
/// Everything that Prometheus is asked. Nothing of a visitor's gets into it. Several expressions are one query, told apart by a label, so that a
/// page costs few.
/// </summary>
internal static class Queries
{
    /// <summary>The label of <see cref="Components"/>, and of the two below that measure them over time.</summary>
    public const string Component = "component";

    /// <summary>The label of <see cref="Figures"/>.</summary>
    public const string Figure = "figure";

    /// <summary>The label of <see cref="Charts"/>.</summary>
    public const string Chart = "chart";

    /// <summary>Queues that stand still for longer are an outage, as the alerts have it.</summary>
    private const string LongestWait = "900";

    /// <summary>
    /// 1 for a component that works, 0 for one that does not, nothing for one that is not measured. With several replicas, one that sees the
    /// component work is enough: the others are not asked.
    /// </summary>
    public static readonly string Components = Labelled(
        Component,
        ("website", "max(up{job=\"edge\"})"),
        ("service", "max(up{job=\"api\"})"),
        ("database", "max(health_check_status{job=\"api\",check=\"PostgreSql\"}) == bool 1"),
        ("storage", "max(health_check_status{job=\"api\",check=\"object-store\"}) == bool 1"),
        ("search", "max(health_check_status{job=\"api\",check=\"search-index\"}) == bool 1"),
        ("processing", $"max(document_task_oldest_age_seconds) <= bool {LongestWait}"),
        ("mail", $"max(outbox_oldest_age_seconds) <= bool {LongestWait}"));

    /// <summary>The part of a day's measurements in which a component worked. A day that has not ended counts as far as it has come.</summary>
    public static readonly string ComponentsByDay = $"avg_over_time(({Components})[1d:5m])";

    /// <summary>The same for the last 24 hours, looked at each minute.</summary>
    public static readonly string ComponentsLastDay = $"avg_over_time(({Components})[1d:1m])";

    /// <summary>
    /// Single numbers: when Prometheus heard last of a service, requests a second, the time in seconds within which 95 % of them were answered,
    /// the part that was answered well in 30 days, and the part of the error budget that is left.
    /// </summary>
    public static readonly string Figures = Labelled(
        Figure,
        ("measured", "max(timestamp(up{job=~\"edge|api\"}))"),
        ("requests", "max(slo:requests:rate5m)"),
        ("p95", "max(slo:latency:p95_5m)"),
        ("availability", "max(slo:availability:ratio_30d)"),
        ("budget", "max(slo:error_budget_remaining:ratio)"));

    /// <summary>
    /// What the console draws, by service or by state. What is read from the shared database is the same at every replica, so it is not added up.
    /// </summary>
    public static readonly string Charts = Labelled(
        Chart,
        ("requests", "sum by (job) (service:http_requests:rate5m)"),
        ("errors", "max by (job) (service:http_errors:ratio_rate5m)"),
        ("p50", "max by (job) (service:http_request_duration_seconds:p50_5m)"),
        ("p95", "max by (job) (service:http_request_duration_seconds:p95_5m)"),
        ("p99", "max by (job) (service:http_request_duration_seconds:p99_5m)"),
        ("queue", "max by (state) (document_tasks{state=~\"queued|running\"})"),
        ("outbox", "max by (state) (outbox_messages)"),
        ("sessions", "sum(edge_sessions)"));

    private static string Labelled(string label, params (string Name, string Expression)[] parts) =>
        string.Join(" or ", parts.Select(part => $"label_replace({part.Expression}, \"{label}\", \"{part.Name}\", \"\", \"\")"));
}
