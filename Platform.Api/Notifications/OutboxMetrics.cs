using System.Diagnostics.Metrics;

namespace Platform.Api.Notifications;

/// <summary>
/// The gauges <c>outbox_messages{state}</c> (<c>waiting</c> to be sent, and <c>failed</c> for good) and <c>outbox_oldest_age_seconds</c>, and
/// the counter <c>outbox_deliveries_total{outcome}</c>, of messages.
/// </summary>
internal sealed class OutboxMetrics : IDisposable
{
    public const string Sent = "sent";

    /// <summary>Not sent; it is tried again.</summary>
    public const string Retried = "retried";

    /// <summary>Not sent, and given up.</summary>
    public const string Failed = "failed";

    private readonly Meter _meter;
    private readonly Counter<long> _deliveries;
    private OutboxState? _lastSeen;

    public OutboxMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(Telemetry.MeterName);
        _meter.CreateObservableGauge("outbox_messages", MeasureMessages, description: "Messages that were not sent.");
        _meter.CreateObservableGauge(
            "outbox_oldest_age", MeasureOldestAge, unit: "s", description: "Age of the oldest message that waits to be sent.");
        // The exporter for Prometheus appends _total.
        _deliveries = _meter.CreateCounter<long>("outbox_deliveries", description: "Attempts to send a message, by what came of them.");
        foreach (var outcome in (string[])[Sent, Retried, Failed])
        {
            Delivered(outcome, 0);
        }
    }

    /// <summary>Counts attempts to send a message.</summary>
    public void Delivered(string outcome, int messages) => _deliveries.Add(messages, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Tells the gauges what is in the table; null when that is not known.</summary>
    public void Observe(OutboxState? state) => _lastSeen = state;

    private IEnumerable<Measurement<long>> MeasureMessages() => _lastSeen is { } state
        ? [Of("waiting", state.Waiting), Of("failed", state.Failed)]
        : [];

    private IEnumerable<Measurement<double>> MeasureOldestAge() => _lastSeen is { } state ? [new(state.OldestAge)] : [];

    private static Measurement<long> Of(string state, long count) => new(count, new KeyValuePair<string, object?>("state", state));

    public void Dispose() => _meter.Dispose();
}
