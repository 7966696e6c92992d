using System.Globalization;

namespace Platform.AppHost.PgAdmin;

internal static class PgAdminExtensions
{
    private const string Image = "dpage/pgadmin4";
    private const string Tag = "9.15.0";
    private const int Port = 8080;

    /// <summary>A pgAdmin that knows the server, but no password of it: who opens the connection types it.</summary>
    public static IResourceBuilder<PgAdminResource> AddPgAdmin(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<PostgresServerResource> server)
    {
        var servers = $$"""
            { "Servers": { "1": { "Name": "Platform", "Group": "Servers", "Host": "{{server.Resource.Name}}", "Port": 5432,
            "MaintenanceDB": "postgres", "Username": "postgres", "SSLMode": "prefer" } } }
            """;
        return builder.AddResource(new PgAdminResource(name))
            .WithImage(Image, Tag)
            .WithImageRegistry("docker.io")
            .WithHttpEndpoint(targetPort: Port, name: PgAdminResource.HttpEndpointName)
            .WithEnvironment("PGADMIN_DEFAULT_EMAIL", builder.AddChoice(KnownParameters.PgAdminEmail, "admin@example.org"))
            .WithEnvironment("PGADMIN_DEFAULT_PASSWORD", builder.AddSecret(KnownParameters.PgAdminPassword))
            .WithEnvironment("PGADMIN_CONFIG_SERVER_MODE", "True")
            .WithEnvironment("PGADMIN_CONFIG_MASTER_PASSWORD_REQUIRED", "False")
            .WithEnvironment("PGADMIN_CONFIG_UPGRADE_CHECK_ENABLED", "False")
            .WithEnvironment("PGADMIN_DISABLE_POSTFIX", "1")
            .WithEnvironment("PGADMIN_LISTEN_PORT", Port.ToString(CultureInfo.InvariantCulture))
            .WithEnvironment("SCRIPT_NAME", PgAdminResource.BasePath)
            .WithVolume("platform-pgadmin", "/var/lib/pgadmin")
            // Its image reads servers from a file only. Told by a variable, the Compose file needs no inline file, which old Composes refuse.
            .WithEnvironment("SERVERS", servers)
            .WithEnvironment("PGADMIN_SERVER_JSON_FILE", "/tmp/servers.json")
            .WithEntrypoint("/bin/sh")
            .WithArgs("-c", """printf '%s' "$SERVERS" > "$PGADMIN_SERVER_JSON_FILE" && exec /entrypoint.sh""")
            .WithHttpHealthCheck($"{PgAdminResource.BasePath}/misc/ping", endpointName: PgAdminResource.HttpEndpointName)
            .WaitFor(server)
            .PublishAs(new()
            {
                Healthcheck = ["CMD", "wget", "--quiet", "--output-document=-", $"http://127.0.0.1:{Port}{PgAdminResource.BasePath}/misc/ping"],
                StartPeriod = TimeSpan.FromMinutes(1),
                Memory = "512M",
                Cpus = "0.5",
                // Its Python carries this capability, and cannot be started where that is not to be had.
                Capabilities = ["NET_BIND_SERVICE"],
                // Its start script writes a configuration file among its programs.
                ReadOnly = false,
            });
    }
}
