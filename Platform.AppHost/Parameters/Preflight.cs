using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Platform.AppHost.Parameters;

/// <summary>What is looked at before anything is started or written: each mistake is one line that says what to do.</summary>
internal static class Preflight
{
    // Set for Aspire's own configuration while the dashboard is on.
    private const string DashboardIsOn = "AppHost:ResourceService:AuthMode";

    /// <summary>Looks at what every run needs: Aspire's programs, the ports of its dashboard, and the data folder.</summary>
    public static IDistributedApplicationBuilder CheckBeforeStart(this IDistributedApplicationBuilder builder)
    {
        // Subscribed first: what fetches programs and makes folders comes after it, wherever in the graph the mistake is.
        builder.Eventing.Subscribe<BeforeStartEvent>((starting, _) =>
            starting.Services.GetServices<StartCheck>().Select(check => check.Reason()).FirstOrDefault(reason => reason is not null) is { } refusal
                ? throw new DistributedApplicationException(refusal)
                : Task.CompletedTask);
        builder.RefuseUnknownParameters();
        if (builder.ExecutionContext.IsRunMode)
        {
            builder.CheckProgram("Aspire's orchestrator DCP", "DcpPublisher:CliPath", "ASPIRE_DCP_PATH", "DcpCliPath");
            if (builder.Configuration[DashboardIsOn] is not null)
            {
                builder.CheckProgram("Aspire's dashboard", "DcpPublisher:DashboardPath", "ASPIRE_DASHBOARD_PATH", "aspiredashboardpath");
                builder.CheckDashboardPorts();
            }

            builder.CheckDataDirectory();
        }

        return builder;
    }

    /// <summary>Has something looked at before the start.</summary>
    /// <param name="builder">The graph.</param>
    /// <param name="reason">What keeps Platform from starting, and what to do, in one line; null when nothing does.</param>
    public static void Check(this IDistributedApplicationBuilder builder, Func<string?> reason) =>
        builder.Services.AddSingleton(new StartCheck(reason));

    /// <summary>A program of Aspire's packages, which the build has written the path of into this assembly.</summary>
    private static void CheckProgram(this IDistributedApplicationBuilder builder, string what, string key, string bundleKey, string metadata)
    {
        var path = builder.Configuration[key];
        if (string.IsNullOrEmpty(path) && string.IsNullOrEmpty(builder.Configuration[bundleKey]))
        {
            path = typeof(Preflight).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                .FirstOrDefault(attribute => attribute.Key.Equals(metadata, StringComparison.OrdinalIgnoreCase))?.Value;
        }

        if (!string.IsNullOrEmpty(path) && !File.Exists(path) && !File.Exists(path + ".dll"))
        {
            builder.Refuse($"{what} is not at {path}: `dotnet build Platform.AppHost` fetches it, or name another one with `-- --{key}=...`.");
        }
    }

    private static void CheckDataDirectory(this IDistributedApplicationBuilder builder)
    {
        var folder = builder.DataDirectory();
        builder.Check(() =>
        {
            try
            {
                Directory.CreateDirectory(folder);
                using var probe = new FileStream(
                    Path.Combine(folder, $".probe-{Environment.ProcessId}"),
                    FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
                return null;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return $"The data folder {folder} cannot be written ({exception.Message}): mend that, or "
                    + "name another one with `-- --Platform:DataDirectory=...`.";
            }
        });
    }
}

/// <summary>Something that is looked at before the start.</summary>
internal sealed record StartCheck(Func<string?> Reason);
