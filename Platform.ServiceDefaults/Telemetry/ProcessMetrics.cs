using System.Diagnostics.Metrics;

namespace Platform.ServiceDefaults.Telemetry;

/// <summary>
/// The gauge <c>process_memory_limit_bytes</c>: what the container allows this process, or the machine has. The runtime measures what is
/// used, and not of how much.
/// </summary>
internal sealed class ProcessMetrics
{
    public ProcessMetrics(IMeterFactory meters) => meters.Create("Platform.ServiceDefaults").CreateObservableGauge(
        "process_memory_limit",
        () => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        unit: "By",
        description: "Memory that the process may use.");
}
