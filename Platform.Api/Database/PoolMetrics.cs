using System.Diagnostics.Metrics;

namespace Platform.Api.Database;

/// <summary>
/// The gauge <c>active_database_connections</c>: connections of the pool that are in use now, from Npgsql's own instrument, which reports
/// them by state under the name that the semantic conventions give.
/// </summary>
internal sealed class PoolMetrics : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Meter _meter;
    private long _used;

    public PoolMetrics(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "Npgsql", Name: "db.client.connection.count" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>(OnMeasured);
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, state) => OnMeasured(instrument, (int)value, tags, state));
        _listener.Start();
        _meter = meters.Create(Telemetry.MeterName);
        _meter.CreateObservableGauge("active_database_connections", ReadUsed, description: "Connections of the pool that are in use.");
    }

    private long ReadUsed()
    {
        Interlocked.Exchange(ref _used, 0);
        _listener.RecordObservableInstruments();
        return Interlocked.Read(ref _used);
    }

    private void OnMeasured(Instrument instrument, int value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        foreach (var tag in tags)
        {
            if (tag is { Key: "db.client.connection.state", Value: "used" })
            {
                Interlocked.Add(ref _used, value);
            }
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }
}
