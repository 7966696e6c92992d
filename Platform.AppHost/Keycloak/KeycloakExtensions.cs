namespace Platform.AppHost.Keycloak;

internal static class KeycloakExtensions
{
    private const string Image = "keycloak/keycloak";
    private const string Tag = "26.6";
    private const string Database = "keycloak";
    private const string Setting = "Platform:Keycloak";

    // Its image has no curl. Bash speaks TCP, and the first line of the answer has the status as its second word.
    private const string Ready =
        """exec 3<>/dev/tcp/127.0.0.1/9000 && printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3 && read -r _ status _ <&3 && [ "$$status" = 200 ]""";

    /// <summary>
    /// A Keycloak with its data in the PostgreSQL server, shown by the edge below <c>/{name}</c>, where <c>Platform:Keycloak</c> is <c>true</c>.
    /// </summary>
    public static void WithKeycloakIfAsked(
        this IResourceBuilder<ProjectResource> edge, string name, IResourceBuilder<PostgresServerResource> server)
    {
        var builder = edge.ApplicationBuilder;
        if (builder.Configuration[Setting] is not { Length: > 0 } asked || asked.Equals("false", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        if (!asked.Equals("true", StringComparison.OrdinalIgnoreCase))
        {
            builder.Refuse($"{Setting}={asked} is neither true nor false.");
            return;
        }

        // The image runs this when the volume is empty; where Aspire runs the server, it creates the database itself.
        server.AddDatabase($"{name}-database", Database);
        if (builder.ExecutionContext.IsPublishMode)
        {
            server.WithConfigFiles("/docker-entrypoint-initdb.d", new ConfigFile("keycloak.sql", _ => Task.FromResult($"CREATE DATABASE {Database};\n")));
        }

        edge.WithApplication(builder.AddResource(new KeycloakResource(name))
            .WithImage(Image, Tag)
            .WithImageRegistry("quay.io")
            .WithHttpEndpoint(targetPort: 8080, name: KeycloakResource.HttpEndpointName)
            .WithHttpEndpoint(targetPort: 9000, name: KeycloakResource.ManagementEndpointName)
            .WithArgs("start")
            .WithEnvironment("KC_BOOTSTRAP_ADMIN_USERNAME", "admin")
            .WithEnvironment("KC_BOOTSTRAP_ADMIN_PASSWORD", builder.AddSecret(KnownParameters.KeycloakPassword))
            .WithEnvironment("KC_HOSTNAME", builder.AddChoice(KnownParameters.KeycloakUrl, $"http://localhost:8080/{name}"))
            .WithEnvironment("KC_HTTP_RELATIVE_PATH", $"/{name}")
            // Where it tells its health stays as it is.
            .WithEnvironment("KC_HTTP_MANAGEMENT_RELATIVE_PATH", "/")
            .WithEnvironment("KC_HTTP_ENABLED", "true")
            .WithEnvironment("KC_PROXY_HEADERS", "xforwarded")
            .WithEnvironment("KC_HEALTH_ENABLED", "true")
            .WithEnvironment("KC_DB", "postgres")
            .WithEnvironment("KC_DB_URL", $"jdbc:postgresql://{server.Resource.PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}/{Database}")
            .WithEnvironment("KC_DB_USERNAME", "postgres")
            .WithEnvironment("KC_DB_PASSWORD", $"{server.Resource.PasswordParameter}")
            .WithHttpHealthCheck("/health/ready", endpointName: KeycloakResource.ManagementEndpointName)
            .WaitFor(server)
            .PublishAs(new()
            {
                Healthcheck = ["CMD", "bash", "-c", Ready],
                StartPeriod = TimeSpan.FromMinutes(3),
                Memory = "1536M",
                Cpus = "1.0",
                // `start` without a prebuilt image builds among its programs.
                ReadOnly = false,
            }));
    }
}
