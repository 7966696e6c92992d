using System.Diagnostics.Metrics;

namespace Platform.Api.Notifications;

/// <summary>The gauge <c>outbox_messages{state}</c>: <c>waiting</c> to be sent, and <c>failed</c> for good.</summary>
internal sealed class OutboxMetrics : IDisposable
{
    private readonly Meter _meter;
    private (long Waiting, long Failed)? _lastSeen;

    public OutboxMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(Telemetry.MeterName);
        _meter.CreateObservableGauge("outbox_messages", Measure, description: "Messages that were not sent.");
    }

    /// <summary>Tells the gauge what is in the table; null when that is not known.</summary>
    public void Observe((long Waiting, long Failed)? counts) => _lastSeen = counts;

    private IEnumerable<Measurement<long>> Measure() => _lastSeen is { } counts
        ? [Of("waiting", counts.Waiting), Of("failed", counts.Failed)]
        : [];

    private static Measurement<long> Of(string state, long count) => new(count, new KeyValuePair<string, object?>("state", state));

    public void Dispose() => _meter.Dispose();
}
