using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Platform.ServiceDefaults.Logging;

internal static class ConsoleLogs
{
    /// <summary>One line a message for people, or JSON for machines when <c>Logging:Console:FormatterName</c> is <c>json</c>.</summary>
    public static void AddConsoleLogs(this IHostApplicationBuilder builder)
    {
        var json = builder.Configuration["Logging:Console:FormatterName"] == ConsoleFormatterNames.Json;
        // Below every other source: appsettings.json, the environment and the command line all win.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Default"] = "Information",
                ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
                // Its scope would put the path into every line, and some paths are secret; the correlation id leads to the path of the others.
                ["Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics"] = "None",
                ["Logging:LogLevel:System.Net.Http.HttpClient"] = "Warning",
                ["Logging:LogLevel:Polly"] = "Warning",
                // Says at every probe what CachedHealthCheck says once.
                ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
                ["Logging:Console:FormatterName"] = ConsoleFormatterNames.Simple,
                ["Logging:Console:FormatterOptions:SingleLine"] = "true",
                ["Logging:Console:FormatterOptions:IncludeScopes"] = "true",
                ["Logging:Console:FormatterOptions:UseUtcTimestamp"] = "true",
                ["Logging:Console:FormatterOptions:TimestampFormat"] = json ? "yyyy-MM-ddTHH:mm:ss.fffZ" : "HH:mm:ss.fff ",
            },
        });
        // The trace id leads from a line to its trace; for a person at a terminal it is one id too many beside the correlation id.
        builder.Services.Configure<LoggerFactoryOptions>(options => options.ActivityTrackingOptions =
            json ? ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId : ActivityTrackingOptions.None);
    }
}
