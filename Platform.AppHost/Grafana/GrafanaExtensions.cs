namespace Platform.AppHost.Grafana;

/// <summary>Dashboards: Grafana.</summary>
internal static class GrafanaExtensions
{
    private static readonly MonitorProgram Program = new()
    {
        Image = "grafana/grafana",
        Tag = "13.1.3",
        Port = 3000,
        // Asked before the path that it is shown below is looked at.
        HealthPath = "/api/health",
        Memory = "512M",
    };

    /// <summary>
    /// A Grafana with the data sources and dashboards of <c>Grafana/</c>, which nobody can change in it. Who has signed in at the edge is
    /// signed in, in the same role. Null where there are no containers.
    /// </summary>
    public static IResourceBuilder<IMonitor>? AddGrafana(
        this IDistributedApplicationBuilder builder, string name, PlatformTopology topology, ReferenceExpression site)
    {
        if (builder.AddMonitor(name, topology, Program) is not { } grafana)
        {
            return null;
        }

        var files = grafana.WithFilesOf("Grafana", "provisioning/datasources/*.yaml", "provisioning/dashboards/*.yaml", "dashboards/*.json");
        grafana.WithDataFolder("/var/lib/grafana");
        return grafana
            .WithEnvironment("GF_SERVER_ROOT_URL", $"{site}/grafana/")
            .WithEnvironment("GF_SERVER_SERVE_FROM_SUB_PATH", "true")
            .WithEnvironment("GF_PATHS_PROVISIONING", $"{files}/provisioning")
            .WithEnvironment("GF_LOG_MODE", "console")
            .WithEnvironment("GF_LOG_LEVEL", "warn")
            .WithEnvironment("GF_SECURITY_ADMIN_PASSWORD", builder.AddSecret(KnownParameters.GrafanaPassword))
            .WithEnvironment("GF_AUTH_ANONYMOUS_ENABLED", "false")
            .WithEnvironment("GF_AUTH_DISABLE_LOGIN_FORM", "true")
            .WithEnvironment("GF_AUTH_PROXY_ENABLED", "true")
            .WithEnvironment("GF_AUTH_PROXY_HEADER_NAME", "X-WEBAUTH-USER")
            .WithEnvironment("GF_AUTH_PROXY_HEADERS", "Role:X-WEBAUTH-ROLE Email:X-WEBAUTH-EMAIL")
            .WithEnvironment("GF_USERS_ALLOW_SIGN_UP", "false")
            .WithEnvironment("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH", $"{files}/dashboards/overview.json")
            // It calls nobody.
            .WithEnvironment("GF_ANALYTICS_REPORTING_ENABLED", "false")
            .WithEnvironment("GF_ANALYTICS_CHECK_FOR_UPDATES", "false")
            .WithEnvironment("GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "false")
            .WithEnvironment("GF_NEWS_NEWS_FEED_ENABLED", "false")
            .WithEnvironment("GF_PLUGINS_PREINSTALL_DISABLED", "true");
    }

    /// <summary>Tells Grafana where a data source is, where it runs.</summary>
    /// <param name="grafana">The Grafana.</param>
    /// <param name="source">The name of the source, as <c>provisioning/datasources</c> has it.</param>
    /// <param name="server">The server.</param>
    public static IResourceBuilder<IMonitor>? Showing(this IResourceBuilder<IMonitor>? grafana, string source, IResourceBuilder<IMonitor>? server) =>
        grafana?.WithAddress($"{source}_ADDRESS", server);
}
