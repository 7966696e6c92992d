using System.Diagnostics.Metrics;

namespace Platform.Api.Backups;

/// <summary>
/// What alerts are made of: <c>backup_runs_total{outcome}</c> of this process, and gauges of what is in the table, read now and then.
/// </summary>
internal sealed class BackupMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _runs;
    private BackupHistory? _history;
    private DateTime? _dueAt;

    public BackupMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(Telemetry.MeterName);
        _runs = _meter.CreateCounter<long>("backup_runs", description: "Backups, by what came of them.");
        _runs.Add(0, Outcome(true));
        _runs.Add(0, Outcome(false));
        Gauge("backup_last_success_timestamp", "s", "When the last backup was begun that is there.", () => Seconds(_history?.LastSuccess?.StartedAt));
        Gauge("backup_due_timestamp", "s", "When the next backup is due, or was.", () => _history is null ? null : Seconds(_dueAt));
        Gauge("backup_last_size", "By", "Size of the last backup.", () => _history?.LastSuccess?.Size);
        Gauge(
            "backup_last_duration", "s", "Time that the last backup took.",
            () => _history?.LastSuccess is { FinishedAt: { } finishedAt } last ? (finishedAt - last.StartedAt).TotalSeconds : null);
        Gauge("backup_archives", unit: null, "Backups that there are.", () => _history?.Records.Count(record => record.State == "completed"));
        Gauge("backup_running", unit: null, "1 while a backup is made.", () => _history is null ? null : _history.Running is null ? 0 : 1);
        Gauge("backup_last_failed", unit: null, "1 when the last backup failed.", () => _history is null ? null : _history.HasLastFailed ? 1 : 0);
        Gauge("backup_damaged", unit: null, "Backups that were found to be damaged.", () => _history?.Records.Count(record => record.IsDamaged));
    }

    /// <summary>Counts a backup that has come to its end.</summary>
    public void Ran(bool isSuccess) => _runs.Add(1, Outcome(isSuccess));

    /// <summary>Tells the gauges what is in the table; null when that is not known.</summary>
    public void Observe(BackupHistory? history, DateTime? dueAt) => (_history, _dueAt) = (history, dueAt);

    public void Dispose() => _meter.Dispose();

    private void Gauge(string name, string? unit, string description, Func<double?> read) => _meter.CreateObservableGauge<double>(
        name, () => read() is { } value ? [new Measurement<double>(value)] : [], unit, description);

    private static double? Seconds(DateTime? time) => time is { } known ? (known - DateTime.UnixEpoch).TotalSeconds : null;

    private static KeyValuePair<string, object?> Outcome(bool isSuccess) => new("outcome", isSuccess ? "success" : "failed");
}
