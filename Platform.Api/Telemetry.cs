namespace Platform.Api;

internal static class Telemetry
{
    /// <summary>Every instrument of the API's own is on this meter; ServiceDefaults exports the meters named <c>Platform.*</c>.</summary>
    public const string MeterName = "Platform.Api";
}
