using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Platform.Edge.Routing;

/// <summary>
/// The counter <c>edge_upstream_errors_total{cluster,error}</c> of requests that a server behind the edge did not answer, with YARP's names
/// of errors, and the gauge <c>edge_upstream_healthy{cluster,destination}</c> (1 or 0) of the servers whose health is known.
/// </summary>
internal sealed class ProxyMetrics : IClusterChangeListener
{
    /// <summary>The server's doing or the network's. All others are the client's, who has left or sent a bad body.</summary>
    private static readonly HashSet<ForwarderError> Counted =
    [
        ForwarderError.NoAvailableDestinations,
        ForwarderError.Request,
        ForwarderError.RequestCreation,
        ForwarderError.RequestTimedOut,
        ForwarderError.RequestBodyDestination,
        ForwarderError.ResponseHeaders,
        ForwarderError.ResponseBodyDestination,
        ForwarderError.UpgradeRequestDestination,
        ForwarderError.UpgradeResponseDestination,
    ];

    private readonly ConcurrentDictionary<string, ClusterState> _clusters = new();
    private readonly Counter<long> _errors;

    public ProxyMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Telemetry.MeterName);
        _errors = meter.CreateCounter<long>(
            "edge_upstream_errors_total", description: "Requests that a server behind the edge did not answer, or not to the end.");
        meter.CreateObservableGauge("edge_upstream_healthy", Measure, description: "Whether a server behind the edge seems well.");
    }

    public void OnClusterAdded(ClusterState cluster)
    {
        foreach (var error in Counted)
        {
            Add(0, cluster.ClusterId, error);
        }

        _clusters[cluster.ClusterId] = cluster;
    }

    public void OnClusterChanged(ClusterState cluster) => _clusters[cluster.ClusterId] = cluster;

    public void OnClusterRemoved(ClusterState cluster) => _clusters.TryRemove(cluster.ClusterId, out _);

    /// <summary>Counts the error, if it is not the client's.</summary>
    public void Failed(string cluster, ForwarderError error)
    {
        if (Counted.Contains(error))
        {
            Add(1, cluster, error);
        }
    }

    private void Add(long count, string cluster, ForwarderError error) =>
        _errors.Add(count, new("cluster", cluster), new("error", error.ToString()));

    private IEnumerable<Measurement<int>> Measure() =>
        from cluster in _clusters.Values
        from server in cluster.Destinations.Values
        let health = new[] { server.Health.Active, server.Health.Passive }
        where health.Any(state => state != DestinationHealth.Unknown)
        select new Measurement<int>(
            health.Contains(DestinationHealth.Unhealthy) ? 0 : 1, new("cluster", cluster.ClusterId), new("destination", server.DestinationId));
}
