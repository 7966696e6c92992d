using System.Diagnostics;
using System.Diagnostics.Metrics;
using Npgsql;
using Platform.Api.Database;

namespace Platform.Api.Documents.Processing;

/// <summary>
/// <c>document_processing_duration_seconds{stage,outcome}</c>, measured where the work is done; <c>document_tasks{state}</c> and
/// <c>document_task_oldest_age_seconds</c>, read from the queue now and then.
/// </summary>
internal sealed class ProcessingMetrics : BackgroundService
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(5);

    private readonly TaskQueue _queue;
    private readonly Migrator _migrator;
    private readonly TimeProvider _time;
    private readonly Meter _meter;
    private readonly Histogram<double> _durations;
    private IReadOnlyDictionary<string, long>? _tasks;
    private double? _oldestAge;

    public ProcessingMetrics(TaskQueue queue, Migrator migrator, TimeProvider time, IMeterFactory meters)
    {
        _queue = queue;
        _migrator = migrator;
        _time = time;
        _meter = meters.Create(Telemetry.MeterName);
        _durations = _meter.CreateHistogram<double>(
            "document_processing_duration",
            unit: "s",
            description: "Time that a stage of the processing of a document took.",
            advice: new() { HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] });
        _meter.CreateObservableGauge("document_tasks", MeasureTasks, description: "Tasks of the document queue.");
        _meter.CreateObservableGauge(
            "document_task_oldest_age", MeasureOldestAge, unit: "s", description: "Age of the oldest task that is not done; rebuilds do not count.");
    }

    /// <summary>Runs a stage in a span of its own, and measures it.</summary>
    public async Task<T> MeasureAsync<T>(string stage, Func<Task<T>> work)
    {
        using var span = Telemetry.Source.StartActivity($"document.{stage}");
        var start = Stopwatch.GetTimestamp();
        var outcome = "error";
        try
        {
            var result = await work();
            outcome = "success";
            return result;
        }
        catch (Exception failure)
        {
            span?.SetStatus(ActivityStatusCode.Error, failure.Message);
            throw;
        }
        finally
        {
            _durations.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, new("stage", stage), new("outcome", outcome));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _migrator.Completion.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(Refresh, _time);
        do
        {
            try
            {
                _tasks = await _queue.CountAsync(stoppingToken);
                _oldestAge = await _queue.OldestAgeAsync(stoppingToken);
            }
            catch (Exception away) when (away is NpgsqlException or TimeoutException)
            {
                // No number is better than an old one.
                _tasks = null;
                _oldestAge = null;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private IEnumerable<Measurement<long>> MeasureTasks() =>
        _tasks?.Select(state => new Measurement<long>(state.Value, new KeyValuePair<string, object?>("state", state.Key))) ?? [];

    private IEnumerable<Measurement<double>> MeasureOldestAge() => _oldestAge is { } age ? [new(age)] : [];

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }
}
