using System.Diagnostics;
using System.Diagnostics.Metrics;
using Platform.Api.Documents;
using Platform.Api.Storage;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api;

/// <summary>
/// Calls of one server behind the API: a span for each in the trace of whoever calls, and the histogram <c>{name}_operation_duration_seconds{operation,outcome}</c>. An
/// outcome is <c>success</c>, <c>unavailable</c> (the server is away), <c>not_found</c>, <c>cancelled</c> (whoever asked has left, or its
/// upload broke off) or <c>error</c>.
/// </summary>
internal sealed class DependencyMetrics
{
    private readonly string _name;
    private readonly Histogram<double> _durations;

    /// <param name="meters">Where the histogram is made.</param>
    /// <param name="name">As in <c>object_store</c>.</param>
    /// <param name="description">Of the histogram.</param>
    public DependencyMetrics(IMeterFactory meters, string name, string description)
    {
        _name = name;
        _durations = meters.Create(Telemetry.MeterName).CreateHistogram<double>(
            $"{name}_operation_duration",
            unit: "s",
            description: description,
            advice: new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });
    }

    /// <summary>Makes the call, in a span and measured.</summary>
    public async Task<T> MeasureAsync<T>(string operation, Func<Task<T>> call)
    {
        // What nobody asked for, such as a health check, is in no trace.
        using var span = Activity.Current is null ? null : Telemetry.Source.StartActivity($"{_name}.{operation}", ActivityKind.Client);
        var start = Stopwatch.GetTimestamp();
        var outcome = "success";
        try
        {
            return await call();
        }
        catch (Exception failure)
        {
            outcome = failure switch
            {
                ServiceUnavailableException => "unavailable",
                ObjectNotFoundException => "not_found",
                OperationCanceledException or BadHttpRequestException or UploadRefusedException => "cancelled",
                _ => "error",
            };
            span?.SetStatus(ActivityStatusCode.Error, failure.Message);
            throw;
        }
        finally
        {
            _durations.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, new("operation", operation), new("outcome", outcome));
        }
    }

    /// <inheritdoc cref="MeasureAsync{T}"/>
    public Task MeasureAsync(string operation, Func<Task> call) => MeasureAsync(operation, async () =>
    {
        await call();
        return true;
    });
}
