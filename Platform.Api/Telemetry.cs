using System.Diagnostics;

namespace Platform.Api;

/// <summary>
/// The names under which the API's own spans and metrics go out; ServiceDefaults exports all that begin with <c>Platform.</c>
/// </summary>
internal static class Telemetry
{
    public const string MeterName = "Platform.Api";

    public static ActivitySource Source { get; } = new("Platform.Api");
}
