namespace Platform.Edge;

/// <summary>The name under which the edge's own metrics go out; ServiceDefaults exports all that begin with <c>Platform.</c></summary>
internal static class Telemetry
{
    public const string MeterName = "Platform.Edge";
}
