using System.Reflection;

namespace Platform.AppHost.Parameters;

/// <summary>What is looked at before anything is started or written: each mistake is one line that says what to do.</summary>
internal static class Preflight
{
    // Set for Aspire's own configuration while the dashboard is on.
    private const string DashboardIsOn = "AppHost:ResourceService:AuthMode";

    /// <summary>Looks at what every run needs: Aspire's programs, the ports of its dashboard, and the data folder.</summary>
    public static IDistributedApplicationBuilder CheckBeforeStart(this IDistributedApplicationBuilder builder)
    {
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
        builder.Eventing.Subscribe<BeforeStartEvent>((_, _) =>
        {
            try
            {
                Directory.CreateDirectory(folder);
                using var probe = new FileStream(
                    Path.Combine(folder, $".probe-{Environment.ProcessId}"),
                    FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
                return Task.CompletedTask;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new DistributedApplicationException(
                    $"The data folder {folder} cannot be written ({exception.Message}): mend that, or "
                    + "name another one with `-- --Platform:DataDirectory=...`.",
                    exception);
            }
        });
    }
}
